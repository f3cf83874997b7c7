"""Layers, softmax and activations by hand; short fits; the verdict against planted violations."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core.seeds import numpy_generator, torch_generator
from reverie.studies import _small_fits
from reverie.studies._activations import ACTIVATIONS, compare, softmax
from reverie.studies._first_weights import redrawn
from reverie.studies._small_fits import circle, circle_network, curve, curve_network, square
from reverie.studies.feedforward_networks import FeedforwardNetworksConfig, collapse, shares

GOOD = {
    "seed": 0, "parameters": 251, "collapse": 1e-15, "collapse_relu": 5.0, "softmax_sum": 1e-16,
    "softmax": 1e-16, "not_numbers": 0, "activation_values": 1e-15, "activation_slopes": 1e-15,
    "activation_differences": 1e-9, "curve": 0.1, "curve_affine": 60.0, "circle": 98.5, "circle_affine": 55.0,
}  # fmt: skip


def test_affine_layers_collapse_and_others_do_not():
    found = collapse(numpy_generator(3, "collapse"))
    assert found["collapse"] < 1e-12
    assert found["collapse_relu"] > 0.1


def test_softmax_of_scores_a_logarithm_apart():
    """Scores ln 1, ln 2, ln 5 have the shares 1/8, 2/8, 5/8; so have they all raised by 10 000."""
    scores = np.log([[1.0, 2.0, 5.0]])
    assert softmax(scores)[0] == pytest.approx([0.125, 0.25, 0.625])
    assert softmax(scores + 1e4)[0] == pytest.approx([0.125, 0.25, 0.625])
    found = shares(numpy_generator(3, "softmax"))
    assert found["not_numbers"] == 0 and max(found.values()) < 1e-12


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("sigmoid", 0.75, 0.1875),
        ("tanh", 0.8, 0.36),
        ("softplus", math.log(4.0), 0.75),
        ("relu", math.log(3.0), 1.0),
        ("leaky relu", math.log(3.0), 1.0),
        ("swish", 0.75 * math.log(3.0), 0.75 + math.log(3.0) * 0.1875),
    ],
)
def test_activations_at_the_logarithm_of_three(name, value, slope):
    """There exp(-x) is a third, so that everything is a fraction."""
    point = np.array([math.log(3.0)])
    assert ACTIVATIONS[name].value(point)[0] == pytest.approx(value)
    assert ACTIVATIONS[name].slope(point)[0] == pytest.approx(slope)


def test_slopes_are_torchs_and_those_of_differences(monkeypatch):
    found = compare(numpy_generator(3, "activations"))
    assert max(found["activation_values"], found["activation_slopes"]) < 1e-12
    assert found["activation_differences"] < 1e-7
    wrong = ACTIVATIONS["swish"]
    monkeypatch.setitem(ACTIVATIONS, "tanh", type(wrong)(np.tanh, wrong.slope, torch.tanh))
    assert compare(numpy_generator(3, "activations"))["activation_differences"] > 0.1


def test_the_network_of_the_figure_has_251_parameters():
    assert sum(part.numel() for part in curve_network(nn.Tanh).parameters()) == 20 + 110 + 110 + 11


def test_half_of_the_square_is_in_the_circle():
    points, inside = square(20_000, torch_generator(0, "points"))
    assert inside.double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert points[inside == 1].norm(dim=1).max() < 0.798 < points[inside == 0].norm(dim=1).min() + 1e-3


def test_first_weights_depend_on_the_generator_alone():
    networks = (redrawn(circle_network(True), torch_generator(seed, "first")) for seed in (1, 1, 2))
    one, same, other = (torch.cat([part.flatten() for part in each.parameters()]) for each in networks)
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.abs().max() <= 2**-0.5 and one[-22:].abs().max() <= 10**-0.5


def test_a_few_steps_already_tell_networks_from_lines(monkeypatch):
    monkeypatch.setattr(_small_fits, "STEPS", 300)
    assert curve(nn.Tanh, 5) < 10.0 < 40.0 < curve(nn.Identity, 5)
    assert circle(False, 5) < 75.0 < 85.0 < circle(True, 5)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "supported"),
        ({"curve": 1.5}, "not supported"),
        ({"circle": 96.0}, "not supported"),
        ({"circle_affine": 80.0}, "not supported"),
        ({"parameters": 250}, "failed"),
        ({"collapse": 1e-9}, "failed"),
        ({"collapse_relu": 0.0}, "failed"),
        ({"softmax_sum": 1e-3}, "failed"),
        ({"not_numbers": 1}, "failed"),
        ({"activation_slopes": 0.1}, "failed"),
        ({"activation_differences": 0.1}, "failed"),
    ],
)
def test_the_verdict_follows_the_worst_seed(change, status):
    verdict = FeedforwardNetworksConfig().verdict([GOOD, GOOD, GOOD | change])
    assert verdict.status == status
    assert sum(not held for held in verdict.claims.values()) == (status != "supported")
