"""Capture by a trained controller: it sees what it records, and acts as it does when it is evaluated."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import reverie
from reverie.cli import main
from reverie.core.world_model import encode_actions
from reverie.data.batches import to_frames
from reverie.verbs.load_agent import load_agent


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Recordings of CartPole, a representation, a world model and a controller, all of them small."""
    folder = tmp_path_factory.mktemp("piloted")
    data, codes, dreams, agent = (str(folder / name) for name in ("data", "codes", "dreams", "agent"))
    assert main(["capture", "CartPole-v1", data, "--episodes", "12", "--size", "16"]) == 0
    words = ["fit", "dense-ae", data, codes, "--code-size", "6", "--hidden", "32", "--epochs", "3"]
    assert main(words) == 0
    assert main(["model", "mdn-rnn", codes, data, dreams, "--hidden-size", "8", "--epochs", "2"]) == 0
    plan = [
        "--generations",
        "2",
        "--population",
        "6",
        "--rollouts",
        "4",
        "--held-out",
        "8",
        "--max-steps",
        "30",
    ]
    assert main(["train", "linear-cma", dreams, agent, *plan, "--sigma", "2.0"]) == 0
    return folder


def recorded(place: Path, name: str, *words: str) -> Path:
    folder = place / name
    job = ["capture", "CartPole-v1", str(folder), "--policy", str(place / "agent"), "--size", "16"]
    assert main([*job, "--seed", "7", "--max-steps", "25", *words]) == 0
    return folder


def test_actions_are_those_of_the_controller_on_the_recorded_frames(place):
    """A plain autoencoder's codes are certain, so that the actions follow from the frames alone."""
    data = reverie.open_data(recorded(place, "one", "--episodes", "2"))
    agent = load_agent(place / "agent")
    model = agent.model
    for episode in data:
        hidden = model.world_model.initial(1)
        for frame, action in zip(episode.frames[:-1], episode.actions, strict=True):
            with torch.no_grad():
                code = model.representation.representation.encode(to_frames(frame[None])).mean
                chosen = agent.actor(1).act(code, hidden)
                hidden, _ = model.world_model.step(hidden, code, chosen)
            assert chosen.argmax().item() == action
            torch.testing.assert_close(chosen, encode_actions(model.action_space, np.array([action])))


def test_bytes_do_not_depend_on_the_workers(place):
    one, two = (
        recorded(place, "alone", "--episodes", "4"),
        recorded(place, "two", "--episodes", "4", "--workers", "2"),
    )
    assert (one / "manifest.json").read_bytes() == (two / "manifest.json").read_bytes()


def test_some_steps_are_taken_at_random(place):
    data = reverie.open_data(recorded(place, "noisy", "--episodes", "3", "--epsilon", "1.0"))
    plain = reverie.open_data(recorded(place, "plain", "--episodes", "3"))
    assert any(not np.array_equal(a.actions[:8], b.actions[:8]) for a, b in zip(data, plain, strict=True))
    assert len(set(np.concatenate([episode.actions for episode in data]).tolist())) == 2


def test_the_manifest_names_the_controller_by_its_weights(place):
    told = json.loads((recorded(place, "told", "--episodes", "1") / "manifest.json").read_text())
    policy = told["source"]["policy"]
    agent = json.loads((place / "agent" / "result.json").read_text())
    assert (policy["word"], policy["sha256"]) == ("run", agent["sha256"])
    assert str(place) not in json.dumps(told)


def test_its_recordings_teach_the_world_model_more(place):
    more = recorded(place, "more", "--episodes", "3")
    words = [str(place / "codes"), str(place / "data"), str(place / "again"), "--more", str(more)]
    begin = ["--begin", str(place / "dreams"), "--hidden-size", "8", "--epochs", "1"]
    assert main(["model", "mdn-rnn", *words, *begin]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--stride", "2"], "must see every frame to act; leave out --stride 2"),
        (["--epsilon", "1.5"], "epsilon must be from 0 to 1, got 1.5"),
        (["--size", "32"], "sees frames of 3 x 16 x 16, CartPole-v1 shows 3 x 32 x 32"),
        (["--mix", "random"], "is for the policy 'mixed'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(place, tmp_path, capsys, words, sentence):
    job = ["capture", "CartPole-v1", str(tmp_path / "data"), "--policy", str(place / "agent"), "--size", "16"]
    assert main([*job, *words]) == 2
    assert sentence in capsys.readouterr().err


def test_another_game_and_a_run_that_is_gone_are_refused(place, tmp_path, capsys):
    agent = str(place / "agent")
    assert main(["capture", "LunarLander-v3", str(tmp_path / "a"), "--policy", agent, "--size", "16"]) == 2
    assert "was trained for" in capsys.readouterr().err
    assert main(["capture", "CartPole-v1", str(tmp_path / "b"), "--policy", str(tmp_path / "none")]) == 2
    assert "no run at" in capsys.readouterr().err
    shutil.copytree(place / "data", tmp_path / "data")
    assert main(["capture", "CartPole-v1", str(tmp_path / "c"), "--policy", str(tmp_path / "data")]) == 2
    assert "was made by `reverie capture`, not by `reverie train`" in capsys.readouterr().err


def test_the_seed_of_an_episode_does_not_depend_on_who_acts(place):
    """The world of an episode follows from seed and number, so that recordings can be compared."""
    first = reverie.open_data(recorded(place, "same", "--episodes", "1"))[0].frames[0]
    held = str(place / "held")
    assert (
        main(
            [
                "capture",
                "CartPole-v1",
                held,
                "--policy",
                "held",
                "--size",
                "16",
                "--seed",
                "7",
                "--episodes",
                "1",
            ]
        )
        == 0
    )
    np.testing.assert_array_equal(reverie.open_data(held)[0].frames[0], first)
