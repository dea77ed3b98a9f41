"""What a network is trained for on a batch, and how its logits are asked for."""

from __future__ import annotations

from typing import Callable, Union

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import augment, oaenet_mask
from .data import Faces
from .device import Device
from .networks import Architecture
from .networks.oaenet import Oaenet
from .networks.poster_v2 import PosterV2

Augmentation = Callable[[Tensor], Tensor]

_CALM = augment.HalfField()


class Votes:
    """Cross entropy with the shares of the votes, for networks that see a face and nothing else, and
    with what a teacher, if there is one, says of the very pictures that the network is shown."""

    def __init__(
        self,
        channels: int,
        augmentation: Augmentation,
        mixup: float = 0,
        teacher: Teacher | None = None,
    ) -> None:
        self._channels = channels
        self._augmentation = augmentation
        self._mixup = mixup
        self._teacher = teacher

    def prepare(self, batch: Faces, calm: bool = False) -> tuple[Tensor, Tensor]:
        """Augmented pictures and their targets; `calm`: half of them with next to no faults, and
        none blended."""
        augmentation = _CALM if calm else self._augmentation
        x, targets = augmentation(self._coloured(batch.images)), batch.targets
        if self._mixup and not calm:
            x, targets = _mixed(x, targets, self._mixup)
        return x, self._teacher.joined(x, targets) if self._teacher else targets

    def loss(self, network: nn.Module, prepared: tuple[Tensor, Tensor]) -> Tensor:
        x, targets = prepared
        return F.cross_entropy(network(_last(x)).float(), targets)

    def logits(self, network: nn.Module, batch: Faces) -> Tensor:
        return network(_last(self._coloured(batch.images).float())).float()

    def _coloured(self, images: Tensor) -> Tensor:
        return images.expand(-1, self._channels, -1, -1)


class GuidedVotes(Votes):
    """And each branch must find the shares by itself.

    :param weight: of each branch's loss
    """

    def __init__(
        self,
        channels: int,
        augmentation: Augmentation,
        mixup: float,
        teacher: Teacher | None,
        weight: float,
    ) -> None:
        super().__init__(channels, augmentation, mixup, teacher)
        self._weight = weight

    def loss(self, network: PosterV2, prepared: tuple[Tensor, Tensor]) -> Tensor:
        x, targets = prepared
        logits, told = network.outputs(_last(x))
        alone = sum(F.cross_entropy(guess.float(), targets) for guess in told)
        return F.cross_entropy(logits.float(), targets) + self._weight * alone


class Teacher:
    """A trained network whose scores are learnt beside the votes.

    :param share: of its scores in the targets, 0 to 1
    """

    def __init__(
        self, network: nn.Module, architecture: Architecture, share: float, device: Device
    ) -> None:
        self._network = network.eval().to(device.torch, memory_format=torch.channels_last)
        self._architecture = architecture
        self._share = share
        self._device = device

    @torch.no_grad()
    def joined(self, x: Tensor, targets: Tensor) -> Tensor:
        """Targets of pictures [n, 1 or 3, side, side], which are brought to the teacher's size."""
        side = self._architecture.side
        seen = F.interpolate(x, (side, side), mode="bilinear", align_corners=False)
        with self._device.autocast():
            logits = self._network(_last(seen.expand(-1, self._architecture.channels, -1, -1)))
        return torch.lerp(targets, F.softmax(logits.float(), 1), self._share)


class MaskedVotes:
    """OAENet's: beside that, faces of a label together and labels apart (island loss), and the
    attention branch must find the mask again (Lovász softmax)."""

    ISLAND = 0.1
    SEGMENTATION = 1.0

    def __init__(self, augmentation: Augmentation) -> None:
        self._augmentation = augmentation

    def prepare(self, batch: Faces, calm: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Augmented pictures, their masks and targets. The bands come from the pictures as they
        were, as published; mirroring does not renumber landmarks. `calm`: without augmentation."""
        faces, landmarks = _masked(batch)
        correlation = oaenet_mask.correlations(faces)
        mirrored = torch.rand(len(faces), 1, 1, device=faces.device) < 0.5
        faces = torch.where(mirrored[..., None], faces.flip(3), faces)
        other = torch.stack((faces.shape[-1] - landmarks[..., 0], landmarks[..., 1]), -1)
        mask = oaenet_mask.stamped(correlation, torch.where(mirrored, other, landmarks))
        return faces if calm else self._augmentation(faces), mask, batch.targets

    def loss(self, network: Oaenet, prepared: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        x, mask, targets = prepared
        logits, feature, segmentation = network.outputs(_last(x), mask)
        loss = F.cross_entropy(logits.float(), targets)
        loss = loss + self.ISLAND * island(feature.float(), targets.argmax(1), targets.shape[1])
        return loss + self.SEGMENTATION * lovasz_softmax(segmentation.float(), mask > 0.5)

    def logits(self, network: Oaenet, batch: Faces) -> Tensor:
        faces, landmarks = _masked(batch)
        return network(_last(faces), oaenet_mask.mask(faces, landmarks)).float()


def _masked(batch: Faces) -> tuple[Tensor, Tensor]:
    return batch.images.expand(-1, 3, -1, -1).float(), batch.landmarks


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _mixed(x: Tensor, targets: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    share = torch.distributions.Beta(alpha, alpha).sample().item()
    share = max(share, 1 - share)
    return share * x + (1 - share) * x.flip(0), share * targets + (1 - share) * targets.flip(0)


def island(feature: Tensor, label: Tensor, labels: int) -> Tensor:
    """Squared distance to the mean of one's label in the batch, and 0.1 of how alike the means of
    different labels are (cosine + 1); a label that the batch lacks has a mean next to zero."""
    member = F.one_hot(label, labels).to(feature.dtype)
    count = member.sum(0)[:, None]
    mean = member.T @ feature / count.clamp(min=1)
    mean = torch.where(count > 0, mean, torch.full_like(mean, 1e-9))
    near = ((feature - mean[label]) ** 2).mean()
    unit = F.normalize(mean, dim=1)
    alike = (unit @ unit.T + 1) * (1 - torch.eye(labels, device=feature.device))
    return near + 0.1 * alike.sum()


def lovasz_softmax(logits: Tensor, truth: Tensor) -> Tensor:
    """Berman et al., 2018: the Jaccard index of each class made smooth. logits [n, 2, side, side],
    truth bool [n, side, side]."""
    scores = F.softmax(logits, 1).transpose(0, 1).flatten(1)
    classes = torch.stack((~truth, truth)).flatten(1).float()
    errors, order = (classes - scores).abs().sort(1, descending=True)
    sorted_truth = classes.gather(1, order)
    found = sorted_truth.cumsum(1)
    total = found[:, -1:]
    jaccard = 1 - (total - found) / (total + (1 - sorted_truth).cumsum(1))
    steps = torch.cat((jaccard[:, :1], jaccard[:, 1:] - jaccard[:, :-1]), 1)
    return (errors * steps).sum(1).mean()


Objective = Union[Votes, MaskedVotes]


def objective(
    architecture: Architecture,
    augmentation: Augmentation,
    mixup: float,
    teacher: Teacher | None = None,
    guides: float = 0,
) -> Objective:
    if architecture.masked:
        return MaskedVotes(augmentation)
    if guides:
        return GuidedVotes(architecture.channels, augmentation, mixup, teacher, guides)
    return Votes(architecture.channels, augmentation, mixup, teacher)


@torch.no_grad()
def logits_of(
    network: nn.Module, objective: Objective, faces: Faces, device: Device, batch_size: int = 256
) -> Tensor:
    """Logits of all pictures, on the CPU; the network is left in evaluation mode."""
    network.eval()
    parts = []
    for rows in torch.arange(len(faces)).split(batch_size):
        with device.autocast():
            parts.append(objective.logits(network, faces.at(rows).to(device.torch)).cpu())
    return torch.cat(parts)
