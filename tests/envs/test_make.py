"""Worlds by their id: what is refused, and in which words."""

import gymnasium
import numpy as np
import pytest

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.seeds import numpy_generator
from reverie.envs.camera import Camera
from reverie.envs.make import WorldConfig, make_world


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("LunarLanderr-v3", "LunarLander-v3"),
        ("LunarLander-v2", "LunarLander-v3"),
        ("ALE/Pongg-v5", "ALE/Pong-v5"),
        ("cartpole-v1", "CartPole-v1"),
    ],
)
def test_an_unknown_environment_is_refused_with_the_nearest(wrong, near):
    with pytest.raises(WrongInput) as error:
        make_world(wrong, WorldConfig())
    assert str(error.value) == f"unknown environment {wrong!r}; did you mean {near!r}?"


def test_atari_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("reverie.envs.make._register_atari", lambda gymnasium: False)
    monkeypatch.setattr(gymnasium, "registry", {"CartPole-v1": None})
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[atari\]'"):
        make_world("ALE/Pong-v5", WorldConfig())


@pytest.mark.parametrize(
    ("env", "config", "words"),
    [
        ("CartPole-v1", {"scenes": 4}, "CartPole-v1 has no scenery"),
        ("CartPole-v1", {"options": {"wheels": 3}}, "cannot make CartPole-v1 with options .*wheels"),
        ("CartPole-v1", {"frames": "observation"}, "no images; choose frames 'render'"),
        ("ALE/Pong-v5", {"options": {"noops": -1}}, "noops must be a whole number from 0"),
        (
            "ALE/Pong-v5",
            {"max_pool": True, "options": {"frameskip": 4}},
            "would skip frames twice, by frameskip=4",
        ),
        ("no_such_module:Env-v0", {}, "needs a module that is not here"),
        ("phys2d/CartPole-v1", {}, "needs a module that is not here"),
    ],
)
def test_what_a_world_cannot_do_is_one_sentence(env, config, words):
    with pytest.raises(WrongInput, match=words) as error:
        make_world(env, WorldConfig(**config))
    assert "\n" not in str(error.value)


def test_actions_without_bounds_are_refused():
    space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    with pytest.raises(WrongInput, match="without bounds"):
        make_registered(Odd(action_space=space))


def test_actions_that_are_no_numbers_are_refused():
    with pytest.raises(WrongInput, match="has Dict actions"):
        make_registered(Odd(action_space=gymnasium.spaces.Dict({"a": gymnasium.spaces.Discrete(2)})))


def test_an_environment_that_cannot_be_seen_is_refused():
    with pytest.raises(WrongInput, match="cannot be seen"):
        make_registered(Odd(metadata={"render_modes": ["ansi"]}))


def test_an_environment_that_raises_is_one_sentence():
    world = make_registered(Odd(trouble=ZeroDivisionError("division\nby zero")))
    world.reset(numpy_generator(0))
    with pytest.raises(BrokeWhileWorking, match="failed: ZeroDivisionError: division by zero"):
        world.step(0)


def test_a_reward_that_is_no_number_is_named():
    world = make_registered(Odd(reward="a lot"))
    world.reset(numpy_generator(0))
    with pytest.raises(BrokeWhileWorking, match="the reward is 'a lot', not a number"):
        world.step(0)


def test_actions_that_do_not_start_at_zero_reach_the_environment_shifted():
    odd = Odd(action_space=gymnasium.spaces.Discrete(3, start=10))
    world = make_registered(odd)
    world.reset(numpy_generator(0))
    world.step(2)
    assert odd.taken == [12]


def test_frames_are_box_averages():
    picture = np.zeros((4, 8, 3), dtype=np.uint8)
    picture[:2, :4] = 200
    picture[2, 4, 0] = 80
    small = Camera(size=2).frame(picture)
    assert small[0, 0].tolist() == [200, 200, 200]
    assert small[1, 1].tolist() == [10, 0, 0]
    assert small[0, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 1), (6, 6, 3), (6, 6, 4)])
def test_grey_and_transparent_pictures_become_rgb(shape):
    frame = Camera(size=3).frame(np.full(shape, 9, dtype=np.uint8))
    assert frame.shape == (3, 3, 3)
    assert (frame == 9).all()


def test_an_environment_that_keeps_traces_is_made_anew_for_every_episode():
    made = []

    def make(render_mode=None):
        made.append(Odd())
        return made[-1]

    gymnasium.register("ReverieOdd-v0", entry_point=make)
    try:
        world = make_world("ReverieOdd-v0", WorldConfig(size=8))
        for episode in range(3):
            world.reset(numpy_generator(episode))
            world.step(0)
    finally:
        del gymnasium.registry["ReverieOdd-v0"]
    assert [len(odd.taken) for odd in made[-3:]] == [1, 1, 1]


class Odd(gymnasium.Env):
    """An environment with one oddity."""

    def __init__(self, action_space=None, metadata=None, trouble=None, reward=0.0):
        self.action_space = action_space or gymnasium.spaces.Discrete(2)
        self.observation_space = gymnasium.spaces.Box(-1, 1, (2,))
        self.metadata = metadata or {"render_modes": ["rgb_array"]}
        self.render_mode = "rgb_array"
        self.trouble, self.reward, self.taken = trouble, reward, []

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, dtype=np.float32), {}

    def step(self, action):
        self.taken.append(action)
        if self.trouble:
            raise self.trouble
        return np.zeros(2, dtype=np.float32), self.reward, False, False, {}

    def render(self):
        return np.zeros((8, 8, 3), dtype=np.uint8)


def make_registered(env):
    gymnasium.register("ReverieOdd-v0", entry_point=lambda render_mode=None: env)
    try:
        return make_world("ReverieOdd-v0", WorldConfig(size=8))
    finally:
        del gymnasium.registry["ReverieOdd-v0"]
