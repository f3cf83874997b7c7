"""Dream temperature: what its claims ask, which controller counts, and stages that are done once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.studies import _stages as stages
from reverie.studies.dream_temperature import CLAIMS, DreamTemperatureConfig
from reverie.verbs.capture import CaptureJob
from reverie.verbs.evaluate import EvaluateJob

DREAMS = {0.5: 1900.0, 1.0: 1200.0, 1.15: 950.0, 1.3: 700.0}


def scores(mean: float, count: int = 40, spread: float = 100.0) -> list[float]:
    """Scores with this mean exactly."""
    return [mean - spread, mean + spread] * (count // 2)


def row(heat: float, dream: float, real: float) -> dict[str, Any]:
    return {
        "temperature": heat, "dream": dream, "generation": 30, "cpu_seconds": 60.0, "scores": scores(real),
    }  # fmt: skip


def seed(number: int, final: tuple[float, float], dreams: dict[float, float] = DREAMS) -> dict[str, Any]:
    """A seed's result; `final` is what its counted controller gets in the dream and in the game."""
    known = {"policy": "random", "temperature": 1.15, "dreamt": {"length": 200.0}, "real": {"length": 210.0}}
    nats = {"trained": 0.9, "previous_code": 1.2, "untrained": 1.3}
    return {
        "seed": number,
        "rows": [row(heat, dream, 600.0) for heat, dream in dreams.items()],
        "final": {"seed": number, **row(1.15, *final)},
        "blind": {"period": 130, "scores": scores(900.0), "mean": 900.0},
        "world": {
            "audit": {"known": [known], "temperature": 1.15},
            "forecast": {"nats_per_unit": nats},
            "cpu_seconds": {"vision": 3000.0, "dynamics": 2000.0},
        },
    }


def claims(*results: dict[str, Any]) -> dict[str, bool]:
    found = DreamTemperatureConfig().verdict(results).claims
    return {name: found[words] for name, words in CLAIMS.items()}


def test_the_controller_with_the_best_dreams_counts_not_the_best_in_the_game():
    verdict = DreamTemperatureConfig().verdict([seed(0, (1000.0, 500.0)), seed(1, (900.0, 1500.0))])
    assert verdict.figures["real_mean"] == 500.0
    assert verdict.figures["dream_mean"] == 1000.0
    assert verdict.status == "not supported"


@pytest.mark.parametrize(
    ("real", "solved", "better"), [(700, False, False), (860, True, False), (960, True, True)]
)
def test_levels_ask_for_intervals_above_the_line_and_above_the_blind(real, solved, better):
    found = claims(seed(0, (1000.0, real)))
    assert (found["level 1"], found["level 2"]) == (solved, better)


def test_a_mean_above_the_line_is_not_enough():
    result = seed(0, (1000.0, 760.0))
    result["final"]["scores"] = scores(760.0, count=40, spread=500.0)
    assert not claims(result)["level 1"]


def test_hotter_dreams_must_score_less_and_cold_ones_promise_more_than_they_keep():
    assert claims(seed(0, (1, 1)))["hotter is harder"] and claims(seed(0, (1, 1)))["cold is exploited"]
    other = seed(0, (1, 1), dict(zip(DREAMS, sorted(DREAMS.values()), strict=True)))
    assert not claims(other)["hotter is harder"] and not claims(other)["cold is exploited"]


def test_figures_have_the_names_that_others_read():
    figures = DreamTemperatureConfig().verdict([seed(0, (1000.0, 860.0))]).figures
    names = {"real_mean", "real_low", "real_high", "real_n", "blind_mean", "blind_low", "dream_mean"}
    assert figures.keys() == names
    assert figures["real_low"] < figures["real_mean"] == 860.0 < figures["real_high"]
    assert (figures["real_n"], figures["blind_mean"]) == (40, 900.0)
    half = 2.0227 * np.std(scores(860.0), ddof=1) / np.sqrt(40)  # Student's t, 39 degrees of freedom
    assert figures["real_high"] - 860.0 == pytest.approx(half, rel=1e-4)


def test_a_stage_is_done_once_and_another_job_is_refused(tmp_path):
    job = EvaluateJob(subject="still", env="CartPole-v1", episodes=3, video="none")
    first = stages.evaluated(job, tmp_path / "played", QUIET)
    stamp = (tmp_path / "played" / "episodes.csv").stat().st_mtime_ns
    assert stages.evaluated(job, tmp_path / "played", QUIET) == first
    assert (tmp_path / "played" / "episodes.csv").stat().st_mtime_ns == stamp
    other = EvaluateJob(subject="still", env="CartPole-v1", episodes=4, video="none")
    with pytest.raises(WrongInput, match="was made with another episodes"):
        stages.evaluated(other, tmp_path / "played", QUIET)


def test_an_interrupted_stage_is_continued(tmp_path):
    job = CaptureJob(env="CartPole-v1", episodes=4, size=8)
    whole = stages.captured(job, tmp_path / "whole", QUIET)
    half = _begun(job, tmp_path / "half")
    stages.captured(job, half, QUIET)
    assert (half / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()


def _begun(job: CaptureJob, folder: Path) -> Path:
    """A capture that stopped before its first episode."""
    from reverie.core.config import to_json
    from reverie.data.archive import create_archive
    from reverie.verbs.capture import _first_manifest

    create_archive(folder, _first_manifest(job), {"verb": "capture", "job": to_json(job)})
    return folder
