"""Where it is computed, and how exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from .data import DataError


@dataclass(frozen=True)
class Device:
    torch: torch.device
    bfloat16: bool

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bfloat16)

    def __str__(self) -> str:
        name = torch.cuda.get_device_name(self.torch) if self.torch.type == "cuda" else self.torch
        threads = f", threads: {torch.get_num_threads()}" if self.torch.type == "cpu" else ""
        return f"{name} in {'bfloat16' if self.bfloat16 else 'float32'}{threads}"


def choose(name: str, precision: str) -> Device:
    """`auto`: a GPU if there is one; bfloat16 where the hardware multiplies it, which on processors
    with AMX trains twice to three times as fast as float32."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = _device(name)
    bfloat16 = precision == "bfloat16" or (precision == "auto" and _multiplies_bfloat16(device))
    return Device(device, bfloat16)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DataError(f"--device {name} is not known; give auto, cpu, cuda, cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DataError(f"--device {name}: PyTorch {torch.__version__} finds no such GPU")
    return device


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        # Before Ampere it is emulated, which newer PyTorch calls supported.
        return torch.cuda.get_device_capability(device) >= (8, 0)
    cpu = Path("/proc/cpuinfo")
    return device.type == "cpu" and cpu.exists() and "amx_bf16" in cpu.read_text()
