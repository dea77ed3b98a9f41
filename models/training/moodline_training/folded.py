"""Training goes on from a bundle: its network has batch norms folded into the convolutions, and
they are taken apart again."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from .data import DataError

# Fields of ONNX's messages (onnx.proto3): ModelProto, GraphProto and TensorProto.
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1


def weights(path: Path) -> dict[str, Tensor]:
    """The float32 weights of an ONNX file by their names."""
    found = {}
    for graph in _messages(memoryview(path.read_bytes()), _GRAPH):
        for message in _messages(graph, _INITIALIZER):
            fields = list(_fields(message))
            values = dict(fields)
            if values.get(_TYPE) == _FLOAT and _RAW in values:
                shape = [size for size in _dims(fields)]
                array = np.frombuffer(values[_RAW], "<f4").reshape(shape)
                found[bytes(values[_NAME]).decode()] = torch.from_numpy(array.copy())
    return found


def _dims(fields: list[tuple[int, object]]) -> Iterator[int]:
    """Repeated numbers come one by one or packed into bytes."""
    for number, value in fields:
        if number == _DIMS and isinstance(value, int):
            yield value
        elif number == _DIMS:
            at = 0
            while at < len(value):
                size, at = _varint(value, at)
                yield size


def _messages(data: memoryview, number: int) -> Iterator[memoryview]:
    return (value for found, value in _fields(data) if found == number)


def _fields(data: memoryview) -> Iterator[tuple[int, object]]:
    """Number and value of each field: an int, or the bytes of what has a length."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = data[at : at + size], at + size
        else:
            raise DataError("the bundle's network is no ONNX file")
        yield number, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


@torch.no_grad()
def start_from(network: nn.Module, found: dict[str, Tensor], images: Tensor) -> None:
    """Gives `network` the weights of a bundle of the same architecture, by their names there.

    Kernels get the size of a fresh start, as what follows them is normalised and only their size
    against the learning rate counts. Each norm gets the mean and variance that its input has on
    `images` (float, as the network takes them), and a scale and bias that give what the folded
    convolution gave.
    """
    modules = dict(network.named_modules())
    hooks = []
    for name, module in modules.items():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            _fill(name, module, found)
        if isinstance(module, nn.BatchNorm2d):
            conv = _before(name, modules)
            size = _shrink(modules[conv])
            hooks.append(module.register_forward_pre_hook(_unfold(found[conv + ".b"], size)))
    network.eval()
    network(images)
    for hook in hooks:
        hook.remove()


def _fill(name: str, module: nn.Module, found: dict[str, Tensor]) -> None:
    kernel = found.get(name + ".w")
    if kernel is None or kernel.numel() != module.weight.numel():
        raise DataError(f"the bundle has no weight {name} of {tuple(module.weight.shape)}")
    module.weight.copy_(kernel.reshape(module.weight.shape))
    if module.bias is not None:
        module.bias.copy_(found[name + ".b"])


def _before(name: str, modules: dict[str, nn.Module]) -> str:
    """The convolution that stands before a norm in the order of the network's definition."""
    names = list(modules)
    before = names[: names.index(name)]
    return next(found for found in reversed(before) if isinstance(modules[found], nn.Conv2d))


def _shrink(conv: nn.Conv2d) -> Tensor:
    """Makes the kernel as large as a fresh one and gives what it was divided by."""
    fresh = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, groups=conv.groups, bias=False
    )
    size = conv.weight.std() / fresh.weight.std()
    conv.weight.div_(size)
    return size


def _unfold(bias: Tensor, size: Tensor):
    def hook(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), unbiased=True)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(size * torch.sqrt(variance + norm.eps))
        norm.bias.copy_(bias + size * mean)

    return hook
