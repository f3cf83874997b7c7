"""Bounds on the log-likelihood, against linear-Gaussian models, whose likelihood SciPy knows exactly."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from reverie.core.posterior import DiagonalGaussian
from reverie.nn import dense
from reverie.nn.autoencoder import Autoencoder
from reverie.nn.likelihood import Likelihood
from reverie.ops.likelihoods import importance_bound
from reverie.terms.pixel import Gaussian

DEVIATION = 0.5
SHAPE = (7,)


def linear(wider: float = 1.0) -> Autoencoder:
    """A linear decoder with orthogonal columns, and its exact belief, made `wider` times as wide."""
    random = np.random.default_rng(0)
    weights = np.linalg.qr(random.normal(size=(7, 2)))[0] * [1.5, 0.7]
    offset = random.normal(size=7)
    precision = 1 + (weights**2).sum(0) / DEVIATION**2
    to_mean = (weights / DEVIATION**2 / precision).T
    decoder = dense.decoder(SHAPE, [2], "linear", "linear")
    encoder = dense.encoder(SHAPE, [4], "linear")
    (up,), (down,) = ([m for m in part if isinstance(m, torch.nn.Linear)] for part in (decoder, encoder))
    log_variance = -np.log(precision) + 2 * np.log(wider)
    with torch.no_grad():
        up.weight.copy_(torch.from_numpy(weights))
        up.bias.copy_(torch.from_numpy(offset))
        down.weight.copy_(torch.from_numpy(np.concatenate([to_mean, np.zeros((2, 7))])))
        down.bias.copy_(torch.from_numpy(np.concatenate([-to_mean @ offset, log_variance])))
    return Autoencoder(encoder, DiagonalGaussian.from_features, decoder, None)


def exact(frames: torch.Tensor) -> np.ndarray:
    up = next(m for m in linear().decoder if isinstance(m, torch.nn.Linear))
    weights, offset = up.weight.detach().double().numpy(), up.bias.detach().double().numpy()
    return multivariate_normal(offset, weights @ weights.T + DEVIATION**2 * np.eye(7)).logpdf(frames.numpy())


def frames(count: int = 30) -> torch.Tensor:
    return torch.empty(count, 7).normal_(generator=torch.Generator().manual_seed(1))


def bounds(samples: int, wider: float = 1.0, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    model = Likelihood(linear(wider), Gaussian(DEVIATION))
    elbo, bound = model.bounds(frames(), samples, torch.Generator().manual_seed(seed))
    return elbo.numpy(), bound.numpy()


def test_with_the_exact_belief_every_sample_gives_the_exact_likelihood():
    elbo, bound = bounds(3)
    assert np.allclose(elbo, exact(frames()), atol=1e-4)
    assert np.allclose(bound, exact(frames()), atol=1e-4)


def test_with_a_belief_too_wide_many_samples_reach_the_exact_likelihood():
    assert np.abs(bounds(20_000, wider=1.5)[1] - exact(frames())).max() < 0.03


def test_the_evidence_bound_lies_below_by_the_divergence_of_the_belief_from_the_truth():
    """KL between Gaussians of equal mean, deviation ratio r, in two units: 2 (r^2 - 1 - log r^2) / 2."""
    gap = exact(frames()) - bounds(20_000, wider=1.5)[0]
    assert gap.mean() == pytest.approx(1.5**2 - 1 - np.log(1.5**2), rel=0.02)


def test_the_bound_rises_with_the_samples_in_expectation():
    means = []
    for samples in (1, 2, 5, 20, 100):
        means.append(np.mean([bounds(samples, 2.0, seed)[1].mean() for seed in range(40)]))
    assert means == sorted(means)
    assert means[-1] < exact(frames()).mean() + 0.01 and means[1] - means[0] > 0.2


def test_one_sample_gives_the_same_bound_twice_and_more_never_a_lower_one():
    elbo, bound = bounds(1, 2.0)
    assert np.allclose(elbo, bound)
    elbo, bound = bounds(10, 2.0)
    assert (bound >= elbo).all()


def test_sample_by_sample_is_the_same_as_all_at_once():
    model, belief = linear(2.0), linear(2.0).encode(frames())
    generator = torch.Generator().manual_seed(2)
    weights = []
    for _ in range(6):
        codes = belief.rsample(generator)
        normal = torch.distributions.Normal
        believed = normal(belief.location, (0.5 * belief.log_variance).exp())
        parts = normal(0.0, 1.0).log_prob(codes) - believed.log_prob(codes)
        pixels = normal(model.decode(codes), DEVIATION).log_prob(frames())
        weights.append(parts.sum(1) + pixels.sum(1))
    assert np.allclose(bounds(6, 2.0)[1], importance_bound(torch.stack(weights)).detach().numpy(), atol=1e-4)
