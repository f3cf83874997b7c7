"""Play: keys and time go in, episodes come out; no terminal is needed to know that."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace
from reverie.core.world_model import Starts, Surroundings
from reverie.envs.dream import DreamConfig
from reverie.envs.dream_env import DreamEnv
from reverie.envs.dream_rows import Dreamland
from reverie.envs.stage import Beat, DreamStage
from reverie.verbs._keys import keys_of
from reverie.verbs.play import PlayJob, Session, play
from reverie.worldmodels.mdn_rnn import MDNRNNConfig

NAMED = ActionSpace(4, names=("none", "left+fire", "right", "left"))
BOX = ActionSpace(None, np.array([-1, 0, 0], np.float32), np.array([1, 1, 1], np.float32))


def land(temperature: float = 0.7, max_steps: int = 30) -> Dreamland:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = MDNRNNConfig(hidden_size=8).build(Surroundings(code_size=4, action_size=4)).eval()
        mean = torch.randn(5, 4)
    starts = Starts(mean, torch.full_like(mean, 0.1), model.initial(5))
    return Dreamland(
        world_model=model,
        starts=starts,
        action_space=NAMED,
        config=DreamConfig(temperature=temperature, max_steps=max_steps),
        decode=lambda codes: codes.sigmoid().reshape(-1, 1, 2, 2).repeat(1, 3, 1, 1),
    )


class Always:
    """A controller that always does the same."""

    def __init__(self, number: int) -> None:
        self.number = number

    def act(self, code, hidden):
        return torch.eye(4)[[self.number] * len(code)]

    def keep(self, rows):
        return self


def test_a_stage_dreams_what_gymnasium_sees():
    """Two episodes of the same seed and actions: the same rewards, ends and pictures as `DreamEnv`."""
    stage, env = DreamStage(land(), 5), DreamEnv(land(), "rgb_array")
    for episode in range(2):
        stage.begin()
        env.reset(seed=5 if episode == 0 else None)
        for step in range(30):
            seen = env.render()
            assert seen is not None and np.array_equal(stage.frame(), seen)
            beat = stage.step(step % 4)
            _, reward, ended, cut, _ = env.step(step % 4)
            assert beat.reward == pytest.approx(reward, abs=1e-6)
            assert (beat.over == "the world model ended it", beat.over.startswith("cut off")) == (ended, cut)
            assert beat.end_probability is not None and 0 <= beat.end_probability <= 1
            if ended or cut:
                break


def test_the_end_comes_as_often_as_is_shown():
    """Over many steps the mean of the shown probabilities is the share of ends."""
    stage = DreamStage(land(max_steps=1000), 0)
    shown, ends = [], 0
    for _ in range(60):
        stage.begin()
        beat = Beat(0.0)
        while not beat.over:
            beat = stage.step(0)
            shown.append(beat.end_probability)
        ends += beat.over == "the world model ended it"
    expected = sum(shown)
    assert abs(ends - expected) < 4 * np.sqrt(expected)


def test_keys_choose_actions_by_number_and_by_name():
    keys = keys_of(NAMED)
    assert keys.resting == 0
    assert [keys.pressed(key, 0) for key in ("1", "4", "left", "right", "up", "z")] == [
        0,
        3,
        3,
        2,
        None,
        None,
    ]
    assert "2 left+fire" in keys.help() and keys.words(2) == "right"


def test_every_one_of_eighteen_actions_has_a_key_that_is_no_command():
    keys = keys_of(ActionSpace(18))
    found = {keys.pressed(key, 0) for key in "1234567890asdfghjkl"} - {None}
    assert found == set(range(18))
    assert all(keys.pressed(key, 0) is None for key in "qnrc+- ")


def test_arrows_move_numbers_within_their_box():
    keys = keys_of(BOX)
    action = keys.pressed("right", keys.resting)
    assert action == pytest.approx([0.25, 0.0, 0.0])
    for _ in range(9):
        action = keys.pressed("right", action)
    assert action == pytest.approx([1.0, 0.0, 0.0])
    assert keys.pressed("down", action) == pytest.approx([1.0, 0.0, 0.0])
    assert keys.pressed("up", action) == pytest.approx([1.0, 0.125, 0.0])
    keys.pressed("2", action)
    assert keys.pressed("up", action) == pytest.approx([1.0, 0.0, 0.125])
    assert keys.pressed("0", action) == pytest.approx([0.0, 0.0, 0.0])


def test_an_action_stays_until_another_key():
    session = Session(DreamStage(land(), 1))
    session.press("right")
    session.tick()
    session.tick()
    assert session.action == 2 and session.steps == 2
    assert "you: right" in session.lines()[1]


def test_time_stands_still_in_a_pause_and_one_step_is_one():
    session = Session(DreamStage(land(), 1))
    session.press("space")
    session.tick()
    assert session.steps == 0 and "paused" in session.lines()[1]
    session.press("n")
    session.tick()
    assert session.steps == 1 and session.paused
    session.press("space")
    session.tick()
    assert session.steps == 2


def test_warmth_changes_the_dream_and_never_reaches_zero():
    warm, cold = Session(DreamStage(land(), 1)), Session(DreamStage(land(), 1))
    for _ in range(40):
        cold.press("-")
    warm.press("+")
    assert "temperature 0.75" in warm.lines()[0] and "temperature 0.05" in cold.lines()[0]
    assert np.array_equal(warm.frame(), cold.frame())
    warm.tick()
    cold.tick()
    assert not np.array_equal(warm.frame(), cold.frame())


def test_what_is_over_stays_so_until_it_begins_again():
    session = Session(DreamStage(land(max_steps=3), 1))
    for _ in range(8):
        session.tick()
    assert session.steps <= 3 and "over: " in session.lines()[1] and len(session.scores) == 1
    assert session.scores[0] == pytest.approx(session.total)
    session.press("n")
    assert session.steps <= 3
    session.press("r")
    assert (session.steps, session.total, session.beat.over) == (0, 0.0, "")


def test_a_controller_acts_until_a_person_does_and_gets_it_back():
    session = Session(DreamStage(land(), 1, Always(3)))
    session.tick()
    assert session.action == 3 and "controller: left" in session.lines()[1]
    session.press("right")
    session.tick()
    assert session.action == 2 and "you: right" in session.lines()[1]
    session.press("c")
    session.tick()
    assert session.action == 3


def test_quitting_closes():
    session = Session(DreamStage(land(), 1))
    assert not session.closed
    session.press("q")
    assert session.closed


def test_a_real_environment_is_played_for_real():
    session = play(PlayJob(subject="CartPole-v1", seed=2))
    before = session.frame()
    for _ in range(3):
        session.press("2")
        session.tick()
    assert session.total == 3.0 and not np.array_equal(before, session.frame())
    assert "end" not in session.lines()[0] and "temperature" not in session.lines()[0]
    session.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A representation `codes`, a world model `model`, a controller `agent`."""
    place = tmp_path_factory.mktemp("play")
    data, codes, model = (str(place / name) for name in ("data", "codes", "model"))
    shape = ["--episodes", "8", "--size", "16", "--max-steps", "40"]
    assert main(["capture", "CartPole-v1", data, *shape]) == 0
    assert main(["fit", "dense-ae", data, codes, "--code-size", "4", "--hidden", "16", "--epochs", "1"]) == 0
    assert main(["model", "mdn-rnn", codes, data, model, "--hidden-size", "8", "--epochs", "1"]) == 0
    plan = ["--generations", "1", "--population", "4", "--rollouts", "2", "--held-out", "4"]
    train = ["train", "linear-cma", model, str(place / "agent"), *plan, "--temperature", "1.2"]
    assert main([*train, "--max-steps", "20"]) == 0
    return place


def test_runs_of_both_kinds_are_played(place):
    dream = play(PlayJob(subject=str(place / "model"), temperature=0.9))
    assert dream.frame().shape == (16, 16, 3)
    dream.tick()
    assert dream.steps == 1 and "temperature 0.90" in dream.lines()[0] and "you: " in dream.lines()[1]
    watched = play(PlayJob(subject=str(place / "agent")))
    watched.tick()
    assert "temperature 1.20" in watched.lines()[0] and "controller: " in watched.lines()[1]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"subject": "codes"}, "made by `reverie fit`, and dreams nothing"),
        ({"subject": "nothing"}, "no run at"),
        ({"subject": "model", "temperature": 0.0}, "temperature must be above 0, got 0.0"),
        ({"subject": "model", "max_steps": 0}, "'max_steps' must be positive, got 0"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(place, fields, sentence):
    with pytest.raises(WrongInput, match=sentence):
        play(PlayJob(**{**fields, "subject": str(place / fields["subject"])}))


def test_what_is_no_environment_either_is_one_sentence():
    with pytest.raises(WrongInput, match=r"unknown environment 'CartPoll-v1'; did you mean 'CartPole-v1'\?"):
        play(PlayJob(subject="CartPoll-v1"))
    with pytest.raises(WrongInput, match="only dreams have a temperature"):
        play(PlayJob(subject="CartPole-v1", temperature=1.0))
