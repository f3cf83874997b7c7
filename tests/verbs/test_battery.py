"""Battery: a run beside itself without its parts and beside blind play, in the same episodes, as a table."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.verbs import _battery
from reverie.verbs._battery import battery, page
from reverie.verbs.evaluate import EvaluateJob, evaluate

ARMS = {
    *("trained", "shuffled-codes", "no-codes", "no-memory", "untrained-model", "changed-colours"),
    *("random", "blind"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Two controllers of CartPole: `c`, which sees codes and memory, and `codes-alone`."""
    place = tmp_path_factory.mktemp("world")
    short = "--generations 1 --population 6 --rollouts 4 --max-steps 30 --held-out 4 --sigma 1 --threads 1"
    for words in (
        f"capture CartPole-v1 {place}/data --episodes 8 --size 16 --seed 2",
        f"fit dense-ae {place}/data {place}/v --code-size 4 --hidden 16 --epochs 1 --threads 1",
        f"model mdn-rnn {place}/v {place}/data {place}/m --hidden-size 8 --mixtures 2 --epochs 1 --threads 1",
        f"train linear-cma {place}/m {place}/c {short}",
        f"train linear-cma {place}/m {place}/codes-alone --inputs z {short}",
    ):
        assert main(words.split()) == 0
    return place


def job(place, **choices):
    fixed = {"episodes": 4, "seed": 9, "env": "CartPole-v1", "video": "none", "max_steps": 40}
    return EvaluateJob(**{"subject": str(place / "c"), **fixed, **choices})


def scores(folder):
    with (folder / "episodes.csv").open(newline="") as file:
        return np.array([float(line["score"]) for line in csv.DictReader(file)])


@pytest.fixture(scope="module")
def result(place):
    return battery(job(place), place / "b", beside=[str(place / "codes-alone"), "held:1-4"])


def test_every_arm_stands_in_the_table_with_mean_interval_and_number(place, result):
    assert result["arms"].keys() == ARMS | {"codes-alone", "held-1-4"}
    whole = scores(place / "b/trained")
    for name, told in result["arms"].items():
        own = scores(place / "b" / name)
        interval = stats.ttest_1samp(own, 0).confidence_interval()
        assert told["n"] == 4 and told["mean"] == pytest.approx(own.mean(), abs=1e-4)
        assert [told["low"], told["high"]] == pytest.approx(list(interval), abs=1e-3)
        assert told["cost"] == pytest.approx((whole - own).mean())
    lost = stats.ttest_rel(whole, scores(place / "b/random")).confidence_interval()
    assert [result["arms"]["random"][end] for end in ("cost_low", "cost_high")] == pytest.approx(list(lost))
    assert json.loads((place / "b/battery.json").read_text()) == result
    assert page(result).count("\n") == 10 and result["frames_seen"] > 0


def test_arms_are_the_evaluations_that_they_are_called_after(place, result, tmp_path):
    alone = {"random": "random", "blind": "periodic", "codes-alone": str(place / "codes-alone")}
    for name, subject in alone.items():
        evaluate(job(place, subject=subject), tmp_path / name)
        assert (scores(tmp_path / name) == scores(place / "b" / name)).all()
    for name in ARMS - {"trained", *alone}:
        assert json.loads((place / "b" / name / "job.json").read_text())["job"]["ablation"] == name


def test_what_is_done_is_not_done_again(place, result, monkeypatch):
    monkeypatch.setattr(_battery, "evaluate", lambda *_: pytest.fail("played again"))
    assert battery(job(place), place / "b", beside=[str(place / "codes-alone"), "held:1-4"]) == result


def test_folders_of_another_battery_are_not_taken_for_this_one(place, result):
    with pytest.raises(WrongInput, match="holds other work than this battery's"):
        battery(job(place, max_steps=41), place / "b")


def test_the_best_metronome_is_chosen_on_other_episodes(tmp_path, monkeypatch):
    pytest.importorskip("vizdoom")
    monkeypatch.setattr(_battery, "PERIODS", (20, 120))
    random = EvaluateJob(subject="random", env="VizdoomTakeCover-v1", episodes=3, seed=4, video="none")
    chosen = _battery._best_blind(random, tmp_path, _battery.QUIET, _battery.ALONE)
    means = {period: scores(tmp_path / f"choosing-{period}").mean() for period in (20, 120)}
    best = max(means, key=lambda period: means[period])
    assert means[20] != means[120] and chosen == f"periodic:left:{best}+right:{best}@{best // 2}"
    assert json.loads((tmp_path / "choosing-20/job.json").read_text())["job"]["seed"] == 5


@pytest.mark.parametrize(
    ("choices", "beside", "said"),
    [
        ({"subject": "held"}, [], "'held' is a policy"),
        ({"ablation": "no-memory"}, [], "leave out --ablation no-memory"),
        ({"seed": 2}, [], "seed 2 is that of"),
        ({}, ["helt"], "did you mean 'held'"),
        ({}, ["held:1-4", "held:1-4"], "a name of its own, got .*held-1-4, held-1-4"),
        ({}, ["random"], "a name of its own"),
        ({}, ["no/such/run"], "no/such/run"),
    ],
)
def test_what_has_no_battery_is_refused(place, tmp_path, choices, beside, said):
    with pytest.raises(WrongInput, match=said):
        battery(job(place, **choices), tmp_path / "b", beside=beside)
    assert not (tmp_path / "b").exists()


def test_the_door_wants_a_battery_for_what_stands_beside(place, tmp_path, capsys):
    assert main(f"evaluate {place}/c --beside held --into {tmp_path}/b".split()) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "add --battery" in shown
