from __future__ import annotations

import io
import json
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from moodline_training import checkpoint, start
from moodline_training.data import DataError, Faces
from moodline_training.networks import ARCHITECTURES
from moodline_training.objectives import objective

from . import recipe

SHIPPED = Path(__file__).parents[2] / "bundles" / "lite-ferplus"


LABELS = tuple(json.loads((SHIPPED / "model.json").read_text())["labels"])


def faces(n: int = 64, labels: tuple[str, ...] = LABELS) -> Faces:
    images = recipe.levels("faces to norm on", (n, 1, 48, 48)).byte()
    return Faces(images, torch.ones(n, len(labels)), torch.zeros(n).long(), labels)


class BundleTest(unittest.TestCase):
    def started(self, name: str = "lite", labels: tuple[str, ...] = LABELS) -> torch.nn.Module:
        architecture = ARCHITECTURES[name]
        network = architecture.build(len(labels))
        goal = objective(architecture, lambda x: x.float(), 0)
        with redirect_stdout(io.StringIO()):
            start.weights(network, architecture.head, SHIPPED, goal, faces(labels=labels))
        return network

    def logits(self, network: torch.nn.Module) -> torch.Tensor:
        with torch.no_grad():
            return network.eval()(faces(4).images.float())

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

    def test_gives_each_label_its_own_weights_wherever_it_stands(self) -> None:
        whole = self.logits(self.started())
        own = ("anger", "boredom", "happiness", "neutral")
        some = self.logits(self.started(labels=own))
        for label in ("anger", "happiness", "neutral"):
            there, here = LABELS.index(label), own.index(label)
            # The norms are found anew on the same pictures, and rounding differs a little.
            self.assertLess((whole[:, there] - some[:, here]).abs().max().item(), 1e-3, label)

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

class CheckpointTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "best.pth"

    def test_gives_each_label_its_own_weights_wherever_it_stands(self) -> None:
        network, head = ARCHITECTURES["lite"].build(2), ARCHITECTURES["lite"].head
        content = {"state_dict": network.state_dict(), "labels": ["fear", "anger"]}
        checkpoint.write(self.file, content)
        started = ARCHITECTURES["lite"].build(3)
        with redirect_stdout(io.StringIO()) as said:
            some = faces(labels=("anger", "contempt", "fear"))
            start.weights(started, head, self.file, None, some)
        self.assertTrue(torch.equal(started.fc.weight[[2, 0]], network.fc.weight))
        self.assertTrue(torch.equal(started.layers[0].conv1.weight, network.layers[0].conv1.weight))
        self.assertIn("but for new labels: contempt", said.getvalue())

    def test_refuses_a_checkpoint_of_another_network(self) -> None:
        checkpoint.write(self.file, {"state_dict": ARCHITECTURES["oaenet"].build(2).state_dict()})
        with self.assertRaisesRegex(DataError, "is of another network: 0 of the"):
            start.weights(ARCHITECTURES["lite"].build(2), "fc", self.file, None, faces())


if __name__ == "__main__":
    unittest.main()
