"""The capacity schedule: the equation by hand, its clock, and where it leads."""

import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import View
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.terms.kl import Capacity
from reverie.terms.pixel import squared


def view(location: torch.Tensor) -> View:
    """Variance one, so that a unit costs half its squared location, in nats."""
    return View(location, DiagonalGaussian(location, torch.zeros_like(location)), location, location)


def test_the_capacity_rises_in_a_line_and_stays():
    term, nothing = Capacity(6.0, steps=4), view(torch.zeros(1, 2))
    assert [term(nothing).item() for _ in range(7)] == [0.0, 1.5, 3.0, 4.5, 6.0, 6.0, 6.0]


def test_the_price_is_the_distance_above_and_below_image_by_image():
    term = Capacity(2.0, steps=1)
    term.step += 1
    # Divergences of 0.5, 2.0 and 8.0 nats.
    assert term(view(torch.tensor([[1.0, 0.0], [0.0, 2.0], [4.0, 0.0]]))).tolist() == [1.5, 0.0, 6.0]


def test_only_training_counts():
    term = Capacity(6.0, steps=4)
    term(view(torch.zeros(3, 2)))
    term.eval()
    for _ in range(5):
        assert term(view(torch.zeros(1, 2))).item() == 1.5
    assert term.step == 1


def test_descending_leads_to_a_divergence_of_the_capacity():
    term, location = Capacity(3.0, steps=100), torch.full((4, 2), 0.1, requires_grad=True)
    optimiser = torch.optim.SGD([location], 0.01)
    for _ in range(600):
        optimiser.zero_grad()
        term(view(location)).sum().backward()
        optimiser.step()
    assert view(location).posterior.kl().sum(1).tolist() == pytest.approx([3.0] * 4, abs=0.05)


def test_its_clock_is_part_of_the_representation_s_state_with_and_without_an_objective():
    config = ConvVAEConfig(code_size=2, capacity=5.0)
    for term in (squared, None):
        assert "capacity.step" in config.build((3, 64, 64), term).state_dict()
    assert not [name for name in ConvVAEConfig().build((3, 64, 64)).state_dict() if "capacity" in name]


def test_the_objective_weighs_the_distance_by_beta():
    module = ConvVAEConfig(code_size=2, capacity=5.0, capacity_steps=10, beta=7.0).build((3, 64, 64), squared)
    frames = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    player = module.players()[0]
    player.loss(frames, torch.Generator().manual_seed(1))
    losses = player.loss(frames, torch.Generator().manual_seed(1))
    divergence = module.encode(frames).kl().sum(1)
    assert losses.weights["kl"] == 7.0
    assert torch.allclose(losses.terms["kl"], (divergence - 0.5).abs(), rtol=1e-5)


def test_a_capacity_beside_free_bits_and_a_schedule_of_no_steps_are_refused():
    with pytest.raises(WrongInput, match="takes a capacity or free bits, not both"):
        ConvVAEConfig(capacity=1.0, free_bits=0.5)
    with pytest.raises(WrongInput, match="'capacity_steps' must be positive, got 0"):
        ConvVAEConfig(capacity=1.0, capacity_steps=0)
