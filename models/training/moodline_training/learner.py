"""A network and what moves its weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from .data import Faces
from .device import Device
from .networks.poster_v2 import PosterV2
from .objectives import Objective
from .recipes import Recipe
from .sam import Sam


class Learner:
    """Confined to one thread."""

    def __init__(
        self, network: nn.Module, objective: Objective, recipe: Recipe, device: Device
    ) -> None:
        self.network = network.to(device.torch, memory_format=torch.channels_last)
        self._objective = objective
        self._device = device
        groups = _groups(network, recipe)
        self._shares = [share for _, share in groups]
        self._optimizer = _optimizer([group for group, _ in groups], recipe)
        self._sam = Sam(self._optimizer, network, recipe.sam)
        self._recipe = recipe
        self._average = MovingAverage(network, recipe.average) if recipe.average else None

    @property
    def result(self) -> nn.Module:
        """The network to evaluate and ship: the moving average where there is one."""
        return self._average.network if self._average else self.network

    def step(self, batch: Faces, rate: float, progress: float) -> Tensor:
        """Learns from a batch at a learning rate and a share of the run; gives the loss, which a
        GPU need not have computed yet."""
        for group, share in zip(self._optimizer.param_groups, self._shares):
            group["lr"] = rate * share
        self.network.train()
        prepared = self._objective.prepare(batch, progress >= self._recipe.calm_from)

        def loss() -> Tensor:
            with self._device.autocast():
                return self._objective.loss(self.network, prepared)

        value = self._sam.step(loss, progress >= self._recipe.sam_from)
        if self._average:
            self._average.update(self.network)
        return value

    def state_dict(self) -> dict:
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average.state_dict() if self._average else None,
        }

    def load_state_dict(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._average:
            self._average.load_state_dict(state["average"])


def _groups(network: nn.Module, recipe: Recipe) -> list[tuple[dict, float]]:
    """Weights that are learnt alike, with their share of the rate. Matrices and kernels decay,
    biases and norms do not."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, p in network.named_parameters():
        joint = recipe.joint_rate != 1 and not name.startswith(PosterV2.BRANCHES)
        share = recipe.joint_rate if joint else 1.0
        if p.requires_grad:
            groups.setdefault((share, p.dim() > 1), []).append(p)
    # Always in the same order, which a resumed run relies on.
    return [
        ({"params": groups[key], "weight_decay": recipe.weight_decay if key[1] else 0}, key[0])
        for key in sorted(groups, reverse=True)
    ]


def _optimizer(groups: list[dict], recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=0.9, nesterov=True)
    adam = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    return adam(groups, lr=recipe.lr)


class MovingAverage:
    """Of a network's weights and statistics."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Follows closely at first, so that the random start is soon forgotten."""
        self._steps += 1
        share = 1 - min(self._decay, self._steps / (self._steps + 10))
        own, new = _floats(self.network), _floats(network)
        # All at once: one by one, a GPU waits for hundreds of small calls.
        torch._foreach_mul_(own, 1 - share)
        torch._foreach_add_(own, new, alpha=share)

    def state_dict(self) -> dict:
        return {"network": self.network.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        self._steps = state["steps"]


def _floats(network: nn.Module) -> list[Tensor]:
    """Weights and statistics; the others are counts and tables of positions."""
    state = (*network.parameters(), *network.buffers())
    return [value.detach() for value in state if value.is_floating_point()]


class Rate:
    """The learning rate over a run."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._lowest = math.inf
        self._since_lowest = 0
        self._cuts = 0

    def at(self, epoch: float, progress: float) -> float:
        """At so many epochs and at that share of the run."""
        warm = min(1.0, (epoch + 0.02) / max(self._recipe.warmup_epochs, 0.02))
        return self._recipe.lr * warm * self._factor(int(epoch), min(progress, 1.0))

    def _factor(self, epoch: int, progress: float) -> float:
        if self._recipe.schedule == "cosine":
            return (1 + math.cos(math.pi * progress)) / 2
        steps = epoch if self._recipe.schedule == "exponential" else self._cuts
        return self._recipe.decay**steps

    def validated(self, loss: float) -> None:
        """Counts epochs without a lower loss; `plateau` cuts the rate after so many."""
        if loss < self._lowest:
            self._lowest, self._since_lowest = loss, 0
            return
        self._since_lowest += 1
        if self._since_lowest > self._recipe.plateau:
            self._cuts, self._since_lowest = self._cuts + 1, 0

    def state_dict(self) -> dict:
        return {k: v for k, v in vars(self).items() if k != "_recipe"}

    def load_state_dict(self, state: dict) -> None:
        vars(self).update(state)
