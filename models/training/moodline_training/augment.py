"""Random changes of whole batches of pictures, uint8 or float [n, channels, side, side], 0..255, to
float of the same shape: cheap on a CPU, and they run on a GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from . import pictures

_PADDINGS = ("border", "reflection", "zeros")


@dataclass(frozen=True)
class Field:
    """Faults of cameras and framing: how far pictures are changed, and what share of them. Where
    there are colours, grey pictures get a tint, so that colours mean nothing."""

    turn_degrees: float = 20
    loosest: float = 1.27
    tightest: float = 0.82
    aspect: float = 0.1
    shift: float = 0.1
    shrunk: float = 0.2
    blurred: float = 0.12
    noisy: float = 0.2
    compressed: float = 0.15
    erased: float = 0.25

    def __call__(self, images: Tensor) -> Tensor:
        x = self._reframed(images.float())
        x = _lit(x)
        if x.shape[1] == 3:
            x = _tinted(x)
        x = _some(x, self.blurred, _blurred)
        for _ in range(3):
            x = _some(x, self.shrunk / 3, _shrunk)
        x = _some(x, self.noisy, _noisy)
        x = _some(x, self.compressed, _compressed)
        return _erased(pictures.levels(x), self.erased)

    def _reframed(self, x: Tensor) -> Tensor:
        n, device = len(x), x.device
        low, high = math.log(self.tightest), math.log(self.loosest)
        scale = torch.exp(_uniform(n, low, high, device))
        aspect = torch.exp(_uniform(n, -self.aspect, self.aspect, device))
        mirror = torch.where(torch.rand(n, device=device) < 0.5, -1.0, 1.0)
        turn = math.radians(self.turn_degrees)
        matrices = pictures.affine(
            _uniform(n, -turn, turn, device),
            scale * aspect * mirror,
            scale / aspect,
            _uniform(n, -2 * self.shift, 2 * self.shift, device),
            _uniform(n, -2 * self.shift, 2 * self.shift, device),
        )
        padding = _PADDINGS[int(torch.randint(len(_PADDINGS), ()))]
        return pictures.warp(x, matrices, padding)


@dataclass(frozen=True)
class HalfField:
    """`Field` for some pictures; the others are mirrored and moved by whole pixels, no more."""

    plain: float = 0.5
    most_pixels: int = 2
    field: Field = Field()

    def __call__(self, images: Tensor) -> Tensor:
        x, n, device = images.float(), len(images), images.device
        mirrored = torch.rand(n, 1, 1, 1, device=device) < 0.5
        moved = _moved(torch.where(mirrored, x.flip(3), x), self.most_pixels)
        spared = torch.rand(n, 1, 1, 1, device=device) < self.plain
        return torch.where(spared, moved, self.field(images))


def _moved(x: Tensor, most: int) -> Tensor:
    """By up to so many pixels up or down and to a side, all alike; nothing is interpolated."""
    height, width = x.shape[-2:]
    top, left = torch.randint(2 * most + 1, (2,)).tolist()
    padded = F.pad(x, (most, most, most, most), "reflect")
    return padded[:, :, top : top + height, left : left + width]


def _uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.rand(n, device=device) * (high - low) + low


def _some(x: Tensor, share: float, change) -> Tensor:
    # As many as the share says: a GPU need not be waited for to learn how many.
    count = int(share * len(x) + torch.rand(()).item())
    if count:
        chosen = torch.randperm(len(x), device=x.device)[:count]
        x[chosen] = change(x[chosen])
    return x


def _lit(x: Tensor) -> Tensor:
    """Gamma, gain and a ramp of light across the picture."""
    n, device = len(x), x.device
    gamma = torch.exp(_uniform(n, -0.5, 0.5, device))[:, None, None, None]
    gain = torch.exp(_uniform(n, -1.2, 0.25, device))[:, None, None, None]
    steps = torch.linspace(-1, 1, x.shape[-1], device=device)
    slope = _uniform(2 * n, -0.4, 0.4, device).view(2, n, 1, 1, 1)
    ramp = 1 + slope[0] * steps + slope[1] * steps[:, None]
    return ((x.clamp(0, 255) / 255) ** gamma * (255 * gain) * ramp).clamp(0, 255)


def _tinted(x: Tensor) -> Tensor:
    """Each channel brighter or darker, and colours weaker or stronger."""
    n, device = len(x), x.device
    grey = x.mean(1, keepdim=True)
    strength = _uniform(n, 0, 1.3, device)[:, None, None, None]
    gain = torch.exp(_uniform(3 * n, -0.25, 0.25, device)).view(n, 3, 1, 1)
    return ((grey + (x - grey) * strength) * gain).clamp(0, 255)


def _blurred(x: Tensor) -> Tensor:
    n, device, unit = len(x), x.device, x.shape[-1] / 48
    sigma_x = _uniform(n, 0.4 * unit, 2.2 * unit, device)
    sigma_y = _uniform(n, 0.3 * unit, 1.4 * unit, device)
    return pictures.blur(x, sigma_x, sigma_y, _uniform(n, 0, math.pi, device))


def _shrunk(x: Tensor) -> Tensor:
    side = x.shape[-1]
    return pictures.shrink(x, int(torch.randint(side // 4, side * 3 // 4 + 1, ())))


def _noisy(x: Tensor) -> Tensor:
    """Up to a third of the picture's own contrast: noise that leaves something to see."""
    share = _uniform(len(x), 0.02, 0.33, x.device)[:, None, None, None]
    return pictures.noise(x, share * x.std((1, 2, 3), keepdim=True))


def _compressed(x: Tensor) -> Tensor:
    return pictures.jpeg(x, _uniform(len(x), 8, 70, x.device))


def _erased(x: Tensor, share: float) -> Tensor:
    """A rectangle of up to 40 % of each side in one grey, as hands and masks hide faces."""
    n, side, device = len(x), x.shape[-1], x.device
    size = _uniform(2 * n, 0.1, 0.4, device).view(2, n, 1, 1) * side
    hidden = _rectangle(size, side) & (torch.rand(n, 1, 1, device=device) < share)
    grey = _uniform(n, 0, 255, device).round()[:, None, None, None]
    return torch.where(hidden[:, None], grey, x)


def _rectangle(size: Tensor, side: int) -> Tensor:
    """Where a rectangle of `size` (height and width, [2, n, 1, 1]) lies: [n, side, side]."""
    corner = torch.rand(size.shape, device=size.device) * (side - size)
    steps = torch.arange(side, device=size.device, dtype=torch.float32)
    rows = (steps[:, None] >= corner[0]) & (steps[:, None] < corner[0] + size[0])
    return rows & (steps >= corner[1]) & (steps < corner[1] + size[1])


class PosterV2:
    """As published for RAF-DB: mirrored, and with p 0.5 one rectangle of 2 to 10 % of the area in
    the mean colour."""

    _MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)

    def __call__(self, images: Tensor) -> Tensor:
        x = images.float()
        n, side, device = len(x), x.shape[-1], x.device
        mirrored = torch.rand(n, 1, 1, 1, device=device) < 0.5
        x = torch.where(mirrored, x.flip(3), x)
        area = _uniform(n, 0.02, 0.1, device) * side * side
        ratio = torch.exp(_uniform(n, math.log(0.3), math.log(3.3), device))
        size = torch.stack((torch.sqrt(area * ratio), torch.sqrt(area / ratio)))
        hidden = _rectangle(size[:, :, None, None], side)
        hidden &= torch.rand(n, 1, 1, device=device) < 0.5
        mean = torch.tensor(self._MEAN, device=device)[:, None, None]
        return torch.where(hidden[:, None], mean, x)


class Oaenet:
    """As published, but for mirroring, which moves the landmarks too and is the objective's: up to
    four black rectangles of 15 x 25 pixels, with p 0.5 other light, with p 0.5 blur."""

    def __call__(self, images: Tensor) -> Tensor:
        x = images.float()
        n, side, device = len(x), x.shape[-1], x.device
        count = torch.randint(5, (n, 1, 1), device=device)
        size = torch.tensor((15.0, 25.0), device=device).view(2, 1, 1, 1).expand(2, n, 1, 1)
        for i in range(4):
            hidden = _rectangle(size, side) & (count > i)
            x = torch.where(hidden[:, None], torch.zeros((), device=device), x)
        x = _some(x, 0.5, _jittered)
        return _some(x, 0.5, _softened)


def _jittered(x: Tensor) -> Tensor:
    """Brightness, contrast and saturation, each between half and one and a half."""
    factor = _uniform(3 * len(x), 0.5, 1.5, x.device).view(3, -1, 1, 1, 1)
    x = (x * factor[0]).clamp(0, 255)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (mean + (x - mean) * factor[1]).clamp(0, 255)
    grey = x.mean(1, keepdim=True)
    return (grey + (x - grey) * factor[2]).clamp(0, 255)


def _softened(x: Tensor) -> Tensor:
    sigma = _uniform(len(x), 0.1, 5, x.device)
    return pictures.blur(x, sigma, sigma, torch.zeros_like(sigma)).clamp(0, 255)


AUGMENTATIONS = {"field": Field, "half-field": HalfField, "poster-v2": PosterV2, "oaenet": Oaenet}
