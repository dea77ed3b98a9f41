"""What every operation on pictures takes and gives: float [n, channels, height, width], 0..255."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_QUANTISATION = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)


def levels(x: Tensor) -> Tensor:
    """Whole levels, as eight bits keep them."""
    return x.round().clamp(0, 255)


def warp(x: Tensor, matrices: Tensor, padding: str = "border") -> Tensor:
    """Each picture through its own 2x3 matrix, which maps output to input, -1..1 in both."""
    grid = F.affine_grid(matrices, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode=padding, align_corners=False)


def affine(
    turn: Tensor, scale_x: Tensor, scale_y: Tensor, shift_x: Tensor, shift_y: Tensor
) -> Tensor:
    """Matrices for `warp`. Scales above 1 show more around the face. Turn in radians."""
    cos, sin = torch.cos(turn), torch.sin(turn)
    first = torch.stack((cos * scale_x, -sin * scale_y, shift_x), 1)
    second = torch.stack((sin * scale_x, cos * scale_y, shift_y), 1)
    return torch.stack((first, second), 1)


def reframe(x: Tensor, scale: float = 1, turn_degrees: float = 0) -> Tensor:
    """All pictures cropped looser (scale above 1) or tighter, and turned."""
    n = len(x)
    full = lambda value: torch.full((n,), float(value), device=x.device)
    turn = full(math.radians(turn_degrees))
    return warp(x, affine(turn, full(scale), full(scale), full(0), full(0)))


def shrink(x: Tensor, side: int) -> Tensor:
    """Seen from afar: down to `side` pixels and up again."""
    small = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
    size = x.shape[-2:]
    return levels(F.interpolate(levels(small), size, mode="bilinear", align_corners=False))


def noise(x: Tensor, sigma: Tensor | float, generator: torch.Generator | None = None) -> Tensor:
    """Gaussian noise of `sigma` grey levels, a number or [n, 1, 1, 1]."""
    added = torch.randn(x.shape, generator=generator, device=x.device)
    return levels(x + added * sigma)


def darken(x: Tensor, gain: float) -> Tensor:
    return levels(x * gain)


def blur(x: Tensor, sigma_x: Tensor, sigma_y: Tensor, turn: Tensor) -> Tensor:
    """Each picture under its own Gaussian: sigmas in pixels, axes turned by radians; all [n]."""
    n, channels, _, _ = x.shape
    radius = max(1, x.shape[-1] // 16)
    steps = torch.arange(-radius, radius + 1, device=x.device, dtype=torch.float32)
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    cos, sin = torch.cos(turn)[:, None, None], torch.sin(turn)[:, None, None]
    along, across = cos * u + sin * v, cos * v - sin * u
    exponent = (along / sigma_x[:, None, None]) ** 2 + (across / sigma_y[:, None, None]) ** 2
    kernels = torch.exp(-exponent / 2)
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    kernels = kernels[:, None].repeat_interleave(channels, 0)
    padded = F.pad(x, (radius,) * 4, mode="replicate").flatten(0, 1)[None]
    return F.conv2d(padded, kernels, groups=n * channels).view_as(x)


def jpeg(x: Tensor, quality: Tensor) -> Tensor:
    """What JPEG's quantisation leaves of each channel: quality [n], 1..100; sides in eights."""
    n, channels, height, width = x.shape
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = _QUANTISATION.to(x.device)[None] * scale[:, None, None] / 100
    table = table.round().clamp(1, 255)[:, None, None, None]
    dct = _dct().to(x.device)
    blocks = (x - 128).view(n, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    kept = torch.round(dct @ blocks @ dct.T / table) * table
    return levels((dct.T @ kept @ dct).transpose(3, 4).reshape(x.shape) + 128)


def _dct() -> Tensor:
    k = torch.arange(8, dtype=torch.float32)
    waves = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) / 2
    waves[0] /= math.sqrt(2)
    return waves
