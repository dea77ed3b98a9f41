"""OAENet (Wang et al., 2021), written from the description of what it computes: one branch keeps
the face, one learns from the face under a mask that stresses landmarks where to look, and a
MobileNetV2 reads their product. The names of the weights are those of the published code's
checkpoints."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 224

# The backbone's groups of inverted residuals: expansion, channels, units, stride.
BACKBONE = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def _conv_norm(channels, out, k, stride, padding, activation, groups=1) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, k, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), activation())


class InvertedResidual(nn.Module):
    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.residual = stride == 1 and channels == out
        middle = channels * expansion
        layers = [_conv_norm(channels, middle, 1, 1, 0, nn.ReLU6)] if expansion > 1 else []
        layers.append(_conv_norm(middle, middle, 3, stride, 1, nn.ReLU6, middle))
        layers.append(nn.Conv2d(middle, out, 1, bias=False))
        layers.append(nn.BatchNorm2d(out))
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class Features(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


def _maintenance_branch() -> Features:
    return Features(
        _conv_norm(3, 32, 3, 2, 1, nn.ReLU6),
        InvertedResidual(32, 16, 1, 1),
        InvertedResidual(16, 24, 2, 6),
        InvertedResidual(24, 24, 1, 6),
        _conv_norm(24, 32, 1, 1, 0, nn.ReLU6),
    )


def _backbone() -> Features:
    layers, channels = [], 32
    for expansion, out, units, stride in BACKBONE:
        for unit in range(units):
            layers.append(InvertedResidual(channels, out, stride if unit == 0 else 1, expansion))
            channels = out
    return Features(*layers, _conv_norm(channels, 1280, 1, 1, 0, nn.ReLU6))


class BasicBlock(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(256, 256, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(256)
        self.conv2 = nn.Conv2d(256, 256, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(256)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.stride == 1 else F.max_pool2d(x, 2)))


class Up(nn.Module):
    """Twice the size, then the encoder's map of that size beside it."""

    def __init__(self, channels: int, beside: int, out: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(channels, out, 4, 2, 1)
        self.conv_relu = nn.Sequential(nn.Conv2d(out + beside, out, 3, 1, 1), nn.ReLU())

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        return self.conv_relu(torch.cat((self.up(x), beside), 1))


class AttentionBranch(nn.Module):
    """[n, 3, 224, 224] under the mask to the stress [n, 32, 56, 56]; in training also the logits
    of where the mask is high, [n, 2, 224, 224]."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = _conv_norm(3, 64, 7, 2, 3, nn.ReLU)
        self.layer2 = _conv_norm(64, 128, 4, 2, 1, nn.ReLU)
        self.layer3 = _conv_norm(128, 256, 4, 2, 1, nn.ReLU)
        self.resblock = nn.Sequential(BasicBlock(2), *(BasicBlock(1) for _ in range(5)))
        self.layer4 = Up(256, 256, 128)
        self.layer5 = Up(128, 128, 64)
        self.layer6 = _conv_norm(64, 32, 1, 1, 0, nn.ReLU)
        self.decode1 = Up(32, 64, 32)
        self.decode0 = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            nn.Conv2d(32, 32, 3, 1, 1, bias=False),
            nn.Conv2d(32, 32, 3, 1, 1, bias=False),
        )
        self.conv_last = nn.Conv2d(32, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        fine = self.layer1(x)
        middle = self.layer2(fine)
        coarse = self.layer3(middle)
        stress = self.layer6(self.layer5(self.layer4(self.resblock(coarse), coarse), middle))
        if not self.training:
            return stress, None
        return stress, self.conv_last(self.decode0(self.decode1(stress, fine)))


class Oaenet(nn.Module):
    """Inputs: RGB 0..255, float [n, 3, 224, 224], and the mask [n, 224, 224]. Output: logits
    [n, labels]; `outputs` gives what the losses of training need beside them."""

    def __init__(self, labels: int = 7) -> None:
        super().__init__()
        self.maintenance_branch = _maintenance_branch()
        self.attention_branch = AttentionBranch()
        self.backbone = _backbone()
        self.classifier = nn.Linear(1280, labels)

    def forward(self, faces: Tensor, mask: Tensor) -> Tensor:
        return self.outputs(faces, mask)[0]

    def outputs(self, faces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Logits, the vector they are made of [n, 1280], and in training the mask's logits."""
        blue_first = faces.flip(1)
        return self.score(_normalised(blue_first), _normalised(blue_first * mask[:, None]))

    def score(self, image: Tensor, weighted: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """The same from normalised pictures, BGR."""
        stress, segmentation = self.attention_branch(weighted)
        fused = self.maintenance_branch(image) * (stress + 1)
        feature = self.backbone(fused).mean((2, 3))
        return self.classifier(feature), feature, segmentation


def _normalised(x: Tensor) -> Tensor:
    return (x / 255 - 0.456) / 0.225
