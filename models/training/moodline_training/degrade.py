"""Degraded copies of pictures, always the same: what cameras do to faces, one fault at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from . import pictures


def _seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _per_picture(x: Tensor, value: float) -> Tensor:
    return torch.full((len(x),), float(value), device=x.device)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    sigmas = _per_picture(x, sigma * x.shape[-1] / 48)
    return pictures.levels(pictures.blur(x, sigmas, sigmas, torch.zeros_like(sigmas)))


# Sizes as shares of the side: 24 and 16 pixels of a 48-pixel face.
COPIES = {
    "clean": lambda x: x,
    "24 px": lambda x: pictures.shrink(x, x.shape[-1] // 2),
    "16 px": lambda x: pictures.shrink(x, x.shape[-1] // 3),
    "noise 15": lambda x: pictures.noise(x.cpu(), 15.0, _seeded()).to(x.device),
    "dark 0.3": lambda x: pictures.darken(x, 0.3),
    "jpeg 20": lambda x: pictures.jpeg(x, _per_picture(x, 20)),
    "blur 1.2": lambda x: _blurred(x, 1.2),
    "loose 1.2": lambda x: pictures.levels(pictures.reframe(x, scale=1.2)),
    "tight 0.85": lambda x: pictures.levels(pictures.reframe(x, scale=0.85)),
    "roll 20": lambda x: pictures.levels(pictures.reframe(x, turn_degrees=20)),
}
