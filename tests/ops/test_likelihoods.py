"""Likelihoods against scipy, torch.distributions, exact marginals, and formulas by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Independent, Normal

from reverie.ops.likelihoods import (
    bernoulli_log_likelihood,
    diagonal_gaussian_log_density,
    gaussian_log_likelihood,
    importance_bound,
    prior_estimate,
)


def uniform(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_bernoulli_of_black_and_white_pixels_equals_scipy():
    frames = (uniform(3, 2, 4, 4) > 0.5).float()
    probabilities = uniform(3, 2, 4, 4, seed=1)
    pixels = stats.bernoulli.logpmf(frames.numpy().astype(int), probabilities.double().numpy())
    found = bernoulli_log_likelihood(frames, probabilities)
    assert np.allclose(found.numpy(), pixels.sum((1, 2, 3)), rtol=1e-5)


def test_bernoulli_of_grey_pixels_is_the_weighted_formula_by_hand():
    found = bernoulli_log_likelihood(torch.tensor([[0.25]]), torch.tensor([[0.8]]))
    assert found.item() == pytest.approx(0.25 * math.log(0.8) + 0.75 * math.log(0.2), rel=1e-6)


@pytest.mark.parametrize("grey", [0.1, 0.5, 0.83])
def test_bernoulli_is_best_at_the_pixel_itself_where_it_is_minus_the_entropy(grey):
    candidates = torch.linspace(0.001, 0.999, 999)[:, None]
    found = bernoulli_log_likelihood(torch.full((999, 1), grey), candidates)
    assert candidates[found.argmax()].item() == pytest.approx(grey, abs=1e-3)
    entropy = -(grey * math.log(grey) + (1 - grey) * math.log(1 - grey))
    assert -found.max().item() == pytest.approx(entropy, abs=1e-5)


def test_bernoulli_does_not_care_which_side_is_called_white():
    frames, probabilities = uniform(3, 5), uniform(3, 5, seed=1)
    turned = bernoulli_log_likelihood(1 - frames, 1 - probabilities)
    assert torch.allclose(bernoulli_log_likelihood(frames, probabilities), turned, rtol=1e-4)


def test_bernoulli_stays_finite_with_finite_gradient_at_certain_mistakes():
    probabilities = torch.tensor([[0.0, 1.0, 1.0]], requires_grad=True)
    found = bernoulli_log_likelihood(torch.tensor([[1.0, 0.0, 1.0]]), probabilities)
    found.sum().backward()
    assert probabilities.grad is not None
    assert found.isfinite().all() and probabilities.grad.isfinite().all()


@pytest.mark.parametrize("scale", [-1.0, 255.0])
def test_bernoulli_refuses_frames_outside_the_unit_range(scale):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        bernoulli_log_likelihood(scale * uniform(2, 3), uniform(2, 3))


def test_gaussian_equals_torch_distributions_with_its_constant():
    frames, location = uniform(4, 3, 5, 5), uniform(4, 3, 5, 5, seed=1)
    expected = Independent(Normal(location, 0.3), 3).log_prob(frames)
    assert torch.allclose(gaussian_log_likelihood(frames, location, 0.3), expected, rtol=1e-5)


def test_density_of_codes_equals_torch_distributions():
    codes, location, log_variance = uniform(4, 6), uniform(4, 6, seed=1), uniform(4, 6, seed=2)
    expected = Independent(Normal(location, (0.5 * log_variance).exp()), 1).log_prob(codes)
    assert torch.allclose(diagonal_gaussian_log_density(codes, location, log_variance), expected, rtol=1e-5)


def test_the_bound_of_several_samples_is_the_log_of_the_mean_weight():
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0], [8.0, 6.0]], dtype=torch.float64)
    assert torch.allclose(importance_bound(weights.log()), torch.tensor([4.0, 4.0]).double().log())


def test_the_bound_does_not_overflow():
    assert importance_bound(torch.tensor([[-9000.0], [-9000.0]])).item() == pytest.approx(-9000.0)


def linear_gaussian(samples: int, q_deviation: float) -> tuple[torch.Tensor, float]:
    """Log-weights for x = z + noise at x = 1.3, with q too wide by intention; and the exact log p(x)."""
    seen = torch.tensor([1.3], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(samples, 2000, generator=generator, dtype=torch.float64)
    codes = 0.65 + q_deviation * noise
    joint = Normal(0.0, 1.0).log_prob(codes) + Normal(codes, 1.0).log_prob(seen)
    exact = Normal(0.0, math.sqrt(2.0)).log_prob(seen).item()
    return joint - Normal(0.65, q_deviation).log_prob(codes), exact


def test_more_samples_tighten_the_bound_up_to_the_exact_likelihood():
    log_weights, exact = linear_gaussian(1000, 1.2)
    one, ten, thousand = (importance_bound(log_weights[:count]).mean().item() for count in (1, 10, 1000))
    assert one < ten < thousand < exact + 0.01
    assert thousand == pytest.approx(exact, abs=0.01)


def test_with_the_exact_posterior_one_sample_is_enough():
    log_weights, exact = linear_gaussian(1, math.sqrt(0.5))
    assert torch.allclose(importance_bound(log_weights), torch.tensor(exact).double(), atol=1e-9)


def test_the_prior_estimate_finds_the_exact_likelihood_with_many_samples():
    codes = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = prior_estimate(Normal(codes, 1.0).log_prob(torch.tensor([1.3], dtype=torch.float64)))
    exact = Normal(0.0, math.sqrt(2.0)).log_prob(torch.tensor(1.3)).item()
    assert found.item() == pytest.approx(exact, abs=0.01)
