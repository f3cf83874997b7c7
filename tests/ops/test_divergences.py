import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from reverie.core.posterior import DiagonalGaussian
from reverie.ops.divergences import gaussian_kl


def draws(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(6, 4, generator=generator, dtype=torch.float64) for _ in range(count)]


def test_general_divergence_equals_torch_distributions():
    m1, v1, m2, v2 = draws(4)
    expected = kl_divergence(Normal(m1, (0.5 * v1).exp()), Normal(m2, (0.5 * v2).exp()))
    assert torch.allclose(gaussian_kl(m1, v1, m2, v2), expected, atol=1e-6, rtol=1e-6)


def test_general_divergence_is_the_footnote_of_the_textbook():
    # log(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2, at m1 = 1, s1 = 2, m2 = -1, s2 = 3
    expected = math.log(3 / 2) + (4 + 4) / 18 - 0.5
    numbers = [torch.tensor([number]) for number in (1.0, math.log(4.0), -1.0, math.log(9.0))]
    assert gaussian_kl(*numbers).item() == pytest.approx(expected, rel=1e-6)


def test_general_divergence_to_the_prior_is_the_posteriors():
    location, log_variance = draws(2)
    zeros = torch.zeros_like(location)
    posterior = DiagonalGaussian(location, log_variance).kl()
    assert torch.allclose(gaussian_kl(location, log_variance, zeros, zeros), posterior)


def test_divergence_from_itself_is_zero():
    location, log_variance = draws(2)
    assert gaussian_kl(location, log_variance, location, log_variance).abs().max() < 1e-12
