"""Beliefs against torch.distributions, Monte Carlo, and numbers worked by hand."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from reverie.core.posterior import DiagonalGaussian, Point


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def belief() -> DiagonalGaussian:
    location = torch.randn(5, 7, generator=generator(1), dtype=torch.float64)
    return DiagonalGaussian(location, torch.randn(5, 7, generator=generator(2), dtype=torch.float64))


def normal(belief: DiagonalGaussian) -> Normal:
    return Normal(belief.location, (0.5 * belief.log_variance).exp())


def test_divergence_equals_torch_distributions(belief):
    expected = kl_divergence(normal(belief), Normal(0.0, 1.0))
    assert torch.allclose(belief.kl(), expected, atol=1e-6, rtol=0)


def test_divergence_equals_a_monte_carlo_estimate_within_one_percent():
    belief = DiagonalGaussian(torch.full((100_000, 1), 1.5), torch.full((100_000, 1), -1.0))
    samples = belief.rsample(generator(5))
    estimate = (normal(belief).log_prob(samples) - Normal(0.0, 1.0).log_prob(samples)).mean()
    assert estimate.item() == pytest.approx(belief.kl()[0].item(), rel=0.01)


def test_divergence_by_hand():
    # location 2, variance 1: 0.5 * (1 + 4 - 1 - 0) nats
    belief = DiagonalGaussian(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]]))
    assert belief.kl().tolist() == [[2.0, 0.0]]


def test_divergence_stays_unit_by_unit_for_maps():
    maps = torch.zeros(2, 3, 4, 4)
    assert DiagonalGaussian(maps, maps).kl().shape == (2, 3, 4, 4)


def test_samples_have_the_location_and_the_standard_deviation_of_the_belief():
    # Deviation exp(0.5 * log-variance) = e; a missing half would give e squared.
    belief = DiagonalGaussian(torch.full((200_000, 1), -3.0), torch.full((200_000, 1), 2.0))
    samples = belief.rsample(generator(6))
    assert samples.mean().item() == pytest.approx(-3.0, abs=0.03)
    assert samples.std().item() == pytest.approx(math.e, rel=0.01)


def test_gradient_through_a_sample_is_the_gradient_of_the_expectation():
    # E[z^2] = m^2 + s^2, so its gradient is 2 m in the location and s^2 in the log-variance.
    location = torch.tensor([[0.7]], requires_grad=True)
    log_variance = torch.tensor([[-0.5]], requires_grad=True)
    belief = DiagonalGaussian(location.expand(500_000, 1), log_variance.expand(500_000, 1))
    belief.rsample(generator(7)).square().mean().backward()
    assert location.grad is not None and log_variance.grad is not None
    assert location.grad.item() == pytest.approx(1.4, rel=0.01)
    assert log_variance.grad.item() == pytest.approx(math.exp(-0.5), rel=0.01)


def test_features_are_halved_into_location_and_clamped_log_variance():
    belief = DiagonalGaussian.from_features(torch.tensor([[1.0, 2.0, 50.0, -50.0]]))
    assert belief.location.tolist() == [[1.0, 2.0]]
    assert belief.log_variance.tolist() == [[10.0, -10.0]]


def test_a_point_is_its_own_sample_and_costs_nothing():
    codes = torch.randn(3, 4)
    point = Point.from_features(codes)
    assert torch.equal(point.rsample(generator()), codes)
    assert not point.kl().any()
