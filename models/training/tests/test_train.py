from __future__ import annotations

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from moodline_training import __main__ as command
from moodline_training import blindness, checkpoint, metrics, objectives
from moodline_training.blindness import Blindness
from moodline_training.data import DataError, Faces
from moodline_training.device import choose
from moodline_training.learner import Learner, Rate
from moodline_training.networks import ARCHITECTURES
from moodline_training.recipes import RECIPES
from moodline_training.sam import Sam
from moodline_training.train import Teaching, Training

from . import recipe

QUICK = replace(
    RECIPES["lite"],
    epochs=2,
    batch_size=16,
    lr=0.02,
    schedule="exponential",
    decay=0.9,
    average=0.5,
)


def two_kinds(n: int = 48) -> Faces:
    """Pictures that are bright above or below: nothing is easier to tell apart."""
    majority = torch.arange(n) % 2
    images = recipe.levels("two kinds", (n, 1, 48, 48)) / 4
    images[majority == 0, :, :24] += 150
    images[majority == 1, :, 24:] += 150
    targets = torch.nn.functional.one_hot(majority, 2).float()
    return Faces(images.byte(), targets, majority, ("up", "down"))


class Meter:
    """As published checkpoints hold; reading one writes a file, which nobody may do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __setstate__(self, state: dict) -> None:
        (state["folder"] / "ran").touch()


class TrainTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        quiet = redirect_stdout(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def training(self, name: str = "run", recipe=QUICK, teaching=Teaching()) -> Training:
        torch.manual_seed(1)
        network = ARCHITECTURES["lite"].build(2)
        goal = objectives.objective(ARCHITECTURES["lite"], lambda x: x.float(), recipe.mixup)
        device = choose("cpu", "float32")
        learner = Learner(network, goal, recipe, device)
        facts = {"network": "lite", "labels": ["up", "down"], "seed": 1, "recipe": asdict(recipe)}
        faces, out = two_kinds(), self.root / name
        return Training(learner, goal, recipe, device, faces, faces, out, facts, teaching)

    def log(self, name: str = "run") -> list[dict]:
        lines = (self.root / name / "log.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def best(self, name: str = "run") -> dict:
        return checkpoint.read(self.root / name / "best.pth")

    def test_learns_to_tell_two_kinds_apart(self) -> None:
        self.training(recipe=replace(QUICK, epochs=12, batch_size=8)).run()
        self.assertEqual(self.best()["metrics"]["accuracy"], 1)
        self.assertLess(self.log()[-1]["loss"], self.log()[0]["loss"])

    def test_goes_on_after_an_interruption_as_if_there_was_none(self) -> None:
        self.training("whole").run()
        self.training("parts", replace(QUICK, epochs=1)).run()
        again = self.training("parts")
        again.resume()
        again.run()
        whole, parts = (
            checkpoint.read(self.root / name / "last.pth")["learner"]["network"]
            for name in ("whole", "parts")
        )
        for name, value in whole.items():
            self.assertTrue(torch.equal(value, parts[name]), name)

    def test_stops_when_validation_gets_no_better(self) -> None:
        self.training(recipe=replace(QUICK, epochs=50, lr=0, patience=2)).run()
        self.assertEqual(len(self.log()), 3)

    def test_gives_up_where_nothing_is_learnt(self) -> None:
        blind = Blindness(two_kinds(), 2)
        always_up = {"accuracy": 0.5, "balanced_accuracy": 0.5, "recall": {"up": 1, "down": 0}}
        blind.validated(always_up)
        self.assertFalse(blind.gives_up(1000))
        blind.validated(always_up)
        self.assertFalse(blind.gives_up(499))
        with self.assertRaisesRegex(DataError, "for 2 epochs no labels were told apart .* 0.5000"):
            blind.check(500)
        blind.validated({**always_up, "accuracy": 0.51})
        blind.check(10**6)
        never = Blindness(two_kinds(), 0)
        for _ in range(99):
            never.validated(always_up)
        never.check(10**6)

    def test_keeps_what_there_is_when_it_gives_up(self) -> None:
        run = self.training(recipe=replace(QUICK, epochs=9, lr=0, average=0, blind_epochs=2))
        with patch.object(blindness, "_FEWEST_STEPS", 7):  # Three steps an epoch.
            with self.assertRaisesRegex(DataError, "nothing is learnt: for 3 epochs"):
                run.run()
        self.assertEqual(checkpoint.read(self.root / "run" / "last.pth")["blind"], 3)

    def test_stops_when_the_loss_is_no_number(self) -> None:
        with self.assertRaisesRegex(DataError, "lower --lr"):
            self.training(recipe=replace(QUICK, lr=1e30)).run()

    def test_forgets_what_was_logged_after_the_last_checkpoint(self) -> None:
        self.training(recipe=replace(QUICK, epochs=1)).run()
        log = self.root / "run" / "log.jsonl"
        first = log.read_text()
        log.write_text(first + first + '{"epoch": 3, "sec')
        again = self.training()
        again.resume()
        again.run()
        self.assertEqual([line["epoch"] for line in self.log()], [1, 2])

    def test_resumes_only_what_is_the_same_run(self) -> None:
        self.training(recipe=replace(QUICK, epochs=1)).run()
        with self.assertRaisesRegex(DataError, "has another recipe"):
            self.training(recipe=replace(QUICK, optimizer="adam")).resume()
        state = checkpoint.read(self.root / "run" / "last.pth")
        checkpoint.write(self.root / "run" / "last.pth", {**state, "labels": ["down", "up"]})
        with self.assertRaisesRegex(DataError, "has labels"):
            self.training().resume()

    def test_ends_when_its_minutes_are_over(self) -> None:
        self.training(recipe=replace(QUICK, epochs=50, minutes=1e-6)).run()
        self.assertFalse((self.root / "run" / "log.jsonl").exists())

    def test_breaks_an_epoch_off_when_its_minutes_are_over(self) -> None:
        # Far more steps than the time is for: a whole epoch would take minutes.
        many = replace(QUICK, minutes=0.05, epoch_pictures=600_000)
        self.training(recipe=many).run()
        self.assertEqual([line["epoch"] for line in self.log()], [1])

    def test_learns_from_a_teacher_and_teaches(self) -> None:
        taught = self.root / "teacher.npz"
        checkpoint.write_scores(taught, torch.full((48, 2), 0.5))
        recipe = replace(QUICK, teacher_share=1.0, epochs=4)
        own = self.root / "own.npz"
        self.training(recipe=recipe, teaching=Teaching(taught, own)).run()
        # A teacher that never knows leaves less to learn than the votes.
        self.assertGreater(self.log()[-1]["loss"], 0.6)
        with np.load(own) as file:
            self.assertTrue(np.allclose(file["scores"].sum(1), 1, atol=2e-3))

    def test_leaves_the_last_whole_file_when_writing_breaks_off(self) -> None:
        file = self.root / "best.pth"
        checkpoint.write(file, {"epoch": 1})
        with self.assertRaises(Exception):
            checkpoint.write(file, {"epoch": lambda: None})
        self.assertEqual(checkpoint.read(file), {"epoch": 1})
        self.assertEqual([path.name for path in self.root.iterdir()], ["best.pth"])
        with self.assertRaisesRegex(DataError, "cannot be written"):
            checkpoint.write(self.root / "nowhere" / "best.pth", {"epoch": 1})

    def test_reads_checkpoints_of_others_and_runs_nothing_in_them(self) -> None:
        file = self.root / "other.pth"
        checkpoint.write(file, {"state_dict": {"w": torch.ones(2)}, "meter": Meter(self.root)})
        read = checkpoint.read(file)
        self.assertEqual(read["state_dict"]["w"].tolist(), [1, 1])
        self.assertNotIsInstance(read["meter"], Meter)
        self.assertFalse((self.root / "ran").exists())
        file.write_bytes(file.read_bytes()[:300])
        with self.assertRaisesRegex(DataError, "is no checkpoint"):
            checkpoint.read(file)

    def test_trains_evaluates_and_writes_scores_from_the_command_line(self) -> None:
        votes = np.zeros((40, 10), dtype=np.uint8)
        votes[np.arange(40), np.arange(40) % 8] = 9
        images = recipe.levels("faces", (40, 48, 48)).byte().numpy()
        data = str(self.root / "faces.npz")
        np.savez(data, images=images, ferplus_votes=votes)
        run = str(self.root / "run")
        best = run + "/best.pth"
        train = ["train", "--network", "lite", "--data", data, "--out", run, "--batch-size", "16"]
        self.assertEqual(command.main(train + ["--epochs", "1"]), 0)
        with redirect_stderr(io.StringIO()) as said:
            self.assertEqual(command.main(train), 2)
        self.assertIn("holds a run: add --resume", said.getvalue())
        self.assertEqual(command.main(train + ["--epochs", "2", "--resume"]), 0)
        self.assertEqual(len(self.log()), 2)
        self.assertEqual(set(self.log()[0]["images_per_second"]), {"train", "validation"})
        figures = self.root / "figures.json"
        evaluate = ["evaluate", "--checkpoint", best, "--data", data, "--degraded"]
        self.assertEqual(command.main(evaluate + ["--json", str(figures)]), 0)
        self.assertEqual(json.loads(figures.read_text())["16 px"]["pictures"], 40)
        files = ["pictures", "--data", data, "--out", run + "/files", "--part", "train"]
        self.assertEqual(command.main(files), 0)
        self.assertTrue((self.root / "run/files/happiness/00001.png").exists())
        scores = ["scores", "--checkpoint", best, "--data", data, "--out", run + "/scores.npz"]
        self.assertEqual(command.main(scores), 0)
        taught = ["train", "--network", "lite", "--recipe", "lite-distill", "--distill", best]
        taught += ["--data", data, "--out", run + "/taught", "--epochs", "1", "--minutes", "0"]
        self.assertEqual(command.main(taught), 0)
        self.assertEqual(len(self.log("run/taught")), 1)
        with redirect_stderr(io.StringIO()) as said:
            colours = ["train", "--network", "poster-v2", "--distill", best, "--data", data]
            self.assertEqual(command.main(colours + ["--out", run + "/poster"]), 2)
        self.assertIn("lite cannot teach poster-v2", said.getvalue())

    def test_says_in_one_line_what_is_missing(self) -> None:
        train = ["train", "--network", "lite", "--out", str(self.root), "--data", "nowhere"]
        with redirect_stderr(io.StringIO()) as said:
            self.assertEqual(command.main(train), 2)
        self.assertEqual(said.getvalue(), "moodline_training: nowhere was not found\n")


class SamTest(unittest.TestCase):
    def test_steps_by_the_gradient_at_the_top_of_the_slope(self) -> None:
        w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        sam = Sam(torch.optim.SGD([w], lr=0.1), torch.nn.Module(), 0.5)
        sam.step(lambda: (w**2).sum() / 2)
        # The gradient of half the square is the place itself; up the slope it is 0.5 longer.
        self.assertTrue(torch.allclose(w, torch.tensor([3.0, 4.0]) * (1 - 0.1 * 5.5 / 5)))

    def test_steps_as_without_it_until_it_begins(self) -> None:
        w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        sam = Sam(torch.optim.SGD([w], lr=0.1), torch.nn.Module(), 0.5)
        sam.step(lambda: (w**2).sum() / 2, sharp=False)
        self.assertTrue(torch.allclose(w, torch.tensor([3.0, 4.0]) * 0.9))

    def test_keeps_what_norms_see_a_little_way_off_out_of_their_statistics(self) -> None:
        x = recipe.levels("norm", (8, 2)) / 100
        means = []
        for radius in (0.0, 0.5):
            torch.manual_seed(1)
            network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
            sgd = torch.optim.SGD(network.parameters(), lr=0.1)
            Sam(sgd, network, radius).step(lambda: (network(x)[:, 0] ** 3).sum())
            means.append(network[1].running_mean.clone())
        self.assertTrue(torch.equal(*means))


class RateTest(unittest.TestCase):
    def test_warms_up_and_falls_like_a_cosine(self) -> None:
        rate = Rate(replace(QUICK, lr=1, schedule="cosine", warmup_epochs=2))
        self.assertAlmostEqual(rate.at(0.98, 0), 0.5)
        self.assertAlmostEqual(rate.at(5, 0.5), 0.5)
        self.assertAlmostEqual(rate.at(10, 1), 0)

    def test_is_cut_when_the_loss_stays(self) -> None:
        rate = Rate(RECIPES["oaenet"])
        for _ in range(8):
            rate.validated(1.0)
        self.assertAlmostEqual(rate.at(8, 0), 1e-3)
        rate.validated(1.0)
        self.assertAlmostEqual(rate.at(9, 0), 1e-4)


class MetricsTest(unittest.TestCase):
    def test_counts_only_pictures_with_a_majority(self) -> None:
        logits = torch.tensor([[2.0, 0], [2.0, 0], [0, 2.0], [0, 2.0]])
        measured = metrics.measure(logits, torch.tensor([0, 1, 1, -1]), ("a", "b"))
        self.assertEqual(measured["pictures"], 3)
        self.assertAlmostEqual(measured["accuracy"], 2 / 3)
        self.assertAlmostEqual(measured["balanced_accuracy"], 0.75)

    def test_fits_the_temperature_that_makes_scores_honest(self) -> None:
        # Three of four are right, so the score of the first label should be 3/4: a logit of ln 3.
        logits = torch.tensor([[4 * np.log(3), 0.0]]).repeat(4, 1)
        fitted = metrics.fit_temperature(logits / 2, torch.tensor([0, 0, 0, 1]))
        self.assertAlmostEqual(fitted, 2, delta=0.011)


if __name__ == "__main__":
    unittest.main()
