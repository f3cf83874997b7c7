"""An exam: which frames are read, what is true of them, and how answers are scored."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int64

from reverie.core.metric import Labelled
from reverie.core.seeds import numpy_generator
from reverie.core.world import Factor
from reverie.metrics.probe import ProbeConfig
from reverie.ops import bootstrap
from reverie.ops.bootstrap import EpisodeSums

Reader = Literal["ridge", "mlp"]
SCORES: dict[str, Callable[[EpisodeSums, bootstrap.Counts], bootstrap.Values]] = {
    "r2": bootstrap.r2,
    "rmse": bootstrap.rmse,
    "mae": bootstrap.mae,
}


@dataclass(frozen=True)
class Truth:
    """What is true of the frames of one side, and the episode that each comes from."""

    factors: Float[np.ndarray, "sample factor"]
    episodes: Int64[np.ndarray, " sample"]

    def beside(self, codes: Float[np.ndarray, "sample unit"]) -> Labelled:
        """Codes of these frames beside the truth."""
        return Labelled(codes, self.factors, self.episodes)

    def at(self, rows: Int64[np.ndarray, " row"]) -> "Truth":
        """The same of some of the frames."""
        return Truth(self.factors[rows], self.episodes[rows])


@dataclass(frozen=True)
class Subject:
    """Who sits the exam: what it is, how a table calls it, how long its codes are."""

    kind: Literal["run", "mean", "pca", "pixels", "untrained", "permuted"]
    label: str
    code_size: int


@dataclass(frozen=True)
class Exam:
    """Episodes to learn from and episodes to be asked about; the same draws of episodes for everybody."""

    factors: tuple[Factor, ...]
    fit: Truth
    test: Truth
    seed: int

    def row(
        self,
        subject: Subject,
        reader: Reader,
        codes: tuple[Float[np.ndarray, "_ unit"], Float[np.ndarray, "_ unit"]],
    ) -> dict[str, Any]:
        """The table's row of one subject and one reader; `codes` of the fitting and the testing frames."""
        floor = 0.1 if subject.kind == "pixels" else 0.0
        read = ProbeConfig(reader=reader, floor=floor, seed=self.seed).build().fit(self.fit.beside(codes[0]))
        return self.mark(subject, reader, read(codes[1]))

    def mark(
        self, subject: Subject, reader: Reader | None, predictions: Float[np.ndarray, "sample factor"]
    ) -> dict[str, Any]:
        """Scores of predictions for the testing frames, with intervals, as JSON values."""
        sums = bootstrap.episode_sums(self.test.factors, predictions, self.test.episodes)
        return {
            "subject": subject.kind,
            "label": subject.label,
            "code_size": subject.code_size,
            "reader": reader,
            "scores": _scores(sums, self.draws()),
            "sums": {"squared": _rounded(sums.errors_squared), "absolute": _rounded(sums.errors_absolute)},
        }

    def mean_row(self) -> dict[str, Any]:
        """The row of whoever always answers the mean of the fitting frames."""
        mean = self.fit.factors.mean(0, dtype=np.float64)
        answers = np.broadcast_to(mean, self.test.factors.shape)
        return self.mark(Subject("mean", "mean predictor", 0), None, answers)

    def permuted(self) -> "Exam":
        """The same exam after learning each episode with the answers of another one.

        They keep their order, and so what neighbours in an episode have in common: a reader that is tested
        on frames of episodes that it has learnt would be found out. They start at a random place and go
        round, for many factors change alike in every episode (a lander falls): labels of the same moment of
        another episode would be half right. With a single episode its frames change places.
        """
        generator = numpy_generator(self.seed, "probe", "permuted")
        _, which = np.unique(self.fit.episodes, return_inverse=True)
        rows = [np.flatnonzero(which == episode) for episode in range(which.max() + 1)]
        if len(rows) == 1:
            return replace(self, fit=Truth(generator.permutation(self.fit.factors), self.fit.episodes))
        ring = generator.permutation(len(rows))
        order = np.empty(len(which), dtype=np.int64)
        for one, other in zip(ring, np.roll(ring, 1), strict=True):
            start = int(generator.integers(len(rows[other])))
            order[rows[one]] = np.resize(np.roll(rows[other], -start), len(rows[one]))
        return replace(self, fit=Truth(self.fit.factors[order], self.fit.episodes))

    def truth_sums(self) -> dict[str, Any]:
        """What later comparisons need to know of the testing frames, episode by episode."""
        sums = bootstrap.episode_sums(self.test.factors, self.test.factors, self.test.episodes)
        return {
            "frames": sums.frames.tolist(),
            "targets": _rounded(sums.targets),
            "targets_squared": _rounded(sums.targets_squared),
        }

    def draws(self) -> bootstrap.Counts:
        """The bootstrap samples of test episodes."""
        return bootstrap.probe_draws(len(np.unique(self.test.episodes)), self.seed)


def _scores(sums: EpisodeSums, counts: bootstrap.Counts) -> list[dict[str, Any]]:
    """One object a factor: each score and its 95 % interval."""
    found: list[dict[str, Any]] = [{} for _ in range(sums.targets.shape[1])]
    for name, score in SCORES.items():
        values = score(sums, bootstrap.once(len(sums.frames)))[0]
        low, high = bootstrap.interval(score(sums, counts))
        for column, part in enumerate(found):
            part[name] = _number(values[column])
            part[f"{name}_interval"] = [_number(low[column]), _number(high[column])]
    return found


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _rounded(values: bootstrap.PerEpisode) -> list[list[float]]:
    return [[float(f"{value:.7g}") for value in row] for row in values]
