"""The light network: residual blocks with channel gates on a 48 x 48 grey face."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 48
CHANNELS = (32, 64, 128, 256)
DEPTHS = (1, 2, 2, 1)
STRIDES = (1, 2, 2, 2)


class Gate(nn.Module):
    """Squeeze and excite: weighs each channel by what the whole map says."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, squeezed)
        self.expand = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.expand(F.relu(self.reduce(x.mean((2, 3)))))
        return x * torch.sigmoid(weights).to(x.dtype)[:, :, None, None]


class Block(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.gate = Gate(out, out // 8)
        self.down = None
        if stride != 1 or channels != out:
            self.down = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.gate(self.bn2(self.conv2(y)))
        return F.relu(y + (x if self.down is None else self.down(x)))


class Lite(nn.Module):
    """Input: grey levels 0..255, float [n, 1, 48, 48]. Output: logits [n, labels]."""

    def __init__(self, labels: int = 8, dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, CHANNELS[0], 3, 2, 1, bias=False)
        self.stem_bn = nn.BatchNorm2d(CHANNELS[0])
        self.layers = nn.ModuleList()
        channels = CHANNELS[0]
        for out, depth, stride in zip(CHANNELS, DEPTHS, STRIDES):
            for i in range(depth):
                self.layers.append(Block(channels, out, stride if i == 0 else 1))
                channels = out
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, labels)

    def forward(self, grey: Tensor) -> Tensor:
        x = F.relu(self.stem_bn(self.stem(standardise(grey))))
        for layer in self.layers:
            x = layer(x)
        return self.fc(self.dropout(x.mean((2, 3))))


def standardise(grey: Tensor) -> Tensor:
    """Of -1..1: minus the picture's mean, over its standard deviation (n - 1) + 1e-3."""
    x = grey / 127.5 - 1
    std, mean = torch.std_mean(x, (1, 2, 3), unbiased=True, keepdim=True)
    return (x - mean) / (std + 1e-3)
