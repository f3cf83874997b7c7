"""Audit: dreams beside reality; which temperature is nearest; what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from reverie.agents._words import policy_of
from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.engine.outcome import play
from reverie.envs.make import make_unseen_world
from reverie.verbs.audit import AuditJob, captured_job, misses
from reverie.verbs.load_model import load_model


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    data, codes, run = (str(folder / name) for name in ("data", "codes", "run"))
    assert (
        main(["capture", "CartPole-v1", data, "--episodes", "12", "--size", "16", "--max-steps", "60"]) == 0
    )
    fit = ["fit", "dense-ae", data, codes, "--code-size", "4", "--hidden", "16", "--epochs", "1"]
    assert main(fit) == 0
    assert main(["model", "mdn-rnn", codes, data, run, "--hidden-size", "8", "--epochs", "2"]) == 0
    return Path(run)


@pytest.fixture(scope="module")
def result(model) -> dict:
    words = ["--temperatures", "0.5", "1.0", "--policies", "random", "still:1", "--episodes", "9"]
    assert main(["audit", str(model), *words]) == 0
    return json.loads((model / "audit.json").read_text())


def test_real_lengths_are_those_of_episodes_played_by_hand(model, result):
    capture = captured_job(load_model(model))
    assert (capture.env, result["max_steps"]) == ("CartPole-v1", 60)
    world = make_unseen_world(capture.env, capture)
    for row in result["known"]:
        policy = policy_of(row["policy"]).build(world.action_space)
        played = [play(world, policy, numpy_generator(0, "audit", index), 60) for index in range(9)]
        assert row["real"]["length"] == pytest.approx(np.mean([outcome.steps for outcome in played]))
        assert row["real"]["return"] == row["real"]["length"]  # CartPole pays 1 for every step


def test_every_policy_meets_every_temperature(result):
    pairs = {(row["policy"], row["temperature"]) for row in result["known"]}
    assert pairs == {(words, heat) for words in ("random", "still:1") for heat in (0.5, 1.0)}
    for row in result["known"]:
        assert 1 <= row["dreamt"]["length"] <= 60
        assert row["ratio"] == pytest.approx(row["dreamt"]["length"] / row["real"]["length"])
    assert result["strangeness"]["1"]["dreamt"] > 0


def test_the_temperature_that_misses_least_is_told(result):
    least = min(result["misses"], key=result["misses"].get)
    assert result["temperature"] == float(least)


def test_misses_count_too_short_and_too_long_alike():
    rows = [
        {"temperature": 1.0, "ratio": 2.0},
        {"temperature": 1.0, "ratio": 0.5},
        {"temperature": 2.0, "ratio": 1.1},
    ]
    assert misses(rows) == pytest.approx({"1": math.log(2.0), "2": math.log(1.1)})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"temperatures": (0.0,)}, "temperature must be above 0, got 0.0"),
        ({"temperatures": ()}, "needs a temperature and a policy"),
        ({"episodes": 0}, "episodes"),
    ],
)
def test_jobs_that_cannot_be_are_refused(fields, sentence):
    with pytest.raises(WrongInput, match=sentence):
        AuditJob(run=Path("run"), **fields)


def test_an_unknown_policy_is_named(model, capsys):
    assert main(["audit", str(model), "--policies", "hled"]) == 2
    assert "did you mean 'held'?" in capsys.readouterr().err
