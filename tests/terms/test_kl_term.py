import math

import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import View
from reverie.terms import parse
from reverie.terms.kl import KL


def view(location: list[list[float]], requires_grad: bool = False) -> View:
    """Variance one, so that a unit costs half its squared location, in nats."""
    means = torch.tensor(location, requires_grad=requires_grad)
    frames = torch.zeros(len(location), 1)
    return View(frames, DiagonalGaussian(means, torch.zeros_like(means)), means, frames)


def test_divergence_is_summed_over_units_and_kept_by_image():
    assert KL()(view([[2.0, 1.0], [0.0, 3.0]])).tolist() == [2.5, 4.5]


def test_free_bits_per_unit_lift_each_unit_to_the_floor():
    # units cost 2.0, 0.5 and 0.0, 4.5; the floor is 1
    assert KL(1.0, "unit")(view([[2.0, 1.0], [0.0, 3.0]])).tolist() == [3.0, 5.5]


def test_free_bits_per_image_lift_only_the_sum():
    assert KL(3.0, "image")(view([[2.0, 1.0], [0.0, 3.0]])).tolist() == [3.0, 4.5]


@pytest.mark.parametrize("per", ["unit", "image"])
def test_below_the_floor_nothing_pulls_towards_the_prior(per):
    seen = view([[0.1, 0.1]], requires_grad=True)
    KL(1.0, per)(seen).sum().backward()
    assert not seen.codes.grad.any()


def test_half_a_nat_for_each_of_32_units_is_the_tolerance_of_world_models():
    seen = view([[0.5] * 32])
    assert KL(0.5 * 32, "image")(seen).item() == 16.0
    assert KL()(seen).item() == pytest.approx(32 * 0.125)
    assert math.isclose(KL(0.5, "unit")(seen).item(), 16.0)


def test_the_divergence_is_no_reconstruction():
    with pytest.raises(WrongInput, match="weigh it with --beta"):
        parse("kl")
