"""The networks that can be trained, by the names that `moodline model import --arch` knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from torch import nn

from . import lite, oaenet, poster_v2


@dataclass(frozen=True)
class Architecture:
    """side: of the pictures that are trained on; channels: 1 grey, 3 RGB; head: the layer that gives
    the logits."""

    build: Callable[[int], nn.Module]
    side: int
    channels: int
    head: str
    masked: bool = False


ARCHITECTURES = {
    "lite": Architecture(lite.Lite, lite.SIDE, 1, "fc"),
    "poster-v2": Architecture(poster_v2.PosterV2, poster_v2.SIDE, 3, "VIT.head.linear"),
    "oaenet": Architecture(oaenet.Oaenet, oaenet.SIDE, 3, "classifier", masked=True),
}
