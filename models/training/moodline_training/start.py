"""What a network's weights are before training, where that is not chance."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from . import checkpoint, folded
from .data import DataError, Faces
from .objectives import MaskedVotes, Objective

# Pictures that the norms of a bundle's network are found on.
_NORMED = 2048


def weights(network: nn.Module, head: str, path: Path, goal: Objective, train: Faces) -> None:
    """From a checkpoint (`best.pth`) or a bundle (a folder). What tells one label goes to that
    label of the data, whatever its place there; labels that are new to it begin by chance.

    :param head: name of the layer that gives the logits
    """
    if not path.is_dir():
        _from_checkpoint(network, head, path, train.labels)
        return
    if isinstance(goal, MaskedVotes):
        raise DataError("--init takes bundles of networks without a mask; give a checkpoint")
    manifest = path / "model.json"
    if not manifest.is_file():
        raise DataError(f"{path} is no bundle: it has no model.json")
    known = tuple(json.loads(manifest.read_text())["labels"])
    found = folded.weights(path / "model.onnx")
    own = dict(network.named_parameters())
    for ending, name in ((".w", ".weight"), (".b", ".bias")):
        if head + ending in found:
            fresh = own[head + name].detach()
            value = found[head + ending].reshape(len(known), *fresh.shape[1:])
            found[head + ending] = _relabelled(value, known, train.labels, fresh)
    some = train.at(torch.randperm(len(train))[:_NORMED])
    folded.start_from(network, found, goal.prepare(some)[0])
    print(f"all weights start from {path}{_but(known, train.labels)}")


def _from_checkpoint(network: nn.Module, head: str, path: Path, labels: tuple[str, ...]) -> None:
    """Takes what has the same name and shape; the rest keeps its start."""
    content = checkpoint.read(path)
    found = content.get("state_dict", content)
    found = {name.removeprefix("module."): value for name, value in found.items()}
    own, known = network.state_dict(), tuple(content.get("labels", ()))
    for name in (head + ".weight", head + ".bias"):
        if known and name in found and found[name].shape[1:] == own[name].shape[1:]:
            found[name] = _relabelled(found[name], known, labels, own[name])
    fits = {k: v for k, v in found.items() if k in own and _shape(v) == own[k].shape}
    if len(fits) < len(own) / 2:
        raise DataError(
            f"{path} is of another network: {len(fits)} of the {len(own)} weights are in it"
        )
    network.load_state_dict({**own, **fits})
    print(f"{len(fits)} of {len(own)} weights start from {path}{_but(known or labels, labels)}")
    if not known and head + ".weight" in fits:
        print(f"it does not say what its labels are: taken for {labels}, in that order")


def _shape(value: object) -> torch.Size | None:
    return value.shape if isinstance(value, Tensor) else None


def _relabelled(
    value: Tensor, known: tuple[str, ...], labels: tuple[str, ...], fresh: Tensor
) -> Tensor:
    """Rows of `known` labels [known, ...] in the order of `labels`; of the others `fresh` ones."""
    rows = [value[known.index(x)] if x in known else fresh[i] for i, x in enumerate(labels)]
    return torch.stack(rows)


def _but(known: tuple[str, ...], labels: tuple[str, ...]) -> str:
    new = [label for label in labels if label not in known]
    return f", but for new labels: {', '.join(new)}" if new else ""
