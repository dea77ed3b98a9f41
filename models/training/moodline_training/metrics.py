"""What a network's logits are worth against the majority label."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def measure(
    logits: Tensor, majority: Tensor, labels: tuple[str, ...], temperature: float = 1
) -> dict:
    """Accuracy, balanced accuracy, calibration error (15 bins) and recall per label of those
    pictures that have a majority."""
    known = majority >= 0
    scores, truth = F.softmax(logits[known].double() / temperature, 1), majority[known]
    hits = scores.argmax(1) == truth
    recall = {
        label: hits[truth == i].double().mean().item()
        for i, label in enumerate(labels)
        if (truth == i).any()
    }
    return {
        "pictures": len(truth),
        "accuracy": hits.double().mean().item(),
        "balanced_accuracy": sum(recall.values()) / len(recall),
        "calibration_error": calibration_error(scores, truth),
        "recall": recall,
    }


def calibration_error(scores: Tensor, truth: Tensor, bins: int = 15) -> float:
    top, label = scores.max(1)
    bin_of = (top * bins).long().clamp(max=bins - 1)
    gap = (label == truth).double() - top
    sums = torch.zeros(bins, dtype=torch.double).index_add_(0, bin_of, gap)
    return (sums.abs().sum() / len(truth)).item()


def fit_temperature(logits: Tensor, majority: Tensor) -> float:
    """The temperature of the least cross entropy with the majority, to a hundredth."""
    known = majority >= 0
    logits, truth = logits[known].double(), majority[known]
    candidates = torch.arange(0.3, 3, 0.01, dtype=torch.double)
    losses = torch.stack([F.cross_entropy(logits / t, truth) for t in candidates])
    return round(candidates[losses.argmin()].item(), 2)
