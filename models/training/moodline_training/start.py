"""What a network's weights are before training, where that is not chance."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from . import checkpoint, folded
from .data import DataError, Faces
from .objectives import MaskedVotes, Objective

# Pictures that the norms of a bundle's network are found on.
_NORMED = 2048


def weights(network: nn.Module, path: Path, goal: Objective, train: Faces) -> None:
    """From a checkpoint (`best.pth`) or a bundle (a folder)."""
    if not path.is_dir():
        _from_checkpoint(network, path)
        return
    if isinstance(goal, MaskedVotes):
        raise DataError("--init takes bundles of networks without a mask; give a checkpoint")
    some = train.at(torch.randperm(len(train))[:_NORMED])
    folded.start_from(network, path, goal.prepare(some)[0])
    print(f"all weights start from {path}")


def _from_checkpoint(network: nn.Module, path: Path) -> None:
    """Takes what has the same name and shape; the rest keeps its start."""
    content = checkpoint.read(path)
    found = content.get("state_dict", content)
    found = {name.removeprefix("module."): value for name, value in found.items()}
    own = network.state_dict()
    fits = {k: v for k, v in found.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict({**own, **fits})
    print(f"{len(fits)} of {len(own)} weights start from {path}")
