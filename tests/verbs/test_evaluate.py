"""Evaluate: every episode scores as a recording of it does, whoever plays and however often it stops."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.data.store import open_data
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.evaluate import EvaluateJob, evaluate, place_of, resume_evaluate

CART = {"env": "CartPole-v1", "seed": 5, "episodes": 6}


def scores(folder):
    with (folder / "episodes.csv").open(newline="") as file:
        return [float(line["score"]) for line in csv.DictReader(file)]


def job(**choices):
    return EvaluateJob(**{"subject": "held:1-4", "video": "none", **CART, **choices})


def test_an_episode_gets_what_a_recording_of_it_gets(tmp_path):
    capture(CaptureJob(policy="held:1-4", size=8, **CART), tmp_path / "data")
    recorded = [float(episode.rewards.sum()) for episode in open_data(tmp_path / "data")]
    result = evaluate(job(), tmp_path / "scores")
    assert scores(tmp_path / "scores") == recorded
    assert result["steps"] == sum(recorded), "a step upright is worth 1"
    assert result["mean"] == pytest.approx(np.mean(recorded), abs=1e-4)
    assert result == json.loads((tmp_path / "scores" / "result.json").read_text())


def test_scores_are_the_same_whoever_plays(tmp_path):
    evaluate(job(), tmp_path / "one")
    evaluate(job(), tmp_path / "two", crew=Crew(workers=2))
    assert (tmp_path / "one/episodes.csv").read_bytes() == (tmp_path / "two/episodes.csv").read_bytes()


def test_an_evaluation_that_was_stopped_ends_as_if_it_had_not_been(tmp_path):
    evaluate(job(video="gif"), tmp_path / "whole")
    evaluate(job(video="gif"), tmp_path / "stopped")
    (tmp_path / "stopped/result.json").unlink()
    (tmp_path / "stopped/episodes.csv").unlink()
    log = tmp_path / "stopped/events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    senseless = '{"episode": 5, "score": NaN, "steps": 1, "ending": "lost", "seconds": 1}\n'
    log.write_text("".join(lines[:3]) + senseless + lines[3][:9])
    resume_evaluate(Run.open(tmp_path / "stopped"))
    for name in ("episodes.csv", "first.gif", "worst.gif"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()


def test_episodes_of_another_seed_are_other_episodes(tmp_path):
    evaluate(job(), tmp_path / "one")
    evaluate(job(seed=6), tmp_path / "two")
    assert scores(tmp_path / "one") != scores(tmp_path / "two")


def test_the_worst_episode_is_shown_to_its_end(tmp_path):
    result = evaluate(job(video="gif"), tmp_path / "scores")
    found = scores(tmp_path / "scores")
    assert result["worst_episode"] == int(np.argmin(found)) != 0, "else first and worst were one"
    for name, episode in (("first", 0), ("worst", int(np.argmin(found)))):
        with Image.open(tmp_path / f"scores/{name}.gif") as film:
            spans = []
            for number in range(film.n_frames):  # pyright: ignore
                film.seek(number)
                spans.append(film.info["duration"])
            assert sum(spans) == 30 * (found[episode] + 1), "one before the first step, one after each"


def test_it_is_kept_beside_other_runs_under_a_name_that_says_what_it_is():
    named = place_of(job(subject="periodic:left:130+right:130@65", env="ALE/Pong-v5"))
    assert named.as_posix() == "runs/evaluations/periodic-left-130-right-130-65-ALE-Pong-v5-5-6"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"subject": "helt"}, "unknown policy 'helt'; did you mean 'held'"),
        ({"subject": "still:left"}, "unknown action 'left'; the actions here have numbers, 0 to 1"),
        ({"subject": "no/such/run"}, "no/such/run"),
        ({"env": ""}, "name the environment that 'held:1-4' acts in"),
        ({"env": "CartPoll-v1"}, "did you mean 'CartPole-v1'"),
        ({"episodes": 0}, "episodes must be 1 or more, got 0"),
        ({"max_steps": 0}, "max_steps must be 1 or more, got 0"),
        ({"seed": -1}, "'seed' must be zero or positive, got -1"),
        ({"frame_skip": 0}, "frame_skip must be from 1 to 16, got 0"),
        ({"options": {"gravity": 9}}, "cannot make CartPole-v1 with options"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(choices, said, tmp_path):
    with pytest.raises(WrongInput, match=said):
        evaluate(job(**choices), tmp_path / "scores")
    assert not (tmp_path / "scores").exists()
