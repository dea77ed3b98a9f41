from __future__ import annotations

import unittest

import torch
from moodline_training import augment, degrade, pictures

from . import recipe


def smooth(n: int = 4, side: int = 48) -> torch.Tensor:
    """Pictures with large shapes, as faces have."""
    coarse = recipe.levels("smooth", (n, 1, 6, 6))
    return pictures.levels(
        torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)
    )


class PicturesTest(unittest.TestCase):
    def difference(self, a: torch.Tensor, b: torch.Tensor) -> float:
        return (a - b).abs().mean().item()

    def test_jpeg_keeps_more_the_better_its_quality(self) -> None:
        x = smooth()
        at = lambda quality: self.difference(pictures.jpeg(x, torch.full((4,), quality)), x)
        self.assertLess(at(100.0), 1)
        self.assertLess(at(100.0), at(50.0))
        self.assertLess(at(50.0), at(10.0))

    def test_reframing_by_nothing_changes_nothing(self) -> None:
        x = smooth()
        self.assertLess((pictures.reframe(x) - x).abs().max().item(), 1e-2)

    def test_a_looser_crop_makes_the_middle_smaller(self) -> None:
        x = torch.zeros(1, 1, 48, 48)
        x[:, :, 12:36, 12:36] = 255
        share = lambda scale: pictures.reframe(x, scale).mean().item() / x.mean().item()
        self.assertAlmostEqual(share(1.2), 1 / 1.44, delta=0.02)
        self.assertAlmostEqual(share(0.85), 1 / 0.7225, delta=0.02)

    def test_turns_clockwise_or_back_alike(self) -> None:
        x = smooth()
        there = pictures.reframe(x, turn_degrees=20)
        back = pictures.reframe(there, turn_degrees=-20)
        middle = (..., slice(16, 32), slice(16, 32))
        self.assertLess(self.difference(back[middle], x[middle]), 6)
        self.assertGreater(self.difference(there[middle], x[middle]), 12)

    def test_blur_keeps_the_light_and_takes_the_contrast(self) -> None:
        x = recipe.levels("noise", (3, 1, 48, 48))
        sigma = torch.tensor([0.5, 1.0, 2.0])
        spread = pictures.blur(x, sigma, sigma, torch.zeros(3)).std((1, 2, 3))
        self.assertTrue((spread[1:] < spread[:-1]).all())
        light = pictures.blur(x, sigma, sigma, sigma).mean().item()
        self.assertAlmostEqual(light, x.mean().item(), delta=2)

    def test_spared_pictures_are_moved_by_whole_pixels(self) -> None:
        x = smooth(32)
        spared = augment.HalfField(plain=1)(x)
        inner = (..., slice(4, 44), slice(4, 44))
        ways = [
            moved.roll((down, right), (2, 3))
            for moved in (x, x.flip(3))
            for down in range(-2, 3)
            for right in range(-2, 3)
        ]
        for i in range(len(x)):
            self.assertTrue(any(torch.equal(spared[i][inner], way[i][inner]) for way in ways))
        half = (augment.HalfField(plain=0.5)(x) == spared).flatten(1).all(1)
        self.assertLess(half.sum().item(), len(x))

    def test_degraded_copies_are_levels_and_always_the_same(self) -> None:
        x = smooth()
        for name, copy in degrade.COPIES.items():
            first = copy(x)
            self.assertEqual(first.shape, x.shape, name)
            self.assertTrue(torch.equal(first, first.round().clamp(0, 255)), name)
            self.assertTrue(torch.equal(first, copy(x)), name)
            self.assertEqual(torch.equal(first, x), name == "clean", name)


class AugmentTest(unittest.TestCase):
    def test_changes_pictures_within_their_range_and_leaves_the_originals(self) -> None:
        for name, kind in augment.AUGMENTATIONS.items():
            x = smooth(8).byte().expand(-1, 3, -1, -1)
            before = x.clone()
            y = kind()(x)
            self.assertEqual(y.shape, x.shape, name)
            self.assertTrue(((y >= 0) & (y <= 255)).all(), name)
            self.assertTrue(torch.equal(x, before), name)
            self.assertFalse(torch.equal(y, x.float()), name)
        self.assertEqual(augment.Field()(smooth(8)).shape, (8, 1, 48, 48))

    def test_draws_the_same_from_the_same_seed(self) -> None:
        draws = []
        for _ in range(2):
            torch.manual_seed(5)
            draws.append(augment.Field()(smooth(8)))
        self.assertTrue(torch.equal(*draws))

    def test_tints_what_has_colours(self) -> None:
        torch.manual_seed(1)
        y = augment.Field()(smooth(8).expand(-1, 3, -1, -1))
        self.assertGreater((y[:, 0] - y[:, 2]).abs().mean().item(), 1)
