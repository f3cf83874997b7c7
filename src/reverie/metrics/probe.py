"""How well a simple reader recovers each factor from frozen codes, on episodes it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from reverie.core.errors import WrongInput
from reverie.core.metric import Labelled, MetricConfig, Score
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.metrics import _mlp
from reverie.ops import bootstrap, groups
from reverie.ops.ridge import Regression, fit_ridge, grouped_errors

PENALTIES = 10.0 ** np.arange(-12, 3)
"""Candidates, in units of the codes' total variance: so they mean the same whatever the number of units.

They begin this low because codes keep much of what they know in directions that vary ten-thousandfold less
than others: from 1e-6 on, the R^2 of x from a young autoencoder fell from 0.64 to 0.44.
"""
WIDE_PENALTIES = 10.0 ** np.array([-6, -5, -4, -3, -2, -1, 1])
"""Where features outnumber samples, less would fit the samples exactly; every candidate takes a second."""

Predict = Callable[[Float[np.ndarray, "sample unit"]], Float64[np.ndarray, "sample factor"]]


@dataclass(frozen=True, kw_only=True)
class ProbeConfig(MetricConfig):
    """A reader of codes."""

    reader: Literal["ridge", "mlp"] = "ridge"
    """A linear map with a penalty, or a network with one hidden layer."""
    hidden_size: int = 64
    """Width of the network's hidden layer."""
    folds: int = 5
    """Groups of episodes among which the penalty is chosen."""
    held_out: float = 0.3
    """Share of episodes for testing, where no test set is given."""
    floor: float = 0.0
    """Smallest spread that a unit is divided by, as a part of the root mean square of all spreads. Above 0
    for inputs that share a unit, like pixels: one that was lit once must not count a hundredfold later."""
    seed: int = 0
    """Seed of the splits and of the network."""

    def build(self) -> "Probe":
        """The probe with these settings."""
        return Probe(self)


class Probe:
    """Fits a reader on some episodes and scores it on others."""

    def __init__(self, config: ProbeConfig) -> None:
        self.config = config

    def __call__(
        self,
        codes: Float[np.ndarray, "sample unit"],
        factors: Float[np.ndarray, "sample factor"],
        episodes: Int64[np.ndarray, " sample"] | None = None,
    ) -> Score:
        """Mean R^2 over the factors on held-out episodes; constant factors are left out."""
        which = np.arange(len(codes)) if episodes is None else episodes
        if len(np.unique(which)) < 2:
            raise WrongInput("a probe needs at least 2 episodes, one to fit and one to test; got 1")
        varying = np.flatnonzero(np.ptp(factors, axis=0) > 0)
        if len(varying) == 0:
            raise WrongInput("a probe needs a factor that varies; all are constant")
        held = groups.split(which, self.config.held_out, numpy_generator(self.config.seed, "probe", "split"))
        fit, test = (Labelled(codes[side], factors[side][:, varying], which[side]) for side in (~held, held))
        predictions = self.fit(fit)(test.codes)
        sums = bootstrap.episode_sums(test.factors, predictions, test.episodes)
        scores = bootstrap.r2(sums, bootstrap.once(len(sums.frames)))[0]
        parts = {f"factor {column}": float(score) for column, score in zip(varying, scores, strict=True)}
        return Score(float(np.nanmean(scores)), parts)

    def fit(self, fit: Labelled) -> Predict:
        """A reader fitted on these episodes; all choices are made inside them."""
        codes, factors = Scale.of(fit.codes, self.config.floor), Scale.of(fit.factors)
        standard = Labelled(codes.to(fit.codes), factors.to(fit.factors).astype(np.float64), fit.episodes)
        read = self._ridge(standard) if self.config.reader == "ridge" else self._mlp(standard)
        return lambda seen: factors.back(read(codes.to(seen)))

    def _ridge(self, fit: Labelled) -> Predict:
        problem = Regression(fit.codes, fit.factors)
        candidates = PENALTIES if problem.kernel is None else WIDE_PENALTIES
        penalties = candidates * (float(fit.codes.var(0, dtype=np.float64).sum()) or 1.0)
        # Three folds are enough, and faster, where the dual form must be used.
        count = self.config.folds if problem.kernel is None else min(3, self.config.folds)
        fold_of = groups.folds(fit.episodes, count, numpy_generator(self.config.seed, "probe", "folds"))
        if fold_of.max() == 0:
            best = np.full(fit.factors.shape[1], len(penalties) // 2)
        else:
            best = grouped_errors(problem, fold_of, penalties).argmin(0)
        return fit_ridge(problem, penalties[best])

    def _mlp(self, fit: Labelled) -> Predict:
        generator = numpy_generator(self.config.seed, "probe", "validation")
        held = groups.split(fit.episodes, 0.2, generator)
        kept = ~held if not held.all() else held
        white = Whitening.of(fit.codes)
        codes, factors = white(fit.codes), torch.from_numpy(fit.factors).float()
        plan = _mlp.Networks(hidden_size=self.config.hidden_size)
        sides = _mlp.Side(codes[kept], factors[kept]), _mlp.Side(codes[held], factors[held])
        weights = _mlp.train(plan, *sides, torch_generator(self.config.seed, "probe", "mlp"))
        return lambda seen: _mlp.predict(weights, white(seen)).double().numpy()


@dataclass(frozen=True)
class Scale:
    """Mean and spread of columns, measured once, on the fitting side."""

    mean: Float[np.ndarray, " column"]
    spread: Float[np.ndarray, " column"]

    @classmethod
    def of(cls, values: Float[np.ndarray, "sample column"], floor: float = 0.0) -> "Scale":
        """Measure; a column that does not vary keeps its unit."""
        spread = values.std(0, dtype=np.float64)
        spread = np.maximum(spread, floor * np.sqrt(np.square(spread).mean()))
        flat = spread <= 1e-7 * np.maximum(1.0, np.abs(values).max(0))
        mean = values.mean(0, dtype=np.float64)
        return cls(mean.astype(values.dtype), np.where(flat, 1.0, spread).astype(values.dtype))

    def to(self, values: Float[np.ndarray, "sample column"]) -> Float[np.ndarray, "sample column"]:
        """From the columns' units to standard ones."""
        return (values - self.mean) / self.spread

    def back(self, values: Float[np.ndarray, "sample column"]) -> Float[np.ndarray, "sample column"]:
        """From standard units to the columns' own."""
        return values * self.spread.astype(np.float64) + self.mean.astype(np.float64)


@dataclass(frozen=True)
class Whitening:
    """Turns and stretches standardised codes until all directions vary alike.

    Without it a network learns slowly along directions that vary little, and would blame the codes for it.
    """

    turn: Float64[np.ndarray, "unit unit"]

    @classmethod
    def of(cls, codes: Float[np.ndarray, "sample unit"]) -> "Whitening":
        """Measure on centred codes; directions that hardly vary are not blown up to full size."""
        values, vectors = np.linalg.eigh(codes.T.astype(np.float64) @ codes / len(codes))
        return cls(vectors / np.sqrt(values.clip(0) + 1e-6 * (values.mean() or 1.0)))

    def __call__(self, codes: Float[np.ndarray, "sample unit"]) -> Float[torch.Tensor, "sample unit"]:
        """The codes in the new coordinates."""
        return torch.from_numpy(codes @ self.turn).float()
