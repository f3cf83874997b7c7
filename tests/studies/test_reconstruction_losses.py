"""Shifted stripes, damaged digits and cross entropy: each brick by hand, and the verdict's rules."""

import math

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET
from reverie.studies import _cross_entropy, _mnist
from reverie.studies._shifted_digits import (
    COUNT,
    PIECE,
    Compared,
    as_distance,
    compared,
    misjudged,
    moved,
    without_a_piece,
)
from reverie.studies._stripes import shift_and_grey, shift_over_grey, stripes
from reverie.studies.reconstruction_losses import ReconstructionLossesConfig, by_pixels, features
from reverie.terms.pixel import squared

GOOD = {
    "seed": 0, "data": "MNIST", "networks": ["clutter", "squeezenet"], "shift": 1.0, "grey": 0.25,
    "clutter_ratio": 0.3, "squeezenet_ratio": 0.04, "clutter_early": 2.6, "squeezenet_early": 2.4,
    "euclid_wrong": 190, "bce_wrong": 195, "clutter_wrong": 80, "squeezenet_wrong": 60, "formula": 1e-15,
    "torch": 1e-15, "negative": 1e-15, "argmin": 0.0, "entropy": 1e-6, "grey_least": 0.6931,
    "sum_over_mean": 784.0, "gradient_sum_over_mean": 784.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return _mnist.glyphs((1, COUNT)).test


@pytest.mark.parametrize("way", ["upright", "lying"])
def test_shifted_stripes_are_the_negative_of_the_stripes(way):
    picture, shifted, grey = stripes(way)
    assert torch.equal(shifted, 1.0 - picture)
    assert picture.mean() == grey.mean() == 0.5
    assert shift_and_grey(as_distance(squared), way) == (4096.0, 1024.0)


def test_a_shift_is_the_largest_error_and_grey_a_quarter_of_it():
    assert by_pixels() == {"shift": 1.0, "grey": 0.25}
    assert shift_over_grey(as_distance(squared)) == 4.0


def test_features_that_forget_places_find_the_shift_closer():
    def by_mean_and_contrast(picture, image):
        brightness = picture.mean((1, 2, 3)) - image.mean((1, 2, 3))
        return brightness.square() + (picture.std((1, 2, 3)) - image.std((1, 2, 3))).square()

    assert shift_over_grey(by_mean_and_contrast) == 0.0


def test_a_moved_image_is_what_numpy_rolls_in(digits):
    rolled = np.roll(digits[0].numpy(), (2, -1), axis=(1, 2))
    rolled[:, :2], rolled[:, :, -1:] = 0.0, 0.0
    assert np.array_equal(moved(digits[0], 2, -1).numpy(), rolled)


def test_a_missing_piece_is_a_black_square_around_ink(digits):
    damaged = without_a_piece(digits[0], np.random.default_rng(0))
    changed = (damaged != digits[0])[0].nonzero()
    assert len(changed) > 0
    assert (damaged[0][changed[:, 0], changed[:, 1]] == 0.0).all()
    assert (changed.max(0).values - changed.min(0).values < PIECE).all()


def test_the_digits_of_two_seeds_are_different(digits):
    images = torch.arange(3.0 * COUNT).reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8) + 1.0
    first, second = (set(compared(images, seed).digits[:, 0, 0, 0].tolist()) for seed in (0, 1))
    assert len(first) == len(second) == COUNT and not first & second


def test_a_distance_that_sees_the_larger_change_is_counted_by_hand():
    image = torch.zeros(3, 1, 2, 2)
    shifted, missing = image.clone(), image.clone()
    shifted[:, 0, 0, 0] = torch.tensor([1.0, 0.5, 0.2])
    missing[:, 0, 1, 1] = torch.tensor([0.5, 1.0, 0.1])
    assert misjudged(Compared(image, shifted, missing), {"euclid": as_distance(squared)}) == {"euclid": 2}


def test_cross_entropy_is_its_formula():
    """Of a pixel 0.25 and a guess 0.5: ln 2, whatever the pixel."""
    assert _cross_entropy.formula(0.25, 0.5) == pytest.approx(math.log(2.0))
    found = _cross_entropy.facts(3)
    assert max(found[key] for key in ("formula", "torch", "negative", "argmin")) < 1e-12
    assert found["entropy"] < 1e-5
    assert found["grey_least"] == pytest.approx(math.log(2.0))
    assert found["sum_over_mean"] == pytest.approx(784.0)
    assert found["gradient_sum_over_mean"] == pytest.approx(784.0)


def test_a_network_of_random_weights_is_a_distance_too():
    """The first layer of a network of stride 2 never forgets where the stripes are."""
    distance = features("random-squeezenet", "relu1", QUIET)
    assert shift_over_grey(distance) > 1.0
    picture = stripes("upright")[:1]
    assert distance(picture, picture).item() == 0.0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "supported"),
        ({"squeezenet_ratio": 1.1}, "not supported"),
        ({"euclid_wrong": 100}, "not supported"),
        ({"clutter_wrong": 188, "squeezenet_wrong": 199}, "supported"),
        ({"bce_wrong": 0}, "supported"),
        ({"shift": 0.99}, "failed"),
        ({"argmin": 0.01}, "failed"),
        ({"formula": 1e-5}, "failed"),
        ({"entropy": 0.1}, "failed"),
        ({"networks": ["clutter"], "data": "glyphs"}, "supported"),
    ],
)
def test_the_verdict_follows_the_numbers(change, status):
    verdict = ReconstructionLossesConfig().verdict([GOOD | change] * 3)
    assert verdict.status == status
    assert ("no better than" in verdict.text) == (change.get("bce_wrong") != 0)
    assert ("Features that see through" in verdict.text) == ("clutter_wrong" in change)
    assert ("Squeezenet's weights are not here" in verdict.text) == ("networks" in change)
