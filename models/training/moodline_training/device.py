"""Where it is computed, and how exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Device:
    torch: torch.device
    bfloat16: bool

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bfloat16)


def choose(name: str, precision: str) -> Device:
    """`auto`: a GPU if there is one; bfloat16 where the hardware multiplies it, which on processors
    with AMX trains twice to three times as fast as float32."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    bfloat16 = precision == "bfloat16" or (precision == "auto" and _multiplies_bfloat16(name))
    return Device(torch.device(name), bfloat16)


def _multiplies_bfloat16(name: str) -> bool:
    if name.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and "amx_bf16" in cpu.read_text()
