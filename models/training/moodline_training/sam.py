"""Sharpness-aware minimisation (Foret et al., 2021): steps that are good a little way off too."""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor, nn


class Sam:
    """Wraps an optimizer. `radius` 0 leaves it as it is."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, network: nn.Module, radius: float
    ) -> None:
        self._optimizer = optimizer
        self._buffers = list(network.buffers())
        self._radius = radius

    def step(self, loss: Callable[[], Tensor], sharp: bool = True) -> Tensor:
        """Steps down `loss`, which is called once, or where `sharp` twice on the same batch; gives
        its value. What norms see a little way off does not enter their statistics."""
        self._optimizer.zero_grad()
        first = loss()
        first.backward()
        if self._radius and sharp:
            moves = self._climb()
            self._optimizer.zero_grad()
            loss().backward()
            self._return(moves)
        self._optimizer.step()
        return first.detach()

    @torch.no_grad()
    def _climb(self) -> list[tuple[Tensor, Tensor]]:
        """To where the loss is highest within the radius, as far as the gradients tell."""
        found = [p for p in self._parameters() if p.grad is not None]
        norm = torch.stack([p.grad.norm() for p in found]).norm() + 1e-12
        olds = [(value, value.clone()) for value in (*found, *self._buffers)]
        for p in found:
            p.add_(p.grad * (self._radius / norm))
        return olds

    @torch.no_grad()
    def _return(self, moves: list[tuple[Tensor, Tensor]]) -> None:
        for value, old in moves:
            value.copy_(old)

    def _parameters(self) -> list[Tensor]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]
