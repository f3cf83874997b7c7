"""Evaluate a trained run: in lockstep as one by one, through its own eyes, on episodes that it never saw."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from reverie.cli import main
from reverie.core.seeds import numpy_generator
from reverie.core.world_model import encode_actions
from reverie.envs.make import WorldConfig, make_world
from reverie.verbs._coded import changed_colours
from reverie.verbs.evaluate import EvaluateJob, evaluate
from reverie.verbs.load_agent import load_agent


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A controller of CartPole, trained for a moment; the agent keeps its numbers apart from chance."""
    place = tmp_path_factory.mktemp("world")
    for words in (
        f"capture CartPole-v1 {place}/data --episodes 8 --size 16 --seed 2",
        f"fit dense-ae {place}/data {place}/v --code-size 4 --hidden 16 --epochs 1 --threads 1",
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


def test_lockstep_is_one_by_one(run, tmp_path):
    expected = [by_hand(run, episode) for episode in range(5)]
    assert len(set(expected)) > 1, "else too much would be alike"
    assert scores(run, tmp_path / "all", together=5) == expected
    assert scores(run, tmp_path / "pairs", together=2) == expected


def test_changed_colours_are_red_for_blue_and_a_negative_of_grey():
    stacked = np.array([[[1, 2, 3, 4, 5, 6]]], dtype=np.uint8)
    assert changed_colours(stacked).tolist() == [[[3, 2, 1, 6, 5, 4]]]
    assert changed_colours(stacked[..., :1]).tolist() == [[[254]]]
