"""Weights and pictures that follow from names alone, as the parity fixtures were made."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

_MASK = (1 << 64) - 1


def fnv1a(text: str) -> int:
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001B3 & _MASK
    return h


def uniform(seed: int, key: str, count: int) -> np.ndarray:
    """`count` numbers of [0, 1), double."""
    with np.errstate(over="ignore"):
        i = np.arange(1, count + 1, dtype=np.uint64)
        z = np.uint64(fnv1a(f"{seed}:{key}")) + i * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 24)


def weight(seed: int, key: str, shape: tuple[int, ...], gain: float) -> Tensor:
    u = uniform(seed, key, math.prod(shape))
    last = key.rsplit(".", 1)[-1]
    slope = "prelu" in key or key.endswith(("input_layer.2.weight", "res_layer.2.weight"))
    if last == "running_var":
        value = 0.5 + u
    elif last in ("running_mean", "bias"):
        value = 0.2 * (u - 0.5)
    elif last in ("gamma1", "gamma2"):
        value = 0.25 + 0.5 * u
    elif last == "relative_position_bias_table":
        value = 2 * (u - 0.5)
    elif last in ("cls_token", "pos_embed"):
        value = u - 0.5
    elif len(shape) == 1:
        value = 0.1 + 0.3 * u if slope else 0.8 + 0.4 * u
    else:
        value = (2 * u - 1) * math.sqrt(3 / math.prod(shape[1:])) * gain
    return torch.from_numpy(value.astype(np.float32)).view(shape)


def fill(network: nn.Module, seed: int = 1, gain: float = 0.9) -> None:
    """Fills all weights of a network; whole numbers (counters, indices) keep their values."""
    state = {
        key: weight(seed, key, tuple(value.shape), gain) if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }
    network.load_state_dict(state)


def picture(key: str, shape: tuple[int, ...], seed: int = 1) -> Tensor:
    """A normalised picture, 4 u - 2."""
    values = 4 * uniform(seed, key, math.prod(shape)) - 2
    return torch.from_numpy(values.astype(np.float32)).view(shape)


def levels(key: str, shape: tuple[int, ...], seed: int = 1) -> Tensor:
    """Whole levels 0..255, float."""
    values = np.floor(256 * uniform(seed, key, math.prod(shape)))
    return torch.from_numpy(values.astype(np.float32)).view(shape)
