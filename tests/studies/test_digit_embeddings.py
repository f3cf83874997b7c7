"""Planes of codes measured by hand, the mirrored network's fit, and the verdict's rules."""

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.engine.plan import Plan
from reverie.nn.digit_cnn import FRAME
from reverie.studies import _mnist, _planes, digit_embeddings
from reverie.studies.digit_embeddings import ARMS, DigitEmbeddingsConfig, baselines, measures
from reverie.terms.pixel import bernoulli
from reverie.verbs.fit import build

GOOD = {
    "seed": 0, "data": "MNIST", "training": 60_000, "epochs": 6, "pca_named": 43.0, "untrained_named": 30.0,
    "ae_named": 70.0, "ae_off_centre": 2.0, "ae_narrowest": 3.0, "ae_widest": 5.0, "ae_step": 15.0,
    "ae_confused": [[4, 9], [3, 5], [3, 8]], "ae_four_nine": 1, "ae_one_seven": 12, "vae_named": 65.0,
    "vae_off_centre": 0.1, "vae_narrowest": 0.9, "vae_widest": 1.1, "vae_step": 15.0,
    "vae_confused": [[4, 9], [3, 5], [3, 8]], "vae_four_nine": 1, "vae_one_seven": 9,
}  # fmt: skip


def test_both_arms_have_two_numbers_and_one_has_beliefs():
    images = torch.rand(3, *FRAME)
    plain, variational = (config.build(FRAME, bernoulli) for config in ARMS.values())
    assert isinstance(plain.encode(images), Point)
    assert isinstance(variational.encode(images), DiagonalGaussian)
    assert plain.encode(images).mean.shape == variational.encode(images).mean.shape == (3, 2)
    assert sum(part.numel() for part in plain.encoder.parameters()) == 19_722 - 330 + 66
    assert sum(part.numel() for part in variational.encoder.parameters()) == 19_722 - 330 + 132


def test_the_variational_loss_pays_for_its_divergence():
    images = torch.rand(3, *FRAME)
    module = ARMS["vae"].build(FRAME, bernoulli)
    losses = module.loss(images, torch.Generator().manual_seed(0))
    expected = losses.terms["reconstruction"].mean() + module.encode(images).kl().sum(1).mean()
    assert losses.total().item() == pytest.approx(expected.item(), rel=1e-6)


def test_ten_neighbours_vote():
    """Eleven ones at the origin and nine twos at (1, 0): only near the twos do they have the majority."""
    codes = np.repeat([[0.0, 0.0], [1.0, 0.0]], (11, 9), axis=0)
    names = np.repeat([1, 2], (11, 9))
    assert _planes.named((codes, names), np.array([[0.1, 0.0], [0.9, 0.0]])).tolist() == [1, 2]


def test_pairs_are_confused_in_either_direction():
    true = np.array([4, 4, 9, 3, 3, 0, 1, 2])
    called = np.array([9, 9, 4, 5, 5, 0, 1, 2])
    assert _planes.confusions(true, called)[:2] == [(4, 9), (3, 5)]
    assert len(_planes.confusions(true, called)) == 45


def test_the_nearest_pair_is_that_of_the_nearest_means():
    names = np.repeat(np.arange(10), 2)
    places = np.array([0.0, 50.0, 10.0, 20.0, 30.0, 40.0, 60.0, 50.5, 70.0, 80.0])
    codes = np.stack([np.repeat(places, 2) + np.tile([-1.0, 1.0], 10), np.zeros(20)], axis=1)
    assert _planes.nearest(codes, names)[0] == (1, 7)


def test_spread_is_mean_and_deviation():
    codes = np.array([[0.0, 3.0], [4.0, 3.0]])
    assert _planes.spread(codes) == {"off_centre": 3.0, "narrowest": 0.0, "widest": 2.0}


def test_steps_of_a_grid_that_is_decoded_to_itself():
    """Pictures that are the codes: a step is the spacing; pairs are measured by brute force."""
    grid = _planes.grid_of(np.random.default_rng(0).uniform(size=(1000, 2)))
    flat = grid.flatten(0, 1).double().numpy()
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    spacing = (apart[0, 1] + apart[0, _planes.GRID]) / 2
    expected = 100 * spacing / apart[np.triu_indices(len(flat), 1)].mean()
    assert _planes.step_percent(lambda codes: codes, grid) == pytest.approx(expected, rel=1e-5)


def test_a_decoder_that_jumps_is_not_smooth():
    generator = np.random.default_rng(0)
    noise = torch.from_numpy(generator.normal(size=(_planes.GRID**2, 784)))
    assert _planes.step_percent(lambda codes: noise, _planes.normal_grid()) == pytest.approx(100.0, abs=2.0)


def test_the_normal_grid_ends_at_five_per_cent():
    grid = _planes.normal_grid()
    assert grid.shape == (20, 20, 2)
    assert grid[0, -1].tolist() == pytest.approx([-1.6449, 1.6449], abs=1e-3)


def test_a_short_fit_measures_everything_that_the_verdict_asks(tmp_path, monkeypatch):
    images = _mnist.glyphs((200, 100))
    monkeypatch.setattr(digit_embeddings, "mnist_or_glyphs", lambda: images)
    monkeypatch.setitem(digit_embeddings.PLANS, "cpu", Plan(epochs=1, batch_size=50))
    result = DigitEmbeddingsConfig().one_seed(3, tmp_path, QUIET)
    assert set(result) == set(GOOD)
    assert (tmp_path / "vae.png").read_bytes().startswith(b"\x89PNG")
    verdict = DigitEmbeddingsConfig().verdict([result])
    assert verdict.status == "not supported" and "stand in" in verdict.text
    assert not any("4 and 9" in claim for claim in verdict.claims)


def test_the_plane_of_a_belief_is_decoded_where_the_prior_is(monkeypatch):
    images = _mnist.glyphs((50, 100))
    monkeypatch.setattr(_planes, "grid_of", lambda codes: pytest.fail("a belief has the prior's grid"))
    found = measures(build(ARMS["vae"], FRAME, 0, bernoulli), images, 0)
    assert found["off_centre"] < 1.0 < 1.5 * found["narrowest"]
    assert 0.0 < baselines(images, 0)["pca_named"] <= 100.0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "supported"),
        ({"vae_named": 57.0}, "not supported"),
        ({"ae_named": 57.0}, "not supported"),
        ({"vae_off_centre": 0.3}, "not supported"),
        ({"vae_narrowest": 0.7}, "not supported"),
        ({"vae_widest": 1.3}, "not supported"),
        ({"ae_widest": 1.2, "ae_narrowest": 1.0}, "not supported"),
        ({"ae_step": 30.0}, "not supported"),
        ({"vae_four_nine": 4}, "not supported"),
    ],
)
def test_the_verdict_follows_the_worst_seed(change, status):
    verdict = DigitEmbeddingsConfig().verdict([GOOD, GOOD | change])
    assert verdict.status == status
    assert sum(not held for held in verdict.claims.values()) == (status != "supported")
