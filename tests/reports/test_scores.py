"""Scores in numbers, compared with scipy's, and in words."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from reverie.reports.scores import as_csv, in_words, summary


@dataclass(frozen=True)
class Episode:
    score: float
    steps: int = 10
    ending: str = "terminated"


SCORES = [3.0, 1.5, 8.25, 1.5, 4.0]


def test_mean_deviation_and_interval_are_scipys():
    told = summary([Episode(score) for score in SCORES])
    expected = stats.ttest_1samp(SCORES, 0.0)
    interval = expected.confidence_interval(0.95)
    assert told["low"] == pytest.approx(interval.low, abs=1e-4)
    assert told["high"] == pytest.approx(interval.high, abs=1e-4)
    assert told["mean"] == pytest.approx(np.mean(SCORES))
    assert told["deviation"] == pytest.approx(stats.tstd(SCORES), abs=1e-4)
    assert (told["median"], told["smallest"], told["largest"], told["n"]) == (3.0, 1.5, 8.25, 5)
    assert told["worst_episode"] == 1, "the first of those that are worst"


def test_steps_and_deaths_are_counted():
    told = summary([Episode(1.0, 7), Episode(2.0, 5, "truncated"), Episode(2.0, 1)])
    assert (told["steps"], told["terminated"]) == (13, 2)


def test_one_episode_has_no_interval():
    told = summary([Episode(2.0)])
    assert told["deviation"] is told["low"] is told["high"] is None
    assert in_words(told) == "2.0 (n = 1)"


def test_in_words_says_number_deviation_and_interval():
    told = {"mean": 915.24, "deviation": 508.06, "n": 400, "low": 865.3, "high": 965.14}
    assert in_words(told) == "915.2 ± 508.1 (n = 400, 95 % interval 865.3 to 965.1)"


def test_the_file_has_a_line_for_each_episode():
    lines = list(csv.DictReader(io.StringIO(as_csv([Episode(0.1 + 0.2, 3), Episode(-21.0, 4)]).decode())))
    assert [line["score"] for line in lines] == ["0.3", "-21"]
    assert [line["episode"] for line in lines] == ["0", "1"] and lines[1]["steps"] == "4"
