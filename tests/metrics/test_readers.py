"""Probes read what codes know of unseen episodes, and are not taken in by what they only seem to know."""

import numpy as np
import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.core.metric import Labelled
from reverie.metrics import _mlp
from reverie.metrics.probe import ProbeConfig, Scale, Whitening

READERS = ("ridge", "mlp")
EPISODES, LENGTH = 60, 20


def labelled(episodes=EPISODES, units=6, seed=0):
    generator = np.random.default_rng(seed)
    codes = generator.normal(size=(episodes * LENGTH, units)).astype(np.float32)
    factors = (codes[:, :2] @ np.array([[1.0, 0.5], [0.3, -2.0]]) + 4).astype(np.float32)
    return Labelled(codes, factors, np.repeat(np.arange(episodes, dtype=np.int64), LENGTH))


def r2(truth, predictions):
    return 1 - np.square(predictions - truth).mean(0) / truth.var(0)


@pytest.mark.parametrize("reader", READERS)
def test_a_linear_factor_is_read_in_its_own_units(reader):
    read = ProbeConfig(reader=reader).build().fit(labelled())
    test = labelled(seed=1)
    assert (r2(test.factors, read(test.codes)) > 0.97).all()
    assert np.allclose(read(test.codes).mean(0), 4, atol=0.3)


def test_a_curved_factor_needs_the_network():
    def curved(given):
        return Labelled(given.codes, np.square(given.codes[:, :1]) - given.codes[:, 1:2] ** 2, given.episodes)

    fit, test = curved(labelled()), curved(labelled(seed=1))
    scores = {
        reader: float(r2(test.factors, ProbeConfig(reader=reader).build().fit(fit)(test.codes))[0])
        for reader in READERS
    }
    assert scores["ridge"] < 0.1 and scores["mlp"] > 0.8


@pytest.mark.parametrize("reader", READERS)
def test_a_code_that_only_names_the_episode_scores_nothing(reader):
    """Splitting by frame, the same code would score above 0.9: the last line makes sure of that."""
    generator = np.random.default_rng(2)
    which = labelled().episodes
    codes = generator.normal(size=(EPISODES, 40)).astype(np.float32)[which]
    factors = generator.normal(size=(EPISODES, 1))[which] + 0.05 * generator.normal(size=(len(which), 1))
    factors = factors.astype(np.float32)
    probe = ProbeConfig(reader=reader).build()
    assert probe(codes, factors, which).value < 0.1
    assert probe(codes, factors).value > 0.7


def test_what_a_code_means_does_not_depend_on_the_other_test_frames():
    """Standardising on the test side would let a shift of all its codes pass unseen."""
    read = ProbeConfig().build().fit(labelled())
    test = labelled(seed=1)
    assert np.allclose(read(test.codes[:3]), read(test.codes)[:3], atol=1e-5)
    assert not np.allclose(read(test.codes + 1.0), read(test.codes), atol=0.5)


def test_what_is_kept_in_a_direction_that_hardly_varies_is_read():
    """Young autoencoders keep the lander's place in directions with 1e-7 of the variance."""
    generator = np.random.default_rng(3)
    given = labelled()
    common = generator.normal(size=(len(given.codes), 1)) * np.ones((1, 6))
    codes = common + 3e-4 * generator.normal(size=(len(given.codes), 6))
    factors = ((codes[:, :1] - codes[:, 1:2]) / 3e-4).astype(np.float32)
    score = ProbeConfig().build()(codes.astype(np.float32), factors, given.episodes)
    assert score.value > 0.95


def test_a_pixel_that_was_lit_once_does_not_shout():
    def pixels(seed):
        generator = np.random.default_rng(seed)
        given = labelled(seed=seed)
        lit = np.zeros((len(given.codes), 3), dtype=np.float32)
        lit[generator.choice(len(lit), 1 if seed == 0 else 200)] = 1.0
        return Labelled(np.hstack([given.codes, lit]), given.factors, given.episodes)

    fit, test = pixels(0), pixels(1)
    read = ProbeConfig(floor=0.1).build().fit(fit)
    assert (r2(test.factors, read(test.codes)) > 0.95).all()


def test_a_network_is_as_it_was_at_its_best_on_held_out_episodes():
    """Trained on noise for long, the last weights are far worse than the first."""
    draw = torch.Generator().manual_seed(0)
    fit, validation = (
        _mlp.Side(torch.randn(100, 8, generator=draw), torch.randn(100, 2, generator=draw)) for _ in range(2)
    )
    plan = _mlp.Networks(epochs=60, patience=60, batch_size=20, learning_rate=1e-2, weight_decay=0.0)
    weights = _mlp.train(plan, fit, validation, draw)
    errors = (_mlp.predict(weights, validation.codes) - validation.factors).square().mean(0)
    assert (errors <= validation.factors.square().mean(0) + 1e-6).all()


def test_constant_factors_are_left_out():
    given = labelled()
    factors = np.hstack([given.factors, np.full((len(given.factors), 1), 9.81, dtype=np.float32)])
    assert set(ProbeConfig().build()(given.codes, factors, given.episodes).parts) == {"factor 0", "factor 1"}


def test_codes_that_never_change_score_nothing():
    given = labelled()
    for reader in READERS:
        score = ProbeConfig(reader=reader).build()(np.ones_like(given.codes), given.factors, given.episodes)
        assert abs(score.value) < 0.02


def test_raw_pixels_may_outnumber_frames():
    generator = np.random.default_rng(4)
    given = labelled(episodes=10, units=4)
    spread = generator.normal(size=(4, 1000)).astype(np.float32)
    pixels = given.codes @ spread + 0.1 * generator.normal(size=(200, 1000)).astype(np.float32)
    assert ProbeConfig().build()(pixels.astype(np.float32), given.factors, given.episodes).value > 0.9


def test_one_episode_and_constant_factors_are_refused_in_a_sentence():
    given = labelled(episodes=1)
    probe = ProbeConfig().build()
    with pytest.raises(WrongInput, match="at least 2 episodes"):
        probe(given.codes, given.factors, given.episodes)
    with pytest.raises(WrongInput, match="all are constant"):
        probe(given.codes, np.ones_like(given.factors), np.arange(LENGTH, dtype=np.int64))


def test_scaling_there_and_back_is_the_identity():
    values = np.random.default_rng(5).normal(3, 100, size=(50, 4))
    scale = Scale.of(values)
    assert np.allclose(scale.to(values).std(0), 1) and np.allclose(scale.back(scale.to(values)), values)


def test_whitened_codes_are_uncorrelated_and_of_one_size():
    codes = np.random.default_rng(6).normal(size=(4000, 3)) @ np.array([[1, 2, 0], [0, 1, 0], [3, 0, 0.1]])
    white = Whitening.of(codes)(codes).numpy()
    assert np.allclose(np.cov(white.T), np.eye(3), atol=0.05)
