"""The bricks of the study of the bound against exact probabilities, and its verdict against violations."""

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid
from scipy.stats import norm

from reverie.core.seeds import torch_generator
from reverie.studies import _bounds, _identities
from reverie.studies._linear_gaussian import (
    LinearGaussian,
    floats,
    learnt_world,
    linear_vae,
    random_world,
    widened,
)
from reverie.studies.elbo import ElboConfig, baselines

SCALES = (2.0, 1.0)
DEVIATION = 0.5


@pytest.fixture(scope="module")
def world():
    return random_world(SCALES, pixels=6, deviation=DEVIATION, seed=3)


@pytest.fixture(scope="module")
def images(world):
    return floats(world.draw(200, np.random.default_rng(1)))


@pytest.fixture(scope="module")
def ideal(world):
    """The autoencoder whose bound is exact: orthogonal columns in the decoder, the true posterior before it.

    Source: Tipping & Bishop 1999, section 3.2, for the posterior of the code.
    """
    directions, scales, _ = np.linalg.svd(world.weights, full_matrices=False)
    weights = directions * scales
    shrunk = weights.T / (scales**2 + DEVIATION**2)[:, None]
    module = linear_vae(world, seed=0)
    values = {
        "encoder.mean.weight": shrunk,
        "encoder.mean.bias": -shrunk @ world.offset,
        "encoder.log_variance": np.log(DEVIATION**2 / (scales**2 + DEVIATION**2)),
        "decoder.0.weight": weights,
        "decoder.0.bias": world.offset,
    }
    module.load_state_dict({name: torch.tensor(value).float() for name, value in values.items()})
    return _bounds.Model(module, DEVIATION)


@pytest.fixture
def result():
    """What one seed measures when everything is as it should be."""
    likelihoods = {
        "exact": -10.0, "elbo": -10.01, "elbo_closed_form": -10.01, "gap": 0.001, "angle": 0.5, "best": -10.0,
        "best_angle": 0.5, "independent_pixels": -13.0, "own_exact": -10.0,
    }  # fmt: skip
    bounds = {
        "learnt_elbo": -10.003, "learnt_iw10": -10.002, "learnt_iw1000": -10.001,
        "loose_elbo": -12.0, "loose_iw10": -10.5, "loose_iw1000": -10.01, "closed_percent": 99.0,
        "variance_naive": 1.0, "variance_guided": 1e-5, "variance_loose": 0.02, "variance_ratio": 1e5,
        "variance_ratio_loose": 50.0,
    }  # fmt: skip
    identities = {
        "kl_difference": 1e-15, "single_kl_difference": 2e-7, "general_kl_difference": 1e-15,
        "kl_sampled_percent": 0.3, "location_gradient_percent": 0.1, "log_variance_gradient_percent": 0.1,
    }  # fmt: skip
    return {"seed": 0, "pixels": 10, "units": 3} | likelihoods | bounds | identities


def test_a_world_of_one_pixel_has_the_density_that_integration_over_its_code_gives():
    world = LinearGaussian(np.array([[1.5]]), np.array([0.3]), 0.7)
    codes = np.linspace(-9.0, 9.0, 20_001)
    for pixel in (-2.0, 0.3, 1.9):
        joint = norm.pdf(codes) * norm.pdf(pixel, 1.5 * codes + 0.3, 0.7)
        expected = np.log(trapezoid(joint, codes))
        assert world.log_marginal(np.array([[pixel]]))[0] == pytest.approx(expected, abs=1e-6)


def test_ancestral_samples_have_the_mean_and_covariance_of_the_model(world):
    samples = world.draw(200_000, np.random.default_rng(0))
    expected = world.weights @ world.weights.T + DEVIATION**2 * np.eye(6)
    assert np.allclose(samples.mean(0), world.offset, atol=0.02)
    assert np.allclose(np.cov(samples.T), expected, atol=0.03)


def test_a_world_has_the_singular_values_that_were_asked_for(world):
    assert np.allclose(np.linalg.svd(world.weights, compute_uv=False), SCALES)


def test_the_decoder_describes_the_world_it_was_given(world, ideal):
    found = learnt_world(ideal.module, DEVIATION)
    assert np.allclose(found.weights @ found.weights.T, world.weights @ world.weights.T, atol=1e-5)
    assert np.allclose(found.offset, world.offset, atol=1e-6)


def test_with_the_true_posterior_every_single_weight_is_the_exact_likelihood(world, ideal, images):
    belief = ideal.belief(images)
    with torch.no_grad():
        weights = ideal.log_weights(images, belief, 20, torch_generator(0, "test"))
    exact = torch.from_numpy(world.log_marginal(images.double().numpy()))
    assert torch.allclose(weights, exact.expand(20, -1), atol=1e-3)


def test_with_the_true_posterior_the_bound_is_the_exact_likelihood(world, ideal, images):
    exact = world.log_marginal(images.double().numpy()).mean()
    assert _bounds.closed_form_bound(ideal, images) == pytest.approx(exact, abs=1e-4)
    assert _bounds.evidence_bound(ideal.module, images, 300, seed=0) == pytest.approx(exact, abs=0.02)


def test_a_belief_that_is_too_wide_loses_its_divergence_from_the_posterior(world, ideal, images):
    """KL(N(m, 4 s^2) || N(m, s^2)) is 3/2 - ln 2 for each of the two units."""
    found = _bounds.compare(ideal, images, seed=0)
    lost = found["own_exact"] - found["loose_elbo"]
    assert lost == pytest.approx(2 * (1.5 - np.log(2.0)), rel=0.02)
    assert found["loose_elbo"] < found["loose_iw10"] < found["loose_iw1000"] < found["own_exact"] + 0.01
    assert found["closed_percent"] > 95.0


def test_codes_of_the_prior_estimate_the_same_likelihood_with_far_more_variance(ideal, images, monkeypatch):
    monkeypatch.setattr(_bounds, "REPEATS", 40)
    found = _bounds.variances(ideal, images[:30], seed=0)
    assert found["variance_guided"] < 1e-6
    assert found["variance_naive"] > 10.0 * found["variance_loose"]


def test_widening_multiplies_deviations(ideal, images):
    belief = ideal.belief(images)
    wide = widened(belief, 2.0)
    assert torch.allclose(wide.log_variance.exp(), 4.0 * belief.log_variance.exp())
    assert torch.equal(wide.location, belief.location)


def test_maximum_likelihood_beats_independent_pixels(world, images):
    training = world.draw(5000, np.random.default_rng(2))
    found = baselines(training, world, images.double().numpy())
    assert found["best"] > found["independent_pixels"] + 0.5
    assert found["best_angle"] < 5.0


def test_the_divergence_is_that_of_torch_distributions_and_of_its_definition(monkeypatch):
    monkeypatch.setattr(_identities, "BELIEFS", 6)
    found = _identities.divergences(0)
    assert max(found["kl_difference"], found["general_kl_difference"]) < 1e-12
    assert found["single_kl_difference"] < 1e-6
    assert found["kl_sampled_percent"] < 1.0


def test_gradients_through_the_sampled_code_are_the_analytic_ones(monkeypatch):
    monkeypatch.setattr(_identities, "GRADIENT_SAMPLES", _identities.CHUNK)
    assert max(_identities.gradients(0).values()) < 1.0


def test_good_seeds_pass(result):
    verdict = ElboConfig().verdict([result, result, result])
    assert verdict.status == "passed"
    assert all(verdict.claims.values())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kl_difference", 1e-5),
        ("general_kl_difference", 1e-5),
        ("kl_sampled_percent", 1.5),
        ("gap", 0.03),
        ("angle", 4.0),
        ("learnt_elbo", -9.9),
        ("loose_iw10", -12.5),
        ("loose_iw1000", -9.98),
        ("closed_percent", 50.0),
        ("variance_ratio", 5.0),
        ("location_gradient_percent", 2.0),
        ("log_variance_gradient_percent", 2.0),
    ],
)
def test_one_seed_that_breaks_an_identity_fails_the_study(result, key, value):
    verdict = ElboConfig().verdict([result, result, result | {key: value}])
    assert verdict.status == "failed"
    assert sum(not held for held in verdict.claims.values()) == 1


def test_the_words_do_not_claim_what_the_numbers_deny(result):
    """A loose belief and unordered bounds: the text gives the numbers and no theorem."""
    verdict = ElboConfig().verdict(
        [result | {"learnt_elbo": -12.0, "loose_iw1000": -9.0, "own_exact": -10.0}]
    )
    for praise in ("almost the exact posterior", "tighten", "none passes"):
        assert praise not in verdict.text
    assert "at most 1 nats in any seed" in verdict.text
    assert any("relative above one nat" in claim for claim in verdict.claims)


def test_how_a_seed_was_made_is_no_number(result):
    told = result | {"under": {"seeds": 3}, "made_with": {"torch": "2.9.0"}}
    assert ElboConfig().verdict([told]).table == ElboConfig().verdict([result]).table
