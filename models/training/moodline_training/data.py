"""Pictures with what people said about them, from the layouts that data sets come in."""

from __future__ import annotations

import csv
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

# Label orders of data sets, as `moodline model import --labels` knows them.
LABEL_SETS = {
    "raf-db": "surprise,fear,disgust,happiness,sadness,anger,neutral",
    "affectnet-7": "neutral,happiness,sadness,surprise,fear,disgust,anger",
    "affectnet-8": "neutral,happiness,sadness,surprise,fear,disgust,anger,contempt",
    "caer-s": "anger,disgust,fear,happiness,neutral,sadness,surprise",
    "ferplus": "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt",
}

FERPLUS_LABELS = tuple(LABEL_SETS["ferplus"].split(","))

_WORDS = {
    "neutral": ("neutrality", "natural", "normal"),
    "happiness": ("happy", "joy", "smile"),
    "sadness": ("sad",),
    "surprise": ("surprised",),
    "fear": ("fearful", "afraid", "scared"),
    "disgust": ("disgusted",),
    "anger": ("angry",),
    "contempt": ("contemptuous",),
}
_LABEL_OF = {word: label for label, words in _WORDS.items() for word in (label, *words)}
_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_RAF_LIST = "EmoLabel/list_patition_label.txt"


class DataError(Exception):
    """Something that whoever started the command can mend; the message says what."""


@dataclass(frozen=True)
class Faces:
    """images: uint8 [n, channels, side, side], grey or RGB. targets: float [n, labels], shares
    of the votes. majority: long [n], -1 where there is none and no accuracy counts the picture.
    landmarks: float [n, points, 2], x and y in pixels of the side, NaN where a picture has none, or
    None where none has."""

    images: Tensor
    targets: Tensor
    majority: Tensor
    labels: tuple[str, ...]
    landmarks: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def at(self, rows: Tensor) -> Faces:
        return replace(
            self,
            images=self.images[rows],
            targets=self.targets[rows],
            majority=self.majority[rows],
            landmarks=None if self.landmarks is None else self.landmarks[rows],
        )

    def marked(self) -> Faces:
        """Those that have landmarks."""
        if self.landmarks is None:
            return self.at(torch.zeros(len(self), dtype=torch.bool))
        return self.at(self.landmarks.isfinite().flatten(1).all(1))

    def without(self, other: Faces) -> Faces:
        """Without the pictures whose pixels `other` has too."""
        seen = set(_keys(other.images))
        return self.at(torch.tensor([key not in seen for key in _keys(self.images)]))

    def split(self, every: int = 10) -> tuple[Faces, Faces]:
        """Most of the pictures and one of `every`, chosen by the pixels: copies stay together."""
        held = torch.tensor([zlib.crc32(key) % every == 0 for key in _keys(self.images)])
        return self.at(~held), self.at(held)

    def draw(self, balance: float) -> Tensor:
        """How often to draw each picture [n]: its votes times (most / count) ** balance of the
        labels."""
        counts = self.targets.sum(0).clamp(min=1)
        return self.targets @ (counts.max() / counts) ** balance

    def shares(self, balance: float) -> Tensor:
        """Of the labels in what is drawn so [labels], in sum 1."""
        drawn = self.draw(balance) @ self.targets
        return drawn / drawn.sum()

    def to(self, device: torch.device) -> Faces:
        landmarks = None if self.landmarks is None else self.landmarks.to(device)
        return replace(
            self,
            images=self.images.to(device),
            targets=self.targets.to(device),
            majority=self.majority.to(device),
            landmarks=landmarks,
        )


def _keys(images: Tensor) -> list[bytes]:
    return [picture.tobytes() for picture in images.numpy()]


def parse_labels(text: str) -> tuple[str, ...]:
    labels = tuple(LABEL_SETS.get(text, text).split(","))
    if len(labels) < 2:
        raise DataError(f"labels {text} are not known; give {', '.join(LABEL_SETS)} or words")
    return labels


def load(
    paths: Iterable[Path], side: int, channels: int, part: str, labels: str | None = None
) -> Faces:
    """All pictures of some folders, lists and files.

    :param side: to which every picture is brought, antialiased
    :param channels: 1 turns colours into grey (Rec. 601); grey pictures stay one channel with 3
    :param part: `train` or `validation`, where a folder or list holds both
    :param labels: a data set's name or words with commas; needed for lists of numbers
    """
    parts = [_load(Path(path), side, channels, part, labels) for path in paths]
    if len({faces.labels for faces in parts}) != 1:
        raise DataError("the data differ in their labels; give --labels")
    if len({faces.images.shape[1] for faces in parts}) != 1:
        parts = [replace(faces, images=faces.images.expand(-1, 3, -1, -1)) for faces in parts]
    marked = all(faces.landmarks is not None for faces in parts)
    return Faces(
        torch.cat([faces.images for faces in parts]),
        torch.cat([faces.targets for faces in parts]),
        torch.cat([faces.majority for faces in parts]),
        parts[0].labels,
        torch.cat([faces.landmarks for faces in parts]) if marked else None,
    )


def _load(path: Path, side: int, channels: int, part: str, labels: str | None) -> Faces:
    if not path.exists():
        raise DataError(f"{path} was not found")
    if path.suffix == ".npz":
        return _npz(path, side, channels, labels)
    rows = list(_rows(path, part))
    if not rows:
        raise DataError(f"{path} holds no labelled pictures for {part}")
    return _read(rows, side, channels, _numbering(path, {row.word for row in rows}, labels))


# FER+: pictures and votes in one file.


def votes_of(counts: np.ndarray) -> tuple[Tensor, Tensor]:
    """FER+ counts [n, 10] as shares of eight emotions and the majority by the official rule:
    single votes count as none, the largest must exceed half of all and be an emotion. Shares are
    zero where half of the votes or more name no emotion."""
    counts = np.where(counts == 1, 0, counts).astype(np.float32)
    total, label = counts.sum(1), counts.argmax(1)
    known = (counts.max(1) > total / 2) & (label < 8)
    emotions = counts[:, :8]
    shares = emotions / np.maximum(emotions.sum(1, keepdims=True), 1)
    shares[emotions.sum(1) < total / 2] = 0
    return torch.from_numpy(shares), torch.from_numpy(np.where(known, label, -1))


def _npz(path: Path, side: int, channels: int, labels: str | None) -> Faces:
    if labels is not None and parse_labels(labels) != FERPLUS_LABELS:
        raise DataError(f"{path} has votes for {FERPLUS_LABELS}, not for {parse_labels(labels)}")
    with _archive(path) as file:
        images = torch.from_numpy(file["images"])
        targets, majority = votes_of(file["ferplus_votes"])
        kept = targets.sum(1) > 0
        if "dup_of_train" in file:
            kept &= ~torch.from_numpy(file["dup_of_train"])
        marks = torch.from_numpy(file["landmarks"]).float() if "landmarks" in file else None
    images = images[:, None] if images.dim() == 3 else images.permute(0, 3, 1, 2)
    if channels < images.shape[1]:
        shares = torch.tensor((19595, 38470, 7471)).view(3, 1, 1)
        images = ((images.int() * shares).sum(1, keepdim=True) + 32768 >> 16).byte()
    if marks is not None:
        marks = marks * side / images.shape[-1]
    images = _resized(images, side)
    return Faces(images, targets, majority, FERPLUS_LABELS, marks).at(kept)


def _archive(path: Path):
    """An opened `.npz` that holds pictures and as many rows of votes."""
    try:
        file = np.load(path, allow_pickle=False)
        images, votes = file["images"], file["ferplus_votes"]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise DataError(
            f"{path} is no .npz with the arrays images and ferplus_votes: {error}"
        ) from error
    square = images.ndim in (3, 4) and images.shape[1] == images.shape[2]
    if images.dtype != np.uint8 or not square or images.shape[3:] not in ((), (1,), (3,)):
        raise DataError(
            f"{path}: images must be uint8 [n, side, side] or [n, side, side, 3], not"
            f" {images.dtype} {list(images.shape)}"
        )
    if votes.shape != (len(images), 10):
        raise DataError(
            f"{path}: ferplus_votes must be [{len(images)}, 10], as many as pictures by FER+'s"
            f" columns, not {list(votes.shape)}"
        )
    return file


def _resized(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] == side:
        return images
    parts = [
        F.interpolate(part.float(), (side, side), mode="bilinear", antialias=True).round().byte()
        for part in images.split(1024)
    ]
    return torch.cat(parts)


# Files: class folders, RAF-DB's own layout, lists, OAENet's CSV.


@dataclass(frozen=True)
class _Row:
    file: Path
    word: str
    landmarks: str = ""


def _rows(path: Path, part: str) -> Iterator[_Row]:
    if path.suffix == ".csv":
        with open(path, newline="") as text:
            for number, row in enumerate(csv.DictReader(text), 2):
                if not row.get("path") or not row.get("expression"):
                    raise DataError(f"{path}:{number} lacks the column path or expression")
                file = path.parent / row["path"]
                yield _Row(file, row["expression"], row.get("facial_landmarks", ""))
    elif path.is_file():
        for number, line in enumerate(_text(path).splitlines(), 1):
            if line.strip():
                yield _row(path, number, line.split("\t"))
    elif (path / _RAF_LIST).exists():
        yield from _raf_db(path, part)
    else:
        yield from _folders(path, part)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text: give a list of path<TAB>label") from error


def _row(path: Path, number: int, cells: list[str]) -> _Row:
    if len(cells) != 2:
        raise DataError(f"{path}:{number} is not path<TAB>label")
    return _beside(path.parent / cells[0], cells[1].strip())


def _beside(file: Path, word: str) -> _Row:
    """With the landmarks that lie beside the picture, if any do."""
    marks = file.with_name(file.stem + "_landmarks.txt")
    return _Row(file, word, marks.read_text() if marks.exists() else "")


def _raf_db(path: Path, part: str) -> Iterator[_Row]:
    prefix = "train_" if part == "train" else "test_"
    for line in (path / _RAF_LIST).read_text().split("\n"):
        if line.startswith(prefix):
            name, _, word = line.strip().partition(" ")
            stem = name.rsplit(".", 1)[0]
            yield _beside(path / "Image/aligned" / f"{stem}_aligned.jpg", word)


def _folders(path: Path, part: str) -> Iterator[_Row]:
    parts = ("train",) if part == "train" else ("valid", "val", "validation", "test")
    root = next((path / name for name in parts if (path / name).is_dir()), path)
    for folder in sorted(f for f in root.iterdir() if f.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in _ENDINGS:
                yield _beside(file, folder.name)


def _numbering(path: Path, words: set[str], labels: str | None) -> tuple[str, ...]:
    """The labels in index order. Numbers are read as `LABEL_SETS` numbers them."""
    if labels is not None:
        return parse_labels(labels)
    if all(word.isdigit() for word in words):
        numbers = {int(word) for word in words}
        if 0 not in numbers and max(numbers) == 7:
            return parse_labels("raf-db")
        return parse_labels("affectnet-8" if max(numbers) == 7 else "affectnet-7")
    unknown = sorted(word for word in words if word.lower() not in _LABEL_OF)
    if unknown:
        known = ", ".join(_WORDS)
        raise DataError(f"{path}: {unknown[0]} is no label; give --labels, or one of {known}")
    return tuple(sorted({_LABEL_OF[word.lower()] for word in words}))


def _index(word: str, labels: tuple[str, ...]) -> int:
    if word.isdigit():
        # RAF-DB counts from 1, everybody else from 0.
        index = int(word) - (1 if labels == parse_labels("raf-db") else 0)
        return index if 0 <= index < len(labels) else -1
    label = _LABEL_OF.get(word.lower(), word.lower())
    return labels.index(label) if label in labels else -1


def _read(rows: list[_Row], side: int, channels: int, labels: tuple[str, ...]) -> Faces:
    kept = [(row, _index(row.word, labels)) for row in rows]
    kept = [(row, index) for row, index in kept if index >= 0]
    if len(kept) < len(rows):
        print(f"{len(rows) - len(kept)} pictures have a label that is none of {labels}: left out")
    if not kept:
        raise DataError(f"no picture has one of the labels {labels}")
    images = torch.empty(len(kept), channels, side, side, dtype=torch.uint8)
    scales = torch.empty(len(kept), 2)
    for i, (row, _) in enumerate(kept):
        images[i], scales[i] = _picture(row.file, side, channels)
    majority = torch.tensor([index for _, index in kept])
    landmarks = _landmarks([row for row, _ in kept])
    if landmarks is not None:
        landmarks = landmarks * scales[:, None]
    targets = F.one_hot(majority, len(labels)).float()
    return Faces(images, targets, majority, labels, landmarks)


def _picture(file: Path, side: int, channels: int) -> tuple[Tensor, Tensor]:
    """The picture and by what its width and height were multiplied."""
    from PIL import Image  # Needed for files of pictures only.

    try:
        with Image.open(file) as image:
            scale = torch.tensor((side / image.width, side / image.height))
            mode = "L" if channels == 1 else "RGB"
            pixels = image.convert(mode).resize((side, side), Image.Resampling.BILINEAR)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return torch.from_numpy(np.array(pixels)).view(side, side, channels).permute(2, 0, 1), scale


def _landmarks(rows: list[_Row]) -> Tensor | None:
    """Five or 68 points of each row, NaN where it has none; None where none has."""
    points = [_points(row) for row in rows]
    shapes = {found.shape for found in points if found is not None}
    if len(shapes) > 1:
        raise DataError("some pictures have five landmarks and others 68: give one kind")
    if not shapes:
        return None
    none = torch.full(shapes.pop(), float("nan"))
    return torch.stack([none if found is None else found for found in points])


def _points(row: _Row) -> Tensor | None:
    try:
        numbers = [float(text) for text in row.landmarks.replace(";", " ").split()]
    except ValueError as error:
        raise DataError(f"the landmarks of {row.file} are no numbers: {error}") from error
    if not numbers:
        return None
    if len(numbers) not in (10, 136):
        raise DataError(f"{row.file} has {len(numbers) / 2:g} landmarks; five or 68 are needed")
    return torch.tensor(numbers).view(-1, 2)
