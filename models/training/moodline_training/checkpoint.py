"""Files of a run: written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .data import DataError


def write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    torch.save(content, part)
    os.replace(part, path)


def read(path: Path) -> dict[str, Any]:
    """Runs what the file says, as every pickle does: for files of one's own runs only."""
    if not path.exists():
        raise DataError(f"{path} was not found")
    return torch.load(path, map_location="cpu")


def write_scores(path: Path, scores: Tensor) -> None:
    part = path.with_name(path.name + ".part.npz")
    np.savez(part, scores=scores.numpy().astype(np.float16))
    os.replace(part, path)
