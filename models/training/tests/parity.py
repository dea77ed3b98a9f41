"""`python3 -m tests.parity FOLDER`: a checkpoint of each network with weights that follow from their
names, inputs, and what PyTorch computes of them, for a test that imports the checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from moodline_training import checkpoint, objectives
from moodline_training.data import FERPLUS_LABELS, Faces
from moodline_training.device import choose
from moodline_training.networks import ARCHITECTURES

from . import recipe

FACES = 3
POINTS = ((70, 90), (150, 92), (112, 130), (80, 170), (145, 168))


@torch.no_grad()
def write(name: str, folder: Path) -> None:
    architecture = ARCHITECTURES[name]
    network = architecture.build(len(FERPLUS_LABELS)).eval()
    recipe.fill(network)
    checkpoint.write(folder / f"{name}.pth", {"state_dict": network.state_dict(), "epoch": 1})
    # The service hands POSTER V2 its published 224 pixels, of which it reads every second.
    side = 224 if name == "poster-v2" else architecture.side
    images = recipe.levels("faces", (FACES, architecture.channels, side, side)).byte()
    landmarks = torch.tensor(POINTS).float() + torch.arange(FACES)[:, None, None]
    nobody = torch.zeros(FACES, len(FERPLUS_LABELS))
    faces = Faces(images, nobody, nobody[:, 0].long(), FERPLUS_LABELS, landmarks)
    goal = objectives.objective(architecture, lambda x: x, 0)
    np.savez(
        folder / f"{name}.npz",
        faces=images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy(),
        landmarks=landmarks.contiguous().numpy(),
        logits=objectives.logits_of(network, goal, faces, choose("cpu", "float32")).numpy(),
    )


if __name__ == "__main__":
    for known in ARCHITECTURES:
        write(known, Path(sys.argv[1]))
