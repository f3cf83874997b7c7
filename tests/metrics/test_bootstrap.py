"""Scores and intervals from per-episode sums are those of the frames themselves."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from reverie.ops import bootstrap


def answers(episodes=25, factors=2, seed=3):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(3, 30, episodes)
    which = np.repeat(np.arange(episodes, dtype=np.int64) * 7, lengths)
    targets = 100 + generator.normal(size=(len(which), factors))
    errors = generator.normal(size=(episodes, factors)).repeat(lengths, axis=0) * 0.3
    predictions = targets + errors + 0.2 * generator.normal(size=targets.shape)
    return targets, predictions, which


AUTHORITIES = {
    bootstrap.r2: r2_score,
    bootstrap.rmse: root_mean_squared_error,
    bootstrap.mae: mean_absolute_error,
}


@pytest.mark.parametrize("score", AUTHORITIES, ids=lambda score: score.__name__)
def test_scores_are_scikit_learns(score):
    targets, predictions, which = answers()
    sums = bootstrap.episode_sums(targets, predictions, which)
    wanted = AUTHORITIES[score](targets, predictions, multioutput="raw_values")
    assert np.allclose(score(sums, bootstrap.once(25))[0], wanted, rtol=1e-9)


def test_a_factor_far_from_zero_loses_no_digits():
    targets, predictions, which = answers()
    near, far = (
        bootstrap.episode_sums(targets + shift, predictions + shift, which) for shift in (0.0, 2.0**30)
    )
    assert np.allclose(
        bootstrap.r2(near, bootstrap.once(25)), bootstrap.r2(far, bootstrap.once(25)), atol=1e-5
    )


def test_the_order_of_frames_does_not_matter():
    targets, predictions, which = answers()
    order = np.random.default_rng(0).permutation(len(which))
    one = bootstrap.episode_sums(targets, predictions, which)
    other = bootstrap.episode_sums(targets[order], predictions[order], which[order])
    assert np.allclose(one.errors_squared, other.errors_squared)
    assert np.array_equal(one.frames, other.frames)


def test_a_resample_scores_as_the_frames_of_its_episodes():
    targets, predictions, which = answers(episodes=4)
    sums = bootstrap.episode_sums(targets, predictions, which)
    counts = np.array([[2.0, 0.0, 1.0, 1.0]])
    drawn = np.concatenate([np.flatnonzero(which == 7 * episode) for episode in (0, 0, 2, 3)])
    wanted = r2_score(targets[drawn], predictions[drawn], multioutput="raw_values")
    assert np.allclose(bootstrap.r2(sums, counts)[0], wanted)


def test_every_draw_has_as_many_episodes_as_there_are():
    counts = bootstrap.draws(13, 50, np.random.default_rng(0))
    assert counts.shape == (50, 13) and (counts.sum(1) == 13).all()


def test_intervals_are_scipys():
    targets, predictions, which = answers(factors=1)
    sums = bootstrap.episode_sums(targets, predictions, which)

    def mae(absolute, frames, axis):
        return absolute.sum(axis=axis) / frames.sum(axis=axis)

    other = stats.bootstrap(
        (sums.errors_absolute[:, 0], sums.frames), mae, paired=True, vectorized=True,
        n_resamples=20000, method="percentile", rng=np.random.default_rng(1),
    )  # fmt: skip
    counts = bootstrap.draws(25, 20000, np.random.default_rng(2))
    low, high = bootstrap.interval(bootstrap.mae(sums, counts))[:, 0]
    width = high - low
    assert abs(low - other.confidence_interval.low) < 0.03 * width
    assert abs(high - other.confidence_interval.high) < 0.03 * width


def test_intervals_over_episodes_hold_the_truth_about_95_times_in_100():
    """Over frames they would not: errors within an episode are alike, and the intervals far too narrow."""
    held = 0
    for seed in range(200):
        targets, predictions, which = answers(episodes=40, factors=1, seed=seed)
        sums = bootstrap.episode_sums(targets, predictions, which)
        low, high = bootstrap.interval(
            bootstrap.mse(sums, bootstrap.draws(40, 400, np.random.default_rng(seed)))
        )
        held += bool(low[0] <= 0.3**2 + 0.2**2 <= high[0])
    assert 172 <= held <= 198


def test_draws_without_variance_are_left_out():
    which = np.array([0, 0, 1, 1], dtype=np.int64)
    targets = np.array([[1.0], [1.0], [2.0], [3.0]])
    sums = bootstrap.episode_sums(targets, targets + 0.1, which)
    values = bootstrap.r2(sums, np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(values[0, 0]) and np.isfinite(values[1, 0])
    assert np.isfinite(bootstrap.interval(values)).all()
