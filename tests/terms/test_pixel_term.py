"""Pixel terms against numbers by hand and torch.distributions."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from reverie.core.errors import WrongInput
from reverie.core.posterior import Point
from reverie.core.representation import View
from reverie.core.term import Materials
from reverie.terms import parse
from reverie.terms.pixel import WEIGHT_RANGE, colour_of, rarity_weights, variance_weights


def refuse(name: str):
    raise AssertionError(f"a pixel term asked for the network {name}")


def term(words: str, pixels: np.ndarray | None = None):
    return parse(words).build(
        Materials(refuse, np.zeros((2, 4, 4, 3), np.uint8) if pixels is None else pixels)
    )


def view(frames: torch.Tensor, prediction: torch.Tensor) -> View:
    codes = torch.zeros(len(frames), 1)
    return View(frames, Point(codes), codes, prediction)


FRAMES = torch.tensor([[[[0.0, 1.0]]], [[[0.5, 0.5]]]])
PREDICTION = torch.tensor([[[[0.3, 0.6]]], [[[0.5, 0.5]]]])


def test_squared_error_is_summed_over_pixels():
    assert term("pixel")(view(FRAMES, PREDICTION)).tolist() == pytest.approx([0.25, 0.0])


def test_pixel_alone_means_squared():
    assert parse("pixel") == parse("pixel:squared")


def test_unsquared_error_is_the_length_of_the_error():
    assert term("pixel:unsquared")(view(FRAMES, PREDICTION)).tolist() == pytest.approx([0.5, 0.0])


def test_unsquared_error_has_gradient_zero_where_there_is_no_error():
    prediction = FRAMES.clone().requires_grad_()
    term("pixel:unsquared")(view(FRAMES, prediction)).sum().backward()
    assert prediction.grad is not None and not prediction.grad.any()


def test_unsquared_error_pulls_with_unit_strength_everywhere_else():
    prediction = PREDICTION.clone().requires_grad_()
    term("pixel:unsquared")(view(FRAMES, prediction))[0].backward()
    assert prediction.grad is not None
    assert prediction.grad[0].flatten().tolist() == pytest.approx([0.6, -0.8])


def test_bce_is_the_negative_bernoulli_log_likelihood():
    expected = -math.log(0.7) - math.log(0.6)
    found = term("pixel:bce")(view(FRAMES, PREDICTION)).tolist()
    assert found == pytest.approx([expected, 2 * math.log(2)], rel=1e-6)


@pytest.mark.parametrize(("words", "deviation"), [("pixel:gaussian", 0.1), ("pixel:gaussian=0.25", 0.25)])
def test_gaussian_is_the_negative_log_density_with_its_constant(words, deviation):
    expected = -Normal(PREDICTION, deviation).log_prob(FRAMES).flatten(1).sum(1)
    assert torch.allclose(term(words)(view(FRAMES, PREDICTION)), expected, rtol=1e-5)


def flicker() -> torch.Tensor:
    """Four frames of 1 x 4 places whose variances are 0, 1, 4 and 400 (times a constant)."""
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None]
    return (0.5 + 0.02 * signs * torch.tensor([[0.0, 1.0, 2.0, 20.0]]))[:, None, None, :]


def test_weights_follow_the_variance_relative_to_the_median_moving_place():
    # Medians of 1, 4, 400: 4. Ratios 0, 1/4, 1, 100 are clipped to 1, 1, 1, 30, then divided by their mean.
    weights = variance_weights(flicker()).flatten()
    assert weights.tolist() == pytest.approx([value / 8.25 for value in (1.0, 1.0, 1.0, 30.0)], rel=1e-5)


def test_weighted_error_keeps_the_scale_of_the_squared_error():
    pixels = (flicker().permute(0, 2, 3, 1).expand(-1, -1, -1, 3) * 255).round().to(torch.uint8).numpy()
    frames = torch.zeros(1, 3, 1, 4)
    everywhere = view(frames, torch.full_like(frames, 0.5))
    found = term("pixel:weighted", pixels)(everywhere)
    assert found.item() == pytest.approx(term("pixel")(everywhere).item(), rel=1e-5)


def test_frames_that_never_change_are_weighted_evenly():
    assert torch.equal(variance_weights(torch.full((3, 3, 2, 2), 0.2)), torch.ones(2, 2))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("pixle", "unknown term 'pixle'; did you mean 'pixel'"),
        ("pixel:squard", "unknown kind of pixel term 'squard'; did you mean 'squared'"),
        ("pixel:bce=0.1", "'pixel:bce' takes no number"),
        ("pixel:gaussian=wide", "needs a positive number, got 'wide'"),
        ("pixel:gaussian=-1", "needs a positive number, got '-1'"),
        ("pixel:gaussian=nan", "needs a positive number, got 'nan'"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(words, message):
    with pytest.raises(WrongInput, match=message):
        parse(words)


def patches(common: int, rare: int) -> np.ndarray:
    """A frame of black pixels, `common` of them, and `rare` pixels of pure yellow."""
    colours = [(0, 0, 0)] * common + [(255, 255, 0)] * rare
    return np.array(colours, dtype=np.uint8).reshape(1, 1, -1, 3)


def test_colours_have_boxes_of_their_own():
    frames = torch.tensor([[0.0, 0.124], [0.126, 1.0]]).reshape(1, 1, 2, 2)
    assert colour_of(frames).tolist() == [[[0, 0], [1, 7]]]
    yellow = torch.tensor([1.0, 1.0, 0.0]).reshape(1, 3, 1, 1)
    assert colour_of(yellow).item() == 7 * 64 + 7 * 8


@pytest.mark.parametrize(("common", "rare"), [(90, 10), (99, 1)])
def test_a_rare_colour_weighs_by_the_inverse_of_its_frequency(common, rare):
    pixels = patches(common, rare)
    frames = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255.0
    weights = rarity_weights(frames)
    ratio = min(common / rare, WEIGHT_RANGE[1])
    assert (weights[7 * 64 + 7 * 8] / weights[0]).item() == pytest.approx(ratio)
    assert weights[colour_of(frames)].mean().item() == pytest.approx(1.0)


def test_a_rare_pixel_costs_its_weight_by_hand():
    """90 black and 10 yellow pixels: weights 1 and 9, divided by their mean of 1.8."""
    pixels = patches(90, 10)
    frames = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255.0
    found = term("pixel:rare", pixels)(view(frames, torch.zeros_like(frames)))
    assert found.item() == pytest.approx(10 * 2 * 9 / 1.8)
    dark = frames.clone()
    dark[..., 0] = 0.5  # one black pixel rebuilt as grey
    found = term("pixel:rare", pixels)(view(frames, dark))
    assert found.item() == pytest.approx(3 * 0.25 * 1 / 1.8)
