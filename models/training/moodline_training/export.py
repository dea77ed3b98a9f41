"""Pictures with a majority as PNG files in class folders, as `moodline evaluate`, `model quantize`
and `model gate` read them; degraded copies too, so that other programs are measured on the same."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from . import degrade
from .data import DataError, Faces


def write(faces: Faces, out: Path, degraded: bool) -> int:
    """`out/LABEL/NUMBER.png`, or `out/COPY/LABEL/NUMBER.png` of each copy; gives how many of each.
    Numbers are those of the rows read."""
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; give another folder")
    copies = degrade.COPIES if degraded else {"": lambda x: x}
    known = (faces.majority >= 0).nonzero()[:, 0].tolist()
    for name, copy in copies.items():
        images = copy(faces.images.float()).byte()
        for row in known:
            label = faces.labels[int(faces.majority[row])]
            _write(images[row], out / name.replace(" ", "-") / label, f"{row:05}.png")
    return len(known)


def _write(picture: Tensor, folder: Path, name: str) -> None:
    from PIL import Image  # Needed for files of pictures only.

    folder.mkdir(parents=True, exist_ok=True)
    pixels = picture.permute(1, 2, 0).numpy()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(folder / name)
