"""What every world promises, whatever it shows."""

import numpy as np
import pytest

from reverie.agents.held import HeldConfig
from reverie.core.config import to_json
from reverie.core.episode import Episode
from reverie.core.seeds import numpy_generator
from reverie.core.world import World
from reverie.engine.rollout import Cut, record
from reverie.envs.make import WorldConfig, make_world

WORLDS = {
    "LunarLander-v3": {},
    "LunarLander-v3 pool": {"scenes": 3},
    "LunarLander-v3 continuous": {"options": {"continuous": True}},
    "LunarLander-v3 wind": {"options": {"enable_wind": True}, "scenes": 2},
    "CartPole-v1": {},
    "ALE/Pong-v5": {"options": {"noops": 5}},
    "ALE/Breakout-v5 render": {"frames": "render", "options": {"noops": 5}},
    "ALE/SpaceInvaders-v5 thesis": {
        "frame_skip": 2,
        "max_pool": True,
        "grey": True,
        "crop": True,
        "options": {"noops": 5},
    },
    "ALE/Breakout-v5 stack": {"frame_skip": 4, "max_pool": True, "grey": True, "frame_stack": 4},
    "Acrobot-v1": {},
    "Pendulum-v1": {},
    "FrozenLake-v1": {},
    "Taxi-v4": {},
    "VizdoomTakeCover-v1": {},
    "CarRacing-v3": {},
    "CarRacing-v3 render": {"frames": "render"},
    "CarRacing-v3 envpool": {"engine": "envpool"},
}
SIZE = 32


def make(name: str, **more) -> World:
    if name.startswith("Vizdoom"):
        pytest.importorskip("vizdoom")
    if name.endswith("envpool"):
        pytest.importorskip("envpool")
    wanted = WORLDS[name]
    options = wanted.get("options", {}) | more.pop("options", {})
    return make_world(
        name.split(maxsplit=1)[0], WorldConfig(size=SIZE, **{**wanted, **more, "options": options})
    )


def play(world: World, episode: int, steps: int = 12, stride: int = 1) -> Episode:
    policy = HeldConfig(longest=4).build(world.action_space)
    cut = Cut(max_steps=steps, stride=stride)
    return record(world, policy, numpy_generator(7, "episode", episode), cut)


def assert_same(one: Episode, other: Episode) -> None:
    for name in ("frames", "actions", "rewards", "factors", "visible"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.ending == other.ending


pytestmark = pytest.mark.parametrize("name", WORLDS)


def test_frames_and_truth_have_one_shape_all_the_time(name):
    world = make(name)
    episode = play(world, 0)
    channels = (1 if WORLDS[name].get("grey") else 3) * WORLDS[name].get("frame_stack", 1)
    assert episode.frames.shape == (len(episode) + 1, SIZE, SIZE, channels)
    assert episode.factors.shape == (len(episode) + 1, len(world.factors))
    assert np.isfinite(episode.factors).all()
    assert len({factor.name for factor in world.factors}) == len(world.factors)


def test_two_copies_with_one_seed_agree(name):
    assert_same(play(make(name), 3), play(make(name), 3))


def test_an_episode_leaves_no_traces_in_the_next(name):
    used = make(name)
    for index in range(3):
        play(used, index, steps=30)
    assert_same(play(used, 5), play(make(name), 5))


def test_keeping_fewer_frames_changes_none_of_them(name):
    every, third = play(make(name), 4), play(make(name), 4, stride=3)
    kept = sorted({*range(0, len(every) + 1, 3), len(every)})
    assert np.array_equal(third.frames, every.frames[kept])
    assert np.array_equal(third.factors, every.factors[kept])
    assert np.array_equal(third.actions, every.actions[kept[:-1]])
    assert np.allclose(third.rewards, np.add.reduceat(every.rewards, kept[:-1]), atol=1e-3)


def test_stored_actions_replay_to_the_stored_truth_bit_by_bit(name):
    recorded = play(make(name), 6, steps=40)
    fresh = make(name)
    fresh.reset(numpy_generator(7, "episode", 6))
    for step, action in enumerate(recorded.actions):
        assert np.array_equal(fresh.truth(), recorded.factors[step])
        fresh.step(action)
    assert np.array_equal(fresh.truth(), recorded.factors[-1])
    assert np.array_equal(fresh.frame(), recorded.frames[-1])


def test_looking_twice_shows_the_same(name):
    world = make(name)
    world.reset(numpy_generator(0, "look"))
    world.step(world.action_space.sample(numpy_generator(0, "act")))
    first = world.frame().copy()
    assert np.array_equal(first, world.frame())


def test_a_time_limit_truncates_and_the_recorder_leaves_unfinished(name):
    # A game that ends by itself in three steps would make this test say nothing; none of these does.
    assert play(make(name, options={"max_episode_steps": 3}), 1).ending == "truncated"
    assert play(make(name), 1, steps=3).ending == "unfinished"


def test_the_description_makes_the_same_world_again(name):
    world = make(name)
    said = world.description()
    fields = {key: said[key] for key in to_json(WorldConfig()) if key in said}
    again = make_world(said["env"], WorldConfig(**fields))
    assert again.description() == said
    assert_same(play(world, 2), play(again, 2))
