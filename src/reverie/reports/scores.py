"""Scores: what many episodes came to, in a few numbers, in a file, and on a screen."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from reverie.ops.intervals import student_interval


@runtime_checkable
class Told(Protocol):
    """What is told of an episode."""

    @property
    def score(self) -> float:
        """Sum of the rewards."""
        ...

    @property
    def steps(self) -> int:
        """Number of steps."""
        ...

    @property
    def ending(self) -> str:
        """How it ended."""
        ...


def summary(episodes: Sequence[Told]) -> dict[str, Any]:
    """Mean with its 95 % interval, sample standard deviation, extremes, and steps of some episodes.

    The interval is Student's, over episodes; None from a single one.
    """
    scores = np.array([episode.score for episode in episodes])
    several = len(scores) > 1
    low, high = student_interval(scores.tolist())
    first_worst = int(scores.argmin())
    return {
        "n": len(scores),
        "mean": round(float(scores.mean()), 4),
        "deviation": round(float(scores.std(ddof=1)), 4) if several else None,
        "low": round(low, 4) if several else None,
        "high": round(high, 4) if several else None,
        "median": float(np.median(scores)),
        "smallest": float(scores.min()),
        "largest": float(scores.max()),
        "worst_episode": first_worst,
        "steps": sum(episode.steps for episode in episodes),
        "terminated": sum(episode.ending == "terminated" for episode in episodes),
    }


def as_csv(episodes: Sequence[Told]) -> bytes:
    """A line for each episode: its number, score, length and ending."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("episode", "score", "steps", "ending"))
    for number, episode in enumerate(episodes):
        lines.writerow((number, f"{episode.score:.10g}", episode.steps, episode.ending))
    return text.getvalue().encode()


def in_words(told: dict[str, Any]) -> str:
    """A summary as people say it: 915.2 ± 508.1 (n = 400, 95 % interval 865.3 to 965.1)."""
    if told["deviation"] is None:
        return f"{told['mean']:.1f} (n = 1)"
    interval = f"95 % interval {told['low']:.1f} to {told['high']:.1f}"
    return f"{told['mean']:.1f} ± {told['deviation']:.1f} (n = {told['n']}, {interval})"
