"""Same weights in, same logits out: the networks against what the published code computed, in the
fixtures that the Java graphs are held against too."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

import torch
from moodline_training.networks.oaenet import Oaenet
from moodline_training.networks.poster_v2 import PosterV2

from . import recipe

FIXTURES = Path(__file__).resolve().parents[2] / "src/test/resources/parity"


def fixture(name: str) -> dict:
    return json.loads((FIXTURES / name).read_text())


class NetworksTest(unittest.TestCase):
    def assert_logits(self, logits: torch.Tensor, expected: list) -> None:
        self.assertLess((logits - torch.tensor(expected)).abs().max().item(), 1e-4)

    @torch.no_grad()
    def test_poster_v2_computes_what_the_published_code_computes(self) -> None:
        expected = fixture("poster-v2-8-seed1.json")
        network = PosterV2(8).eval()
        recipe.fill(network, gain=expected["gain"])
        x = recipe.picture("input1", (1, 3, 224, 224))[:, :, ::2, ::2]
        self.assert_logits(network.score(x), expected["logits1"])

    @torch.no_grad()
    def test_oaenet_computes_what_the_published_code_computes(self) -> None:
        expected = fixture("oaenet-7-seed1.json")
        network = Oaenet(7).eval()
        recipe.fill(network, gain=expected["gain"])
        image = recipe.picture("image1", (1, 3, 224, 224))
        weighted = recipe.picture("weighted1", (1, 3, 224, 224))
        self.assert_logits(network.score(image, weighted)[0], expected["logits1"])


if __name__ == "__main__":
    unittest.main()
