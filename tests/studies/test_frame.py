"""The frame of a study: seeds are run once, under one set of thresholds, and every verdict has its status."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reverie.cli import main
from reverie.core.console import QUIET, Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import read_json
from reverie.engine.plan import Plan
from reverie.representations.dense_ae import DenseAEConfig
from reverie.studies import _study
from reverie.studies._arms import fit_side_by_side
from reverie.studies._recordings import Recordings, record_all
from reverie.studies._study import StudyConfig, StudyJob, Verdict, conduct
from reverie.verbs.fit import Conditions, FitJob


class Coin(StudyConfig):
    """Not supported unless every seed is even."""

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        (folder.parent / f"ran-{seed}").touch(exist_ok=False)
        return {"even": seed % 2 == 0}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        held = all(result["even"] for result in results)
        status = "supported" if held else "not supported"
        return Verdict(status, {"seeds are even": held}, [{"seeds": len(results)}], "Coins were looked at.")


@pytest.fixture
def coin(monkeypatch):
    monkeypatch.setattr(_study, "find", lambda word, scale: ("coin", Coin(scale=scale)))


def test_a_seed_is_run_once_and_the_verdict_is_recorded(coin, tmp_path):
    job = StudyJob(folder=tmp_path, seeds=1, record=tmp_path / "results")
    for _ in range(2):
        verdict, written = conduct("coin", job, QUIET)
    assert verdict.status == written["status"] == "supported"
    assert read_json(tmp_path / "results" / "coin-cpu.json", "record")["claims"] == {"seeds are even": True}
    assert "- holds: seeds are even" in (tmp_path / "results" / "coin-cpu.md").read_text()


def test_a_claim_that_is_not_supported_has_exit_status_3(coin, tmp_path, capsys):
    assert main(["study", "elbo", "--folder", str(tmp_path), "--seeds", "2"]) == 3
    assert "does not hold: seeds are even" in capsys.readouterr().out


def test_a_seed_made_under_other_thresholds_is_refused(coin, tmp_path, monkeypatch):
    conduct("coin", StudyJob(folder=tmp_path, seeds=1), QUIET)
    monkeypatch.setattr(_study, "thresholds", lambda word: {"least": 0.7})
    with pytest.raises(WrongInput, match="made under other thresholds"):
        conduct("coin", StudyJob(folder=tmp_path, seeds=1), QUIET)


def test_recordings_and_arms_of_another_job_are_refused(tmp_path):
    wanted = Recordings("CartPole-v1", stride=1, scenes=0, size=16, episodes={"fit": 3})
    data = record_all(wanted, tmp_path / "data", 0, QUIET)
    with pytest.raises(WrongInput, match="recorded by another job"):
        record_all(wanted, tmp_path / "data", 1, QUIET)
    job = FitJob(
        data=data["fit"], representation=DenseAEConfig(code_size=2), plan=Plan(epochs=1),
        conditions=Conditions(threads=1),
    )  # fmt: skip
    fit_side_by_side({tmp_path / "arm": job}, QUIET)
    assert (tmp_path / "arm" / "result.json").exists()
    with pytest.raises(WrongInput, match="was fitted with plan"):
        fit_side_by_side({tmp_path / "arm": replace(job, plan=Plan(epochs=5))}, QUIET)


def test_an_arm_that_fails_says_why(tmp_path):
    data = record_all(Recordings("CartPole-v1", 1, 0, 16, {"fit": 3}), tmp_path / "data", 0, QUIET)["fit"]
    plan = Plan(epochs=30, learning_rate=1e30)
    config = DenseAEConfig(code_size=2, activation="linear", output="linear")
    job = FitJob(data=data, representation=config, plan=plan, conditions=Conditions(threads=1))
    with pytest.raises(BrokeWhileWorking, match=r"not (a number|numbers)"):
        fit_side_by_side({tmp_path / "arm": job}, QUIET)
