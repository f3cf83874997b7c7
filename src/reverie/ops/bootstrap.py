"""Errors summed by episode, and the uncertainty that comes from which episodes were drawn."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from reverie.core.seeds import numpy_generator

RESAMPLES = 2000

PerEpisode = Float64[np.ndarray, "episode factor"]
Counts = Float64[np.ndarray, "resample episode"]
Values = Float64[np.ndarray, "resample factor"]


@dataclass(frozen=True)
class EpisodeSums:
    """All that scores and their intervals need to know of the predictions, episode by episode.

    `targets` and `targets_squared` are taken from the mean over all frames, against cancellation.
    """

    frames: Float64[np.ndarray, " episode"]
    targets: PerEpisode
    targets_squared: PerEpisode
    errors_squared: PerEpisode
    errors_absolute: PerEpisode


def episode_sums(
    targets: Float[np.ndarray, "sample factor"],
    predictions: Float[np.ndarray, "sample factor"],
    episodes: Int64[np.ndarray, " sample"],
) -> EpisodeSums:
    """Add up the frames of each episode, episodes in the order of their numbers."""
    _, which = np.unique(episodes, return_inverse=True)
    truth = targets.astype(np.float64)
    errors = predictions - truth
    truth = truth - truth.mean(0)

    def add(values: Float64[np.ndarray, "sample factor"]) -> PerEpisode:
        return np.stack([np.bincount(which, weights=column) for column in values.T], axis=1)

    frames = np.bincount(which).astype(np.float64)
    return EpisodeSums(frames, add(truth), add(truth**2), add(errors**2), add(np.abs(errors)))


def draws(episodes: int, resamples: int, generator: np.random.Generator) -> Counts:
    """How often each episode is drawn in each bootstrap sample of whole episodes."""
    return generator.multinomial(episodes, np.full(episodes, 1 / episodes), size=resamples).astype(np.float64)


def probe_draws(episodes: int, seed: int) -> Counts:
    """The bootstrap samples of an exam's test episodes: the same for whoever sat it, so differences pair."""
    return draws(episodes, RESAMPLES, numpy_generator(seed, "probe", "bootstrap"))


def once(episodes: int) -> Counts:
    """The sample itself: every episode once."""
    return np.ones((1, episodes))


def r2(sums: EpisodeSums, counts: Counts) -> Values:
    """Share of the factors' variance that is explained; not a number where a sample has no variance."""
    frames = (counts @ sums.frames)[:, None]
    spread = counts @ sums.targets_squared - (counts @ sums.targets) ** 2 / frames
    floor = 1e-12 * sums.targets_squared.sum(0)
    known = spread > floor
    return np.where(known, 1 - counts @ sums.errors_squared / np.where(known, spread, 1.0), np.nan)


def mse(sums: EpisodeSums, counts: Counts) -> Values:
    """Mean squared error, in the factors' units squared."""
    return counts @ sums.errors_squared / (counts @ sums.frames)[:, None]


def rmse(sums: EpisodeSums, counts: Counts) -> Values:
    """Root mean squared error, in the factors' units."""
    return np.sqrt(mse(sums, counts))


def mae(sums: EpisodeSums, counts: Counts) -> Values:
    """Mean absolute error, in the factors' units."""
    return counts @ sums.errors_absolute / (counts @ sums.frames)[:, None]


def interval(values: Values, level: float = 0.95) -> Float64[np.ndarray, "2 factor"]:
    """Percentile interval of each factor over the resamples; samples that are not numbers are left out.

    Source: Efron & Tibshirani 1993, section 13.3.
    """
    tail = 50 * (1 - level)
    found = np.full((2, values.shape[1]), np.nan)
    for column, draw in enumerate(values.T):
        if np.isfinite(draw).any():
            found[:, column] = np.percentile(draw[np.isfinite(draw)], [tail, 100 - tail])
    return found
