from __future__ import annotations

import math
import unittest
from dataclasses import replace

import torch
from moodline_training import oaenet_mask, objectives
from moodline_training.augment import AUGMENTATIONS
from moodline_training.data import Faces
from moodline_training.device import choose
from moodline_training.learner import Learner
from moodline_training.networks import ARCHITECTURES
from moodline_training.networks.poster_v2 import FeedForward
from moodline_training.recipes import RECIPES

from . import recipe


def marked(n: int = 2, side: int = 224) -> Faces:
    images = recipe.levels("marked", (n, 3, side, side)).byte()
    points = torch.tensor([[70.0, 90], [150, 92], [112, 130], [80, 170], [145, 168]])
    majority = torch.arange(n) % 7
    targets = torch.nn.functional.one_hot(majority, 7).float()
    return Faces(images, targets, majority, tuple("abcdefg"), points.expand(n, -1, -1))


class MaskTest(unittest.TestCase):
    def test_stamps_pyramids_over_bands_and_later_ones_over_earlier(self) -> None:
        bands = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
        points = torch.tensor([[[100.9, 50.2], [105, 50], [223, 10], [-1, 10]]])
        mask = oaenet_mask.stamped(bands, points)[0]
        self.assertAlmostEqual(mask[50, 105].item(), 1)
        self.assertAlmostEqual(mask[50, 100].item(), 1 - 5 / 15, places=6)
        self.assertAlmostEqual(mask[57, 93].item(), 1 - 14 / 15, places=6)
        self.assertAlmostEqual(mask[58, 105].item(), 0.2, places=6)
        self.assertAlmostEqual(mask[10, 222].item(), 0.1, places=6)
        self.assertAlmostEqual(mask[223, 0].item(), 0.4, places=6)

    def test_a_face_of_one_direction_is_like_itself_everywhere(self) -> None:
        stripes = (torch.arange(224) // 7 % 2 * 200.0).expand(1, 3, 224, 224)
        self.assertTrue(torch.allclose(oaenet_mask.correlations(stripes), torch.ones(1, 4)))
        crossed = stripes.clone()
        crossed[..., :56] = stripes.transpose(2, 3)[..., :56]
        first, *others = oaenet_mask.correlations(crossed)[0].tolist()
        self.assertLess(first, 0.5)
        self.assertGreater(min(others), 0.9)


class LossesTest(unittest.TestCase):
    def test_island_is_low_where_labels_are_tight_and_apart(self) -> None:
        label = torch.tensor([0, 0, 1, 1])
        tight = torch.tensor([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])
        loose = torch.tensor([[1.0, 0], [-1, 0], [1, 0], [-1, 0]])
        self.assertAlmostEqual(objectives.island(tight, label, 2).item(), 0, places=5)
        self.assertGreater(objectives.island(loose, label, 2).item(), 0.5)

    def test_lovasz_is_the_jaccard_loss_where_scores_are_sure(self) -> None:
        truth = torch.tensor([[[True, True], [False, False]]])
        guess = torch.tensor([[[True, False], [False, False]]])
        logits = torch.stack((~guess, guess), 1).float() * 200
        # Found 1 of 2 of the true class (1 - 1/2) and 2 of 3 of the other (1 - 2/3).
        expected = (1 / 2 + 1 / 3) / 2
        self.assertAlmostEqual(objectives.lovasz_softmax(logits, truth).item(), expected, places=5)


class VotesTest(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(1)
        grey = marked(8, 48)
        self.faces = replace(grey, images=grey.images[:, :1])

    def test_blends_pictures_and_targets_until_it_is_calm(self) -> None:
        goal = objectives.Votes(1, AUGMENTATIONS["field"](), mixup=5)
        self.assertFalse(torch.equal(goal.prepare(self.faces)[1], self.faces.targets))
        self.assertTrue(torch.equal(goal.prepare(self.faces, calm=True)[1], self.faces.targets))

    def test_asks_the_teacher_about_what_the_network_is_shown(self) -> None:
        class Brightness(torch.nn.Module):
            """Says the first label of pictures whose upper half is brighter."""

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                upper, lower = x[:, 0, :56].mean((1, 2)), x[:, 0, 56:].mean((1, 2))
                first = torch.nn.functional.one_hot(torch.zeros(len(x)).long(), 7).float()
                return 1000 * torch.sign(upper - lower)[:, None] * (2 * first - 1)

        poster, cpu = ARCHITECTURES["poster-v2"], choose("cpu", "float32")
        teacher = objectives.Teacher(Brightness(), poster, 0.75, cpu)
        shown = torch.zeros(8, 1, 48, 48)
        shown[::2, :, :24] = 200
        shown[1::2, :, 24:] = 200
        goal = objectives.Votes(1, lambda x: shown, teacher=teacher)
        targets = goal.prepare(self.faces)[1]
        said = (targets - 0.25 * self.faces.targets) / 0.75
        self.assertTrue(torch.allclose(said[::2, 0], torch.ones(4)))
        self.assertTrue(torch.allclose(said[1::2, 0], torch.zeros(4), atol=1e-6))
        self.assertTrue(torch.allclose(said.sum(1), torch.ones(8)))


class StepTest(unittest.TestCase):
    """Each network's own recipe reaches all of its weights and keeps the numbers finite."""

    def check(
        self, name: str, faces: Faces, precision: str = "float32", recipe_name: str | None = None
    ) -> None:
        torch.manual_seed(1)
        architecture, recipe = ARCHITECTURES[name], RECIPES[recipe_name or name]
        augmentation = AUGMENTATIONS[recipe.augmentation]()
        goal = objectives.objective(architecture, augmentation, 0.2, None, recipe.guides)
        network = architecture.build(len(faces.labels))
        if recipe.guides:
            network.guide(faces.shares(recipe.balance))
        for module in network.modules():
            if isinstance(module, FeedForward):
                module.drop = 0  # What is left out of all pictures is not reached.
        before = {key: value.clone() for key, value in network.state_dict().items()}
        learner = Learner(network, goal, recipe, choose("cpu", precision))
        self.assertTrue(math.isfinite(learner.step(faces, recipe.lr, 1.0).item()))
        for key, value in network.named_parameters():
            self.assertIsNotNone(value.grad, key)
        moved = [k for k, v in network.state_dict().items() if not torch.equal(v, before[k])]
        self.assertGreater(len(moved), 0.8 * len(before))
        logits = objectives.logits_of(learner.result, goal, faces, choose("cpu", precision))
        self.assertTrue(torch.isfinite(logits).all())

    def test_oaenet(self) -> None:
        self.check("oaenet", marked(1))

    def test_poster_v2(self) -> None:
        self.check("poster-v2", marked(1, 112))

    def test_poster_v2_with_guides(self) -> None:
        self.check("poster-v2", marked(2, 112), recipe_name="poster-v2-from-scratch")

    def test_poster_v2_learns_more_slowly_where_its_branches_are_joined(self) -> None:
        faces, recipe = marked(2, 112), RECIPES["poster-v2-from-scratch"]
        network = ARCHITECTURES["poster-v2"].build(len(faces.labels))
        shares = faces.shares(0)
        network.guide(shares)
        heads = (network.VIT.head, *network.guides)
        for head in heads:
            self.assertTrue(torch.allclose(head.linear.bias.softmax(0), shares, atol=1e-3))
        before = {key: value.clone() for key, value in network.named_parameters()}
        augmentation = AUGMENTATIONS[recipe.augmentation]()
        goal = objectives.objective(ARCHITECTURES["poster-v2"], augmentation, 0, None, 0.5)
        Learner(network, goal, recipe, choose("cpu", "float32")).step(faces, 1e-3, 0.0)
        # The first step of Adam moves a bias, which does not decay, by the rate at most.
        moved = {
            key: (value - before[key]).abs().max().item()
            for key, value in network.named_parameters()
            if key.endswith(".bias")
        }
        for key, most in moved.items():
            branch = key.startswith(("face_landback.", "ir_back.", "guides."))
            self.assertLess(most, (1 if branch else 0.25) * 1.01e-3, key)
        self.assertGreater(moved["guides.0.linear.bias"], 0.9e-3)
        self.assertGreater(moved["VIT.head.linear.bias"], 0.225e-3)

    def test_lite_in_bfloat16(self) -> None:
        grey = marked(8, 48)
        self.check("lite", replace(grey, images=grey.images[:, :1]), "bfloat16")
