from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from moodline_training import data, export
from moodline_training.data import DataError

try:
    from PIL import Image
except ImportError:  # Only folders and lists of pictures need it.
    Image = None


def faces(images: torch.Tensor) -> data.Faces:
    n = len(images)
    return data.Faces(images, torch.ones(n, 2) / 2, torch.zeros(n).long(), ("a", "b"))


class VotesTest(unittest.TestCase):
    def votes(self, *counts: int) -> tuple[list[float], int]:
        shares, majority = data.votes_of(np.array([counts], dtype=np.uint8))
        return shares[0].tolist(), majority.item()

    def test_counts_single_votes_as_none(self) -> None:
        shares, majority = self.votes(6, 3, 1, 0, 0, 0, 0, 0, 0, 0)
        self.assertEqual(shares, [np.float32(2 / 3), np.float32(1 / 3), 0, 0, 0, 0, 0, 0])
        self.assertEqual(majority, 0)

    def test_has_no_majority_at_half_of_the_votes(self) -> None:
        self.assertEqual(self.votes(5, 5, 0, 0, 0, 0, 0, 0, 0, 0)[1], -1)
        self.assertEqual(self.votes(5, 3, 2, 0, 0, 0, 0, 0, 0, 0)[1], -1)

    def test_has_no_shares_where_most_named_no_emotion(self) -> None:
        shares, majority = self.votes(4, 0, 0, 0, 0, 0, 0, 0, 6, 0)
        self.assertEqual((sum(shares), majority), (0, -1))


class FacesTest(unittest.TestCase):
    def test_leaves_out_what_validation_has_too(self) -> None:
        images = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1)
        left = faces(images).without(faces(images[1:3]))
        self.assertEqual(left.images.flatten().tolist(), [0, 3, 4])

    def test_splits_copies_of_a_picture_to_one_side(self) -> None:
        images = torch.randint(0, 256, (200, 1, 4, 4), dtype=torch.uint8)
        train, held = faces(torch.cat((images, images))).split()
        self.assertEqual(len(train) + len(held), 400)
        self.assertGreater(len(held), 0)
        self.assertEqual(len(train.without(held)), len(train))


class NpzTest(unittest.TestCase):
    def test_reads_votes_and_drops_marked_duplicates(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "val.npz"
            votes = np.zeros((3, 10), dtype=np.uint8)
            votes[:, 1] = 10
            np.savez(
                file,
                images=np.arange(3 * 48 * 48, dtype=np.uint8).reshape(3, 48, 48),
                ferplus_votes=votes,
                dup_of_train=np.array([False, True, False]),
            )
            read = data.load([file], 24, 1, "validation")
            self.assertEqual(read.images.shape, (2, 1, 24, 24))
            self.assertEqual(read.majority.tolist(), [1, 1])
            self.assertEqual(read.labels[1], "happiness")


    def test_says_what_is_wrong_with_a_file(self) -> None:
        images, votes = np.zeros((3, 8, 8), np.uint8), np.zeros((3, 10), np.uint8)
        wrong = {
            "ferplus_votes": {"images": images},
            "uint8": {"images": images / 255, "ferplus_votes": votes},
            r"\[3, 10\]": {"images": images, "ferplus_votes": votes[:2]},
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "some.npz"
            for named, arrays in wrong.items():
                np.savez(file, **arrays)
                with self.assertRaisesRegex(DataError, named):
                    data.load([file], 8, 1, "train")
            file.write_text("no archive")
            with self.assertRaisesRegex(DataError, "some.npz is no .npz"):
                data.load([file], 8, 1, "train")
            np.savez(file, images=images, ferplus_votes=votes)
            with self.assertRaisesRegex(DataError, "not for"):
                data.load([file], 8, 1, "train", "raf-db")

    def test_turns_colours_grey_for_a_network_of_grey(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "some.npz"
            images = np.full((1, 8, 8, 3), (255, 0, 0), np.uint8)
            np.savez(file, images=images, ferplus_votes=np.full((1, 10), 3, np.uint8))
            self.assertEqual(data.load([file], 8, 1, "train").images.unique().tolist(), [76])


@unittest.skipIf(Image is None, "Pillow is not installed")
class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def picture(self, name: str, level: int = 100, size: tuple[int, int] = (20, 10)) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (level, level, level)).save(file)
        return file

    def load(self, path: Path, part: str = "train", labels: str | None = None) -> data.Faces:
        return data.load([path], 8, 3, part, labels)

    def test_reads_class_folders_by_word(self) -> None:
        self.picture("train/Happy/a.png", 10)
        self.picture("train/neutral/b.png", 20)
        self.picture("test/neutral/c.png", 30)
        read = self.load(self.root)
        self.assertEqual(read.labels, ("happiness", "neutral"))
        self.assertEqual(read.majority.tolist(), [0, 1])
        self.assertEqual(read.images[:, 0, 0, 0].tolist(), [10, 20])
        self.assertEqual(self.load(self.root, "validation").images[0, 2, 7, 7], 30)

    def test_reads_numbered_folders_as_the_data_set_counts(self) -> None:
        for number in range(1, 8):
            self.picture(f"{number}/a.png")
        self.assertEqual(self.load(self.root).labels[3], "happiness")
        self.picture("0/a.png")
        self.assertEqual(self.load(self.root).labels[7], "contempt")

    def test_reads_raf_dbs_own_layout(self) -> None:
        self.picture("Image/aligned/train_1_aligned.jpg")
        self.picture("Image/aligned/test_1_aligned.jpg")
        labels = self.root / "EmoLabel/list_patition_label.txt"
        labels.parent.mkdir()
        labels.write_text("train_1.jpg 4\ntest_1.jpg 7\n")
        self.assertEqual(self.load(self.root, labels="raf-db").majority.tolist(), [3])
        self.assertEqual(self.load(self.root, "validation", "raf-db").majority.tolist(), [6])

    def test_reads_lists_and_names_a_line_that_is_none(self) -> None:
        self.picture("a.png")
        lines = self.root / "list.txt"
        lines.write_text("a.png\tangry\na.png\tsad\n")
        self.assertEqual(self.load(lines).labels, ("anger", "sadness"))
        lines.write_text("a.png\tangry\na.png sad\n")
        with self.assertRaisesRegex(DataError, "list.txt:2 is not path<TAB>label"):
            self.load(lines)

    def test_reads_the_landmarks_beside_pictures_of_every_layout(self) -> None:
        five = "20 10\n0 0\n10 5\n0 10\n20 0\n"
        self.picture("Image/aligned/train_1_aligned.jpg")
        (self.root / "Image/aligned/train_1_aligned_landmarks.txt").write_text(five)
        (self.root / "EmoLabel").mkdir()
        (self.root / "EmoLabel/list_patition_label.txt").write_text("train_1.jpg 4\n")
        lines = self.root / "list.txt"
        lines.write_text("Image/aligned/train_1_aligned.jpg\thappy\n")
        for layout in (self.root, lines):
            points = self.load(layout, labels="raf-db").landmarks
            self.assertEqual(points[0, :2].tolist(), [[8, 8], [0, 0]])

    def test_scales_landmarks_with_the_picture(self) -> None:
        self.picture("a.png")
        table = self.root / "faces.csv"
        table.write_text("path,expression,facial_landmarks\na.png,happy,20;10;0;0;10;5;0;10;20;0\n")
        read = data.load([table], 8, 3, "train", "ferplus")
        self.assertEqual(read.landmarks[0].tolist(), [[8, 8], [0, 0], [4, 4], [0, 8], [8, 0]])

    def test_tells_pictures_without_landmarks_from_those_that_have_some(self) -> None:
        self.picture("happy/a.png")
        self.picture("happy/b.png")
        self.assertIsNone(self.load(self.root, labels="ferplus").landmarks)
        self.assertEqual(len(self.load(self.root, labels="ferplus").marked()), 0)
        (self.root / "happy/b_landmarks.txt").write_text("20 10\n0 0\n10 5\n0 10\n20 0\n")
        read = self.load(self.root, labels="ferplus")
        self.assertTrue(read.landmarks[0].isnan().all())
        points = [[8, 8], [0, 0], [4, 4], [0, 8], [8, 0]]
        self.assertEqual(read.marked().landmarks.tolist(), [points])
        (self.root / "happy/a_landmarks.txt").write_text("1 2\n" * 68)
        with self.assertRaisesRegex(DataError, "others 68"):
            self.load(self.root, labels="ferplus")

    def test_reads_back_what_is_written_as_files(self) -> None:
        images = torch.arange(3 * 64, dtype=torch.uint8).view(3, 1, 8, 8)
        some = data.Faces(
            images, torch.eye(2)[[0, 1, 0]], torch.tensor([0, 1, -1]), ("anger", "fear")
        )
        self.assertEqual(export.write(some, self.root / "clean", degraded=False), 2)
        read = data.load([self.root / "clean"], 8, 1, "train")
        self.assertTrue(torch.equal(read.images, images[:2]))
        self.assertEqual((read.labels, read.majority.tolist()), (some.labels, [0, 1]))
        export.write(some, self.root / "all", degraded=True)
        self.assertTrue((self.root / "all/dark-0.3/fear/00001.png").exists())
        with self.assertRaisesRegex(DataError, "is not empty"):
            export.write(some, self.root / "all", degraded=True)

    def test_names_a_word_that_is_no_label(self) -> None:
        self.picture("bored/a.png")
        with self.assertRaisesRegex(DataError, "bored is no label"):
            self.load(self.root)

    def test_names_a_picture_that_cannot_be_read(self) -> None:
        self.picture("happy/a.png").write_bytes(b"no picture")
        with self.assertRaisesRegex(DataError, "a.png cannot be read"):
            self.load(self.root)
