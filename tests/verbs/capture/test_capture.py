"""Capture: same seed, same bytes, and wrong input refused in one sentence."""

import os
import sys

import gymnasium
import numpy as np
import pytest
from capture_jobs import JOB, contents

from reverie.core.console import PlainConsole
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.data.check import check_data
from reverie.data.store import open_data
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture, resume_capture


def test_the_result_counts_what_is_there(recorded):
    folder, result = recorded
    data = open_data(folder)
    assert result["episodes"] == len(data) == 30
    assert result["frames"] == sum(len(episode) + 1 for episode in data) == len(data.pixels)
    assert result["visible_frames"] == result["frames"]
    assert result["raw_bytes"] == result["frames"] * 16 * 16 * 3
    assert result["endings"] == {"terminated": 30} and result["complete"] is True
    assert result["bytes"] <= sum(len(content) for content in contents(folder).values())
    assert check_data(folder) == []


def test_the_same_seed_gives_the_same_bytes_with_one_worker_or_two(recorded, tmp_path):
    folder, _ = recorded
    before = contents(folder)
    capture(CaptureJob(**JOB), tmp_path / "two", crew=Crew(workers=2))
    assert contents(tmp_path / "two") == before


def test_another_seed_gives_other_bytes(recorded, tmp_path):
    folder, _ = recorded
    capture(CaptureJob(**{**JOB, "seed": 6, "episodes": 3}), tmp_path / "data")
    assert not np.array_equal(open_data(tmp_path / "data")[0].factors, open_data(folder)[0].factors)


def test_nothing_in_the_folder_tells_when_where_or_by_how_many(recorded):
    folder, _ = recorded
    for path, content in contents(folder).items():
        assert b"workers" not in content and str(folder).encode() not in content, path
        assert os.uname().nodename.encode() not in content, path


def test_the_seed_of_one_episode_does_not_depend_on_the_others(recorded, tmp_path):
    folder, _ = recorded
    capture(CaptureJob(**{**JOB, "episodes": 4}), tmp_path / "few")
    for few, many in zip(open_data(tmp_path / "few"), open_data(folder), strict=False):
        assert np.array_equal(few.frames, many.frames)


class Fickle(gymnasium.Env):
    """Pays well until it pays nonsense: in its fourth episode."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    episodes = 0

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.first = self.np_random.integers(1 << 30)
        Fickle.episodes += 1
        self.steps = 0
        return np.zeros(2, dtype=np.float32), {}

    def step(self, action):
        self.steps += 1
        nonsense = Fickle.episodes == 5 and self.steps == 3  # the first reset is capture's look at the world
        reward = float("nan") if nonsense else 1.0
        return np.zeros(2, dtype=np.float32), reward, self.steps == 49, False, {}

    def render(self):
        return np.full((8, 8, 3), self.steps, dtype=np.uint8)


@pytest.fixture
def fickle():
    gymnasium.register("ReverieFickle-v0", entry_point=Fickle)
    Fickle.episodes = 0
    yield "ReverieFickle-v0"
    del gymnasium.registry["ReverieFickle-v0"]


def test_a_reward_that_is_no_number_names_environment_episode_step_and_value(tmp_path, fickle):
    words = (
        r"ReverieFickle-v0, episode 3, step 2: the reward is nan, not a finite number; 2 episodes are kept"
    )
    with pytest.raises(BrokeWhileWorking, match=words):
        capture(CaptureJob(env=fickle, episodes=9, size=8), tmp_path / "data")
    assert len(open_data(tmp_path / "data")) == 2
    resume_capture(tmp_path / "data")
    assert len(open_data(tmp_path / "data")) == 9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"env": "LunarLanderr-v3"}, "unknown environment 'LunarLanderr-v3'; did you mean 'LunarLander-v3'?"),
        ({"policy": "heldd"}, "unknown policy 'heldd'; did you mean 'held'?"),
        ({"hold": (5, 2)}, "held needs 1 <= shortest <= longest, got shortest 5 and longest 2"),
        (
            {"policy": "random", "hold": (2, 3)},
            "hold (2, 3) is for the policy 'held', not for 'random'; leave it out",
        ),
        ({"epsilon": 0.5}, "epsilon 0.5 is for the policy 'mixed', not for 'held'; leave it out"),
        (
            {"policy": "dqn.zip"},
            "dqn.zip is not loaded: such archives hold pickled objects, which may run anything",
        ),
        (
            {"policy": "runs/dqn"},
            "no run at runs/dqn: it has no job.json; give a folder that `reverie fit` made",
        ),
        ({"frame_skip": 0}, "frame_skip must be from 1 to 16, got 0"),
        (
            {"crop": True, "size": 0},
            "crop cuts out a square of a chosen size; size 0 keeps the whole picture",
        ),
        ({"episodes": 0}, "episodes must be 1 or more, got 0"),
        ({"stride": 0}, "stride must be 1 or more, got 0"),
        ({"size": -1}, "size must be from 0 to 4096 pixels, got -1"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"scenes": 3}, "CartPole-v1 has no scenery to draw from a pool; leave out scenes 3"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(tmp_path, wrong, words):
    with pytest.raises(WrongInput) as error:
        capture(CaptureJob(**{**JOB, **wrong}), tmp_path / "data")
    assert str(error.value) == words
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_and_a_folder_that_does_not_are_refused(recorded, tmp_path):
    folder, _ = recorded
    with pytest.raises(WrongInput, match=f"continue it with: reverie resume {folder}"):
        capture(CaptureJob(**JOB), folder)
    with pytest.raises(WrongInput, match="no run at"):
        resume_capture(tmp_path / "nowhere")


def test_two_captures_do_not_write_into_one_folder(recorded):
    fcntl = pytest.importorskip("fcntl")
    folder, _ = recorded
    with (folder / "job.json").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(WrongInput, match=r"another process is working in .*; wait for it, or end it"):
            resume_capture(folder)


def test_an_estimate_is_said_and_true(tmp_path):
    said = []
    console = PlainConsole(sys.stderr)
    console.say = said.append
    result = capture(CaptureJob(**{**JOB, "episodes": 120}), tmp_path / "data", console)
    (estimate,) = [line for line in said if line.startswith("estimate:")]
    frames = int(estimate.split(" frames")[0].split()[-1])
    assert 2 / 3 < frames / result["frames"] < 1.5
