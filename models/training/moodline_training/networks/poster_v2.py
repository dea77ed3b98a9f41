"""POSTER V2 (Mao et al., 2023), written from the description of what it computes: a landmark
branch asks and an image branch answers at three scales; a small transformer reads the answers.

The names of the weights are those of the published checkpoints; their modules that no score depends
on (the landmark head, the last stage of the IR-50, layers that are never called) are left out."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 112
WIDTH = 768
TOKENS = 1 + 3 * 49


class ConvNormPrelu(nn.Module):
    def __init__(self, channels: int, out: int, k: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, k, stride, k // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.prelu = nn.PReLU(out)

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(self.bn(self.conv(x)))


class ConvNorm(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class Depthwise(nn.Module):
    def __init__(self, channels: int, out: int, middle: int, stride: int) -> None:
        super().__init__()
        self.conv = ConvNormPrelu(channels, middle)
        self.conv_dw = ConvNormPrelu(middle, middle, 3, stride, middle)
        self.project = ConvNorm(middle, out)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.conv_dw(self.conv(x)))


class DepthwiseResiduals(nn.Module):
    def __init__(self, channels: int, count: int, middle: int) -> None:
        super().__init__()
        self.model = nn.ModuleList(Depthwise(channels, channels, middle, 1) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for unit in self.model:
            x = x + unit(x)
        return x


class LandmarkBranch(nn.Module):
    """MobileFaceNet: [n, 3, 112, 112] to maps of 64 x 28², 128 x 14² and 512 x 7²."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvNormPrelu(3, 64, 3, 2)
        self.conv2_dw = ConvNormPrelu(64, 64, 3, 1, 64)
        self.conv_23 = Depthwise(64, 64, 128, 2)
        self.conv_3 = DepthwiseResiduals(64, 4, 128)
        self.conv_34 = Depthwise(64, 128, 256, 2)
        self.conv_4 = DepthwiseResiduals(128, 6, 256)
        self.conv_45 = Depthwise(128, 128, 512, 2)
        self.conv_5 = DepthwiseResiduals(128, 2, 256)
        self.conv_6_sep = ConvNormPrelu(128, 512)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.conv_3(self.conv_23(self.conv2_dw(self.conv1(x))))
        middle = self.conv_4(self.conv_34(fine))
        return fine, middle, self.conv_6_sep(self.conv_5(self.conv_45(middle)))


class Residual(nn.Module):
    """Norm, convolution, PReLU, convolution with the stride, norm; nothing after the sum."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, out, 3, 1, 1, bias=False),
            nn.PReLU(out),
            nn.Conv2d(out, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.shortcut_layer = None
        if channels != out:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut_layer is not None:
            return self.res_layer(x) + self.shortcut_layer(x)
        return self.res_layer(x) + x[:, :, :: self.stride, :: self.stride]


def _stage(channels: int, out: int, units: int) -> nn.Sequential:
    rest = (Residual(out, out, 1) for _ in range(units - 1))
    return nn.Sequential(Residual(channels, out, 2), *rest)


class ImageBranch(nn.Module):
    """IR-50 without its last stage: maps of 64 x 56², 128 x 28², 256 x 14²."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
        )
        self.body1 = _stage(64, 64, 3)
        self.body2 = _stage(64, 128, 4)
        self.body3 = _stage(128, 256, 14)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.body1(self.input_layer(x))
        middle = self.body2(fine)
        return fine, middle, self.body3(middle)


class LayerNorm(nn.LayerNorm):
    """In float32 whatever comes in, as statistics need it; PyTorch 1.13 has no other on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float())


class Window(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = LayerNorm(channels)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm(tokens)


class CrossAttention(nn.Module):
    """Landmark maps ask tokens of the image; the window is the whole map of `side` squared."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.heads = channels // 32
        table = torch.empty((2 * side - 1) ** 2, self.heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        self.register_buffer("relative_position_index", _distances(side))
        self.qkv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor, landmarks: Tensor) -> Tensor:
        n, count, channels = tokens.shape
        k, v = self.qkv(tokens).view(n, count, 2, self.heads, 32).permute(2, 0, 3, 1, 4)
        q = landmarks.reshape(n, self.heads, 32, count).transpose(2, 3) / math.sqrt(32)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        shares = F.softmax(q @ k.transpose(2, 3) + bias, -1)
        return self.proj((shares @ v).transpose(1, 2).reshape(n, count, channels))


def _distances(side: int) -> Tensor:
    """For each pair of tokens the row of the bias table: [side², side²]."""
    token = torch.arange(side * side)
    row, column = torch.div(token, side, rounding_mode="floor"), token % side
    rows = row[:, None] - row[None] + side - 1
    return rows * (2 * side - 1) + column[:, None] - column[None] + side - 1


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class FeedForward(nn.Module):
    """Adds what was attended to and an MLP of the sum; in training either is now and then left
    out for a whole picture (`drop`)."""

    def __init__(self, channels: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.gamma1 = nn.Parameter(torch.full((channels,), 1e-5))
        self.gamma2 = nn.Parameter(torch.full((channels,), 1e-5))
        self.norm = LayerNorm(channels)
        self.mlp = Mlp(channels)

    def forward(self, tokens: Tensor, attended: Tensor) -> Tensor:
        u = tokens + self._dropped(self.gamma1 * attended)
        return u + self._dropped(self.gamma2 * self.mlp(self.norm(u)))

    def _dropped(self, x: Tensor) -> Tensor:
        if not self.training or self.drop == 0:
            return x
        kept = torch.rand(len(x), 1, 1, device=x.device) >= self.drop
        return x * kept / (1 - self.drop)


class SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        n, count, _ = x.shape
        q, k, v = self.qkv(x).view(n, count, 3, 8, 96).permute(2, 0, 3, 1, 4)
        shares = F.softmax(q @ k.transpose(2, 3) / math.sqrt(96), -1)
        return self.proj((shares @ v).transpose(1, 2).reshape(n, count, WIDTH))


class TransformerBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1 = LayerNorm(WIDTH, 1e-6)
        self.attn = SelfAttention()
        self.norm2 = LayerNorm(WIDTH, 1e-6)
        self.mlp = Mlp(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(WIDTH, WIDTH)
        self.linear2 = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.linear2(F.relu(self.linear1(x))))


class Head(nn.Module):
    def __init__(self, labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, labels)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class Transformer(nn.Module):
    def __init__(self, labels: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1, WIDTH), std=0.02))
        positions = torch.empty(1, TOKENS, WIDTH)
        self.pos_embed = nn.Parameter(nn.init.trunc_normal_(positions, std=0.02))
        self.blocks = nn.ModuleList(TransformerBlock() for _ in range(2))
        self.norm = LayerNorm(WIDTH, 1e-6)
        self.se_block = SqueezeExcite()
        self.head = Head(labels)
        self.apply(_small_linears)

    def forward(self, tokens: Tensor) -> Tensor:
        x = torch.cat((self.cls_token.expand(len(tokens), -1, -1), tokens), 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.se_block(self.norm(x[:, 0])))


def _small_linears(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


class Embedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(256, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Guide(nn.Module):
    """Labels from the mean of a branch's last map."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.linear = nn.Linear(channels, labels)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(x).mean((2, 3)))


class PosterV2(nn.Module):
    """Input: RGB 0..255, float [n, 3, 112, 112], or 224 x 224, of which every second pixel of every
    second row is read. Output: logits [n, labels]."""

    # How the names of weights begin that are convolutions' or learn from those alone.
    BRANCHES = ("face_landback.", "ir_back.", "guides.")

    def __init__(self, labels: int = 7) -> None:
        super().__init__()
        self.face_landback = LandmarkBranch()
        self.last_face_conv = nn.Conv2d(512, 256, 3, 1, 1)
        self.ir_back = ImageBranch()
        for level, (channels, side) in enumerate(((64, 28), (128, 14), (256, 7)), 1):
            self.add_module(f"conv{level}", nn.Conv2d(channels, channels, 3, 2, 1))
            self.add_module(f"window{level}", Window(channels))
            self.add_module(f"attn{level}", CrossAttention(channels, side))
            self.add_module(f"ffn{level}", FeedForward(channels, 0.125 * (level - 1)))
        self.embed_q = nn.Sequential(
            nn.Conv2d(64, WIDTH, 3, 2, 1), nn.Conv2d(WIDTH, WIDTH, 3, 2, 1)
        )
        self.embed_k = nn.Sequential(nn.Conv2d(128, WIDTH, 3, 2, 1))
        self.embed_v = Embedding()
        self.VIT = Transformer(labels)
        self.guides = nn.ModuleList()
        mean = torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1)
        std = torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1)
        self.register_buffer("_mean", mean, persistent=False)
        self.register_buffer("_std", std, persistent=False)

    def guide(self, shares: Tensor) -> None:
        """Adds a head to each branch, for training where no branch is pretrained: the transformer
        hardly passes on what the branches have to learn. They are no part of the network.

        All heads begin with what is known without a picture, so that the first thing to learn is
        what tells pictures apart.

        :param shares: of the labels in what is trained on [labels], in sum 1
        """
        self.guides = nn.ModuleList(Guide(channels, len(shares)) for channels in (256, 512))
        for head in (self.VIT.head, *self.guides):
            with torch.no_grad():
                head.linear.bias.copy_(shares.clamp(min=1e-4).log())

    def forward(self, faces: Tensor) -> Tensor:
        return self.outputs(faces)[0]

    def outputs(self, faces: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits [n, labels], and those of each guide."""
        step = faces.shape[-1] // SIDE
        return self._outputs((faces[:, :, ::step, ::step] / 255 - self._mean) / self._std)

    def score(self, x: Tensor) -> Tensor:
        """Logits of normalised pictures, float [n, 3, 112, 112]."""
        return self._outputs(x)[0]

    def _outputs(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        seen, asked = self.ir_back(x), self.face_landback(x)
        told = [guide(branch[2]) for guide, branch in zip(self.guides, (seen, asked))]
        return self._joined(seen, asked), told

    def _joined(self, seen: tuple[Tensor, ...], asked: tuple[Tensor, ...]) -> Tensor:
        fine, middle, coarse = asked
        landmarks = (fine, middle, self.last_face_conv(coarse))
        maps = [
            self._crossed(level, image, asking)
            for level, (image, asking) in enumerate(zip(seen, landmarks), 1)
        ]
        embedded = (self.embed_q(maps[0]), self.embed_k(maps[1]), self.embed_v(maps[2]))
        return self.VIT(torch.cat([part.flatten(2).transpose(1, 2) for part in embedded], 1))

    def _crossed(self, level: int, image: Tensor, landmarks: Tensor) -> Tensor:
        own = lambda name: getattr(self, f"{name}{level}")
        image = own("conv")(image)
        tokens = own("window")(image.flatten(2).transpose(1, 2))
        fused = own("ffn")(tokens, own("attn")(tokens, landmarks))
        return fused.transpose(1, 2).reshape(image.shape)
