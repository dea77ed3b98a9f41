"""The mask that OAENet looks through: four bands weighted by how much the face's edges there run
like the whole face's, and small pyramids stamped onto landmarks (five or 68, in order).

The published code measures its strips side by side and lays the bands one above the other; so does
the service, and so does this."""

from __future__ import annotations

import torch
from torch import Tensor

SIDE = 224
_STRIP = SIDE // 4
_STAMP = 15
_REACH = _STAMP // 2


def mask(faces: Tensor, landmarks: Tensor) -> Tensor:
    """faces: RGB 0..255 [n, 3, 224, 224]. landmarks: pixels [n, points, 2]. To [n, 224, 224]."""
    return stamped(correlations(faces), landmarks)


def stamped(correlation: Tensor, landmarks: Tensor) -> Tensor:
    """Bands of `correlation` [n, 4] with the landmarks' pyramids; later ones cover earlier ones."""
    result = correlation.repeat_interleave(_STRIP, 1)[:, :, None].repeat(1, 1, SIDE)
    steps = torch.arange(SIDE, device=landmarks.device)
    for point in landmarks.trunc().unbind(1):
        x, y = point.unbind(1)
        across = (steps - x[:, None]).abs()[:, None, :]
        down = (steps - y[:, None]).abs()[:, :, None]
        inside = (x >= 0) & (y >= 0) & (x < SIDE - 1) & (y < SIDE - 1)
        near = (across <= _REACH) & (down <= _REACH) & inside[:, None, None]
        result = torch.where(near, 1 - down / _STAMP - across / _STAMP, result)
    return result


def correlations(faces: Tensor) -> Tensor:
    """How alike the edge directions of each vertical strip and of the whole face are: [n, 4]."""
    x = faces.double().flip(1)
    down, across = torch.zeros_like(x), torch.zeros_like(x)
    down[:, :, 1:-1] = x[:, :, 2:] - x[:, :, :-2]
    across[:, :, :, 1:-1] = x[:, :, :, 2:] - x[:, :, :, :-2]
    strength, strongest = torch.hypot(down, across).max(1, keepdim=True)
    down, across = down.gather(1, strongest), across.gather(1, strongest)
    degrees = torch.rad2deg(torch.atan2(down, across)) % 180
    # An angle a hair below 0 becomes 180 when it is turned round, which no range holds.
    strength = strength * (degrees < 180)
    direction = (degrees / 22.5).long().clamp(max=7)
    edges = torch.zeros(len(x), 8, SIDE, SIDE, dtype=torch.double, device=x.device)
    edges.scatter_(1, direction, strength)
    strips = edges.view(len(x), 8, SIDE, 4, _STRIP).sum((2, 4)) / (SIDE * _STRIP)
    whole = strips.mean(2, keepdim=True)
    return _pearson(_shares(strips), _shares(whole)).float()


def _shares(histogram: Tensor) -> Tensor:
    return histogram / (histogram.sum(1, keepdim=True) + 1e-5)


def _pearson(a: Tensor, b: Tensor) -> Tensor:
    """Over axis 1; 1 where it does not exist, or rounding carries it beyond 1."""
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    value = (a * b).sum(1) / torch.sqrt((a * a).sum(1) * (b * b).sum(1))
    return torch.where((value >= -1) & (value <= 1), value, torch.ones_like(value))
