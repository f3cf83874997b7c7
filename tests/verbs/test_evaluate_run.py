"""Evaluate a trained run: in lockstep as one by one, through its own eyes, on episodes that it never saw."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world_model import encode_actions
from reverie.data.store import open_data
from reverie.envs.make import WorldConfig, make_world
from reverie.verbs._coded import changed_colours
from reverie.verbs.evaluate import EvaluateJob, evaluate, place_of
from reverie.verbs.load_agent import load_agent
from reverie.verbs.load_model import untrained_model


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A controller of CartPole, trained for a moment; two data sets taught it to see and to dream."""
    place = tmp_path_factory.mktemp("world")
    for words in (
        f"capture CartPole-v1 {place}/first --episodes 8 --size 16 --seed 2",
        f"capture CartPole-v1 {place}/data --episodes 8 --size 16 --seed 3",
        f"fit dense-ae {place}/first {place}/v --code-size 4 --hidden 16 --epochs 1 --threads 1",
        f"model mdn-rnn {place}/v {place}/data {place}/m --hidden-size 8 --mixtures 2 --epochs 1 --threads 1",
        f"train linear-cma {place}/m {place}/c --generations 2 --population 6 --rollouts 4 --max-steps 30 "
        "--held-out 4 --sigma 1 --threads 1",
    ):
        assert main(words.split()) == 0
    return place / "c"


def job(run, **choices):
    fixed = {"episodes": 5, "seed": 9, "video": "none", "codes": "mean", "env": "CartPole-v1"}
    return EvaluateJob(**{"subject": str(run), **fixed, **choices})


def scores(run, folder, **choices):
    evaluate(job(run, **choices), folder)
    with (folder / "episodes.csv").open(newline="") as file:
        return [float(line["score"]) for line in csv.DictReader(file)]


def by_hand(run, episode):
    """One episode, frame by frame, with nothing but the parts of the run."""
    agent = load_agent(run)
    model, encoder = agent.model.world_model, agent.model.representation.representation
    world = make_world("CartPole-v1", WorldConfig(size=16))
    world.reset(numpy_generator(9, "episode", episode))
    hidden, score = model.initial(1), 0.0
    while True:
        frame = torch.from_numpy(world.frame().copy()).permute(2, 0, 1)[None] / 255.0
        with torch.no_grad():
            code = encoder.encode(frame).mean
            action = int(agent.actor(1).act(code, hidden).argmax())
            hidden, _ = model.step(hidden, code, encode_actions(agent.model.action_space, np.array([action])))
        step = world.step(action)
        score += step.reward
        if step.terminated or step.truncated:
            return score


def told(run, ablation, folder, monkeypatch):
    """Codes and memories that a controller is told in four steps of five episodes; it goes right, left."""
    from reverie.agents.linear_cma import LinearActor

    heard = []

    def act(self, code, hidden):
        heard.append((code.clone(), hidden[0].clone()))
        return torch.tensor([[0.0, 1.0], [1.0, 0.0]])[len(heard) % 2].expand(len(code), 2)

    monkeypatch.setattr(LinearActor, "act", act)
    evaluate(job(run, ablation=ablation, max_steps=4, together=5), folder)
    monkeypatch.undo()
    return [torch.stack(part) for part in zip(*heard, strict=True)]


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return told(run, "none", tmp_path_factory.mktemp("whole") / "scores", patch)


def test_lockstep_is_one_by_one(run, tmp_path):
    expected = [by_hand(run, episode) for episode in range(5)]
    assert len(set(expected)) > 1, "else too much would be alike"
    assert scores(run, tmp_path / "all", together=5) == expected
    assert scores(run, tmp_path / "pairs", together=2) == expected


def test_shuffled_codes_are_those_of_another_episode(run, whole, tmp_path, monkeypatch):
    codes, memory = told(run, "shuffled-codes", tmp_path / "scores", monkeypatch)
    assert torch.equal(codes, whole[0].roll(-1, 1)) and not torch.equal(codes, whole[0])
    assert not torch.equal(memory[1:], whole[1][1:]), "what is remembered comes from them"


def test_no_codes_leave_the_memory(run, whole, tmp_path, monkeypatch):
    codes, memory = told(run, "no-codes", tmp_path / "scores", monkeypatch)
    assert not codes.any() and whole[0].any() and torch.equal(memory, whole[1])


def test_no_memory_leaves_the_codes(run, whole, tmp_path, monkeypatch):
    codes, memory = told(run, "no-memory", tmp_path / "scores", monkeypatch)
    assert not memory.any() and whole[1].any() and torch.equal(codes, whole[0])


def test_an_untrained_model_remembers_as_before_its_first_step(run, whole, tmp_path, monkeypatch):
    codes, memory = told(run, "untrained-model", tmp_path / "scores", monkeypatch)
    assert torch.equal(codes, whole[0])
    fresh, right = untrained_model(load_agent(run).model), torch.tensor([[1.0, 0.0]]).expand(5, 2)
    with torch.no_grad():
        after = fresh.step(fresh.initial(5), codes[0], right)[0][0]
    torch.testing.assert_close(memory[1], after)
    assert not torch.allclose(memory[1], whole[1][1])


def test_changed_colours_are_seen_by_the_encoder(run, whole, tmp_path, monkeypatch):
    codes, memory = told(run, "changed-colours", tmp_path / "scores", monkeypatch)
    world = make_world("CartPole-v1", WorldConfig(size=16))
    world.reset(numpy_generator(9, "episode", 3))
    frame = torch.from_numpy(world.frame()[..., ::-1].copy()).permute(2, 0, 1)[None] / 255.0
    with torch.no_grad():
        expected = load_agent(run).model.representation.representation.encode(frame).mean[0]
    torch.testing.assert_close(codes[0, 3], expected)
    assert not torch.allclose(codes[0], whole[0][0]) and not torch.allclose(memory[1], whole[1][1])


def test_changed_colours_are_red_for_blue_and_a_negative_of_grey():
    stacked = np.array([[[1, 2, 3, 4, 5, 6]]], dtype=np.uint8)
    assert changed_colours(stacked).tolist() == [[[3, 2, 1, 6, 5, 4]]]
    assert changed_colours(stacked[..., :1]).tolist() == [[[254]]]


def test_real_frames_are_counted_once_for_each_recording(run, tmp_path):
    result = evaluate(job(run, episodes=1, max_steps=2), tmp_path / "scores")
    recordings = [open_data(run.parent / name) for name in ("first", "data")]
    assert result["frames_seen"] == sum(len(data.pixels) for data in recordings)
    blind = evaluate(job("still", episodes=1, max_steps=2), tmp_path / "blind")
    assert blind["frames_seen"] == 0


def test_frames_of_a_recording_that_is_gone_are_not_guessed(run, tmp_path):
    (run.parent / "first").rename(tmp_path / "away")
    try:
        result = evaluate(job(run, episodes=1, max_steps=2), tmp_path / "scores")
    finally:
        (tmp_path / "away").rename(run.parent / "first")
    assert result["frames_seen"] is None


def test_it_takes_the_environment_of_its_recordings_and_is_kept_in_its_run(run, tmp_path):
    shutil.copytree(run, tmp_path / "c")
    assert main(f"evaluate {tmp_path}/c --episodes 2 --max-steps 5".split()) == 0
    kept = {file.name for file in (tmp_path / "c/evaluations/CartPole-v1-1000-2").iterdir()}
    assert kept >= {"result.json", "episodes.csv", "first.gif", "worst.gif"}
    assert place_of(job(run, ablation="no-memory")).name == "no-memory-CartPole-v1-9-5"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"seed": 2}, "seed 2 is that of .*first, which .* learnt from"),
        ({"seed": 3}, "seed 3 is that of .*data, which .* learnt from"),
        ({"env": "MountainCar-v0"}, "was trained for 2 actions, and MountainCar-v0 takes 3 actions"),
        ({"env": "Pendulum-v1"}, "was trained for 2 actions, and Pendulum-v1 takes a box of 1 numbers"),
        ({"frame_skip": 2}, "plays as its recordings were made"),
        ({"together": 0}, "together must be 1 or more, got 0"),
        ({"subject": "held", "ablation": "no-memory"}, "'held' has nothing"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(run, tmp_path, choices, said):
    with pytest.raises(WrongInput, match=said):
        evaluate(job(run, **choices), tmp_path / "scores")
    assert not (tmp_path / "scores").exists()


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("v", "was made by `reverie fit`, not by `reverie train`"),
        ("m", "was made by `reverie model`, not by `reverie train`"),
        ("first", "was made by `reverie capture`, not by `reverie train`"),
        ("nowhere", "no run at"),
    ],
)
def test_a_run_that_is_no_controller_is_refused(run, tmp_path, subject, said, capsys):
    assert main(f"evaluate {run.parent / subject} --into {tmp_path}/scores".split()) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and said in shown and not (tmp_path / "scores").exists()


@pytest.mark.parametrize(("part", "word"), [("m", "m"), ("v", "representation"), ("data", "data set")])
def test_a_controller_whose_parts_are_gone_is_refused(run, tmp_path, part, word, capsys):
    (run.parent / part).rename(tmp_path / "away")
    try:
        assert main(f"evaluate {run} --into {tmp_path}/scores".split()) == 2
    finally:
        (tmp_path / "away").rename(run.parent / part)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and word in shown and str(run.parent / part) in shown
    assert not (tmp_path / "scores").exists()


def test_a_controller_of_another_world_model_is_refused(run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "c")
    written = json.loads((run / "job.json").read_text())
    written["uses"]["world_model"] = "0" * 64
    (tmp_path / "c/job.json").write_text(json.dumps(written))
    assert main(f"evaluate {tmp_path}/c --into {tmp_path}/scores".split()) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "changed since" in shown and "train anew" in shown


def test_an_altered_or_unfinished_controller_is_refused(run, tmp_path, capsys):
    for name, damage in (("altered", "weights.safetensors"), ("unfinished", "result.json")):
        shutil.copytree(run, tmp_path / name)
        file = tmp_path / name / damage
        file.write_bytes(file.read_bytes()[:-1] + b"\1") if name == "altered" else file.unlink()
        assert main(f"evaluate {tmp_path}/{name} --into {tmp_path}/scores".split()) == 2
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1 and str(tmp_path / name) in shown
