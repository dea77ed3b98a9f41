from __future__ import annotations

import io
import json
import unittest
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from moodline_training import start
from moodline_training.data import DataError, Faces
from moodline_training.networks import ARCHITECTURES
from moodline_training.objectives import objective

from . import recipe

SHIPPED = Path(__file__).parents[2] / "bundles" / "lite-ferplus"


def faces(n: int = 64) -> Faces:
    images = recipe.levels("faces to norm on", (n, 1, 48, 48)).byte()
    return Faces(images, torch.ones(n, 8) / 8, torch.zeros(n).long(), tuple("abcdefgh"))


class BundleTest(unittest.TestCase):
    def started(self, name: str = "lite") -> torch.nn.Module:
        architecture = ARCHITECTURES[name]
        network = architecture.build(8)
        goal = objective(architecture, lambda x: x.float(), 0)
        with redirect_stdout(io.StringIO()):
            start.weights(network, SHIPPED, goal, faces())
        return network

    def test_scores_what_the_bundle_scores(self) -> None:
        network = self.started()
        temperature = json.loads((SHIPPED / "model.json").read_text())["calibration"]["temperature"]
        canaries = json.loads((SHIPPED / "canaries" / "canaries.json").read_text())["canaries"]
        grey = [canary for canary in canaries if "colour" not in canary["file"]]
        self.assertGreater(len(grey), 2)
        for canary in grey:
            rgb = np.fromfile(SHIPPED / "canaries" / canary["file"], np.uint8).reshape(48, 48, 3)
            shares = np.array([19595, 38470, 7471])
            levels = (rgb.astype(np.int64) @ shares + 32768) >> 16
            with torch.no_grad():
                logits = network(torch.from_numpy(levels).float()[None, None])[0]
            scores = torch.softmax(logits / temperature, 0)
            expected = torch.tensor(list(canary["scores"].values()))
            self.assertLess((scores - expected).abs().max().item(), 1e-4, canary["file"])

    def test_norms_hold_in_training_too(self) -> None:
        network = self.started()
        network.dropout.p = 0
        x = faces().images.float()
        with torch.no_grad():
            fixed, learning = network.eval()(x), network.train()(x)
        self.assertLess((fixed - learning).abs().max().item(), 2e-2)

    def test_refuses_a_bundle_of_another_network(self) -> None:
        with self.assertRaisesRegex(DataError, "no weight face_landback.conv1"):
            self.started("poster-v2")
        with self.assertRaisesRegex(DataError, "without a mask"):
            self.started("oaenet")


if __name__ == "__main__":
    unittest.main()
