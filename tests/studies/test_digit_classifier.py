"""Convolutions by hand, labelled batches, a short fit, and the verdict's rules."""

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET
from reverie.core.seeds import numpy_generator
from reverie.engine.plan import Plan
from reverie.studies import _convolutions, _mnist, digit_classifier
from reverie.studies._in_memory import InMemory, Labelled
from reverie.studies.digit_classifier import DigitClassifierConfig, accuracy, baseline, fitted, new, shapes

GOOD = {
    "seed": 0, "data": "glyphs", "parameters": 19_722, "dense_counted": True, "maps_counted": True,
    "shapes": [[8, 14, 14], [16, 7, 7], [32, 4, 4], [32, 2, 2], [32, 1, 1], [10]], "untrained": 10.0,
    "loops": 1e-14, "shifted": 1e-14, "linear": 80.0, "frequent": 11.0, "accuracy": 98.9,
}  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return _mnist.glyphs((600, 200))


def test_a_convolution_by_hand():
    """A difference to the right over one row of squares; with a stride of two every second one."""
    image, weight = np.array([[[0.0, 1.0, 4.0, 9.0, 16.0]]]), np.array([[[[-1.0, 1.0], [0.0, 0.0]]]])
    image = np.concatenate([image, np.zeros_like(image)], axis=1)
    assert _convolutions.by_loops(image, weight, 1, 0).tolist() == [[[1.0, 3.0, 5.0, 7.0]]]
    assert _convolutions.by_loops(image, weight, 2, 0).tolist() == [[[1.0, 5.0]]]


def test_loops_are_torchs_and_maps_move_with_images(monkeypatch):
    found = _convolutions.compare(numpy_generator(3, "convolutions"))
    assert max(found.values()) < 1e-10
    monkeypatch.setattr(_convolutions, "conv2d", _flipped)
    assert _convolutions.compare(numpy_generator(3, "convolutions"))["loops"] > 0.1


def _flipped(image, weight, *rest):
    """What mathematics calls a convolution; networks do not flip their kernels."""
    return torch.nn.functional.conv2d(image, weight.flip(2, 3), *rest)


def test_sizes_are_as_counted():
    assert _convolutions.dense_weights_are_as_counted()
    assert _convolutions.maps_are_as_counted()
    assert shapes(new(0)) == GOOD["shapes"]


def test_each_image_comes_with_its_own_name():
    images = torch.arange(12.0).reshape(12, 1)
    batches = Labelled(InMemory(images, batch_size=3, passes=2, seed=5), torch.arange(12) * 10)
    whole = list(batches.epoch(1))
    assert len(whole) == len(batches) == 8
    assert all(torch.equal(found[:, 0] * 10, names.float()) for found, names in whole)
    assert all(torch.equal(one[1], two[1]) for one, two in zip(batches.epoch(1, 3), whole[3:], strict=True))


def test_a_short_fit_beats_the_first_weights_and_is_read_back(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(digit_classifier, "PLAN", Plan(epochs=6, batch_size=20, learning_rate=3e-3))
    network, again = new(3), new(3)
    before = accuracy(network, digits)
    fitted(network, digits, 3, (tmp_path / "fit", QUIET))
    assert accuracy(network, digits) > max(60.0, before)
    fitted(again, digits, 3, (tmp_path / "fit", QUIET))
    assert accuracy(again, digits) == accuracy(network, digits)


def test_baselines_are_better_than_chance_and_names_count(digits):
    found = baseline(digits)
    assert 8.0 < found["frequent"] < 20.0 < 40.0 < found["linear"]
    right = _mnist.Images("x", digits.training, digits.test, digits.training_names, digits.test_names + 100)
    assert accuracy(new(0), right) == 0.0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "supported"),
        ({"accuracy": 94.9}, "not supported"),
        ({"parameters": 19_721}, "failed"),
        ({"shapes": [[10]]}, "failed"),
        ({"loops": 1e-3}, "failed"),
        ({"shifted": 1e-3}, "failed"),
        ({"maps_counted": False}, "failed"),
        ({"dense_counted": False}, "failed"),
    ],
)
def test_the_verdict_follows_the_worst_seed(change, status):
    verdict = DigitClassifierConfig().verdict([GOOD, GOOD, GOOD | change])
    assert verdict.status == status
    assert "not MNIST's" in verdict.text


def test_mnist_is_asked_for_more():
    study = DigitClassifierConfig(scale="gpu")
    assert study.verdict([GOOD | {"data": "MNIST", "accuracy": 98.4}]).status == "not supported"
    assert study.verdict([GOOD | {"data": "MNIST", "accuracy": 98.6}]).status == "supported"
