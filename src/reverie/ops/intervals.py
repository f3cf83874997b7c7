"""Intervals of means over a few independent repetitions, and of shares."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def student_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of independent values that are roughly normal; infinite for a single one.

    Source: Student 1908.
    """
    count = len(values)
    if count < 2:
        return float("-inf"), float("inf")
    half = stats.t.ppf(0.5 + confidence / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count)
    middle = float(np.mean(values))
    return middle - float(half), middle + float(half)


def wilson_interval(successes: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the chance behind so many successes of `count` independent trials.

    Source: Wilson 1927, as in scipy.
    """
    interval = stats.binomtest(successes, count).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
