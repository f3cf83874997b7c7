"""EnvPool's CarRacing is Gymnasium's on the same track, as far as docs/guides/fast-car-racing.md says."""

import math
import sys

import numpy as np
import pytest

from reverie.agents.wander import WanderConfig
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.seeds import numpy_generator
from reverie.envs.game import reset_seed
from reverie.envs.make import WorldConfig, make_fast_worlds, make_world

ENV = "CarRacing-v3"
LAP = 5
"""Episode in which the driver comes round."""
BAR = 84
"""Row where the instruments begin."""


@pytest.fixture(autouse=True)
def installed():
    pytest.importorskip("envpool")


def make(engine="envpool", **fields):
    if engine == "gymnasium":
        fields["options"] = {**fields.get("options", {}), "tracks": "envpool"}
    return make_world(ENV, WorldConfig(engine=engine, **{"size": 0, **fields}))


class Both:
    """The same episode in both engines."""

    def __init__(self, episode, **fields):
        self.slow, self.fast = make("gymnasium", **fields), make(**fields)
        for world in (self.slow, self.fast):
            world.reset(numpy_generator(7, "parity", episode))

    def step(self, action):
        return self.slow.step(action), self.fast.step(action)

    def difference(self):
        """Of the pictures as they are now, in bytes: of each pixel the colour that differs most."""
        return np.abs(self.slow.frame().astype(int) - self.fast.frame().astype(int))


def wander(world, seed=0):
    policy, generator, hidden = WanderConfig().build(world.action_space), numpy_generator(seed), None
    while True:
        action, hidden = policy.act(None, hidden, generator)
        yield action


def drive(world):
    """A driver who knows the track: looks ahead the further the faster it goes, and slows down for bends."""
    game = world._env.unwrapped
    track, car = np.array(game.track), game.car.hull
    away = track[:, 2:4] - np.array(car.position)
    nearest, speed = int(np.square(away).sum(1).argmin()), math.hypot(*car.linearVelocity)
    ahead = away[(nearest + 4 + int(speed / 12)) % len(track)]
    turn = math.remainder(car.angle - math.atan2(-ahead[0], ahead[1]), 2 * math.pi)
    bend = abs(math.remainder(track[(nearest + 18) % len(track), 1] - track[nearest, 1], 2 * math.pi))
    wanted = 95 - 45 * min(bend, 1.2)
    pedals = 0.6 * (speed < wanted), 0.25 * (speed > wanted + 8)
    return np.array([np.clip(1.2 * turn, -1, 1), *pedals], dtype=np.float32)


def test_rewards_and_pictures_agree_on_the_same_track():
    """Rewards in all but rounding; pictures in all but edges, flickering wheels and digits, zoom or not."""
    both, found = Both(0), []
    actions = wander(both.fast)
    for step in range(160):
        if step % 10 == 0:
            apart = both.difference()
            found.append((apart[:BAR].mean(), (apart[:BAR].max(-1) > 32).mean(), apart[BAR:].mean()))
        slow, fast = both.step(next(actions))
        assert abs(slow.reward - fast.reward) < 1e-5
        assert slow[1:] == fast[1:] == (False, False)
    zoom, road = np.mean(found[:5], 0), np.mean(found[5:], 0)
    assert 1 < zoom[0] < 3 and 2 < road[0] < 3.5
    assert 0.005 < zoom[1] < 0.025 and 0.005 < road[1] < 0.025
    assert 2 < road[2] < 6
    assert np.array_equal(both.slow.truth(), both.fast.truth()) and both.fast.visible()


def test_another_track_looks_otherwise():
    """So that the agreement above means something: frames of two tracks differ several times as much."""
    one, other = Both(0), Both(1)
    for _ in range(60):
        gas = np.array([0, 0.5, 0], dtype=np.float32)
        one.step(gas), other.step(gas)
    same = one.difference()[:BAR].mean()
    assert np.abs(one.slow.frame()[:BAR].astype(int) - other.fast.frame()[:BAR]).mean() > 1.5 * same


def test_a_car_that_leaves_the_field_ends_in_both_at_the_same_step():
    both, gas = Both(1), np.array([0, 0.5, 0], dtype=np.float32)
    for _ in range(1000):
        slow, fast = both.step(gas)
        assert slow[1:] == fast[1:] and abs(slow.reward - fast.reward) < 1e-5
        if fast.terminated:
            break
    assert fast.terminated and fast.reward == -100


def test_a_lap_ends_in_both_at_the_same_step():
    both, returns = Both(LAP), np.zeros(2)
    for _ in range(1000):
        steps = both.step(drive(both.slow))
        returns += [step.reward for step in steps]
        assert steps[0][1:] == steps[1][1:]
        if steps[0].terminated:
            break
    # At this speed a tile may be touched a step earlier in one of them; it counts as much.
    assert steps[0].terminated and abs(returns[0] - returns[1]) < 0.05
    assert returns.min() > 900 and both.fast.visible()


def test_a_time_limit_truncates_in_both():
    both, gas = Both(3, options={"max_episode_steps": 4}), np.array([0, 0.5, 0], dtype=np.float32)
    ends = [[step[1:] for step in both.step(gas)] for _ in range(4)]
    assert ends == [[(False, False)] * 2] * 3 + [[(False, True)] * 2]


def test_a_batch_is_its_episodes_one_by_one():
    """Rows start with their own tracks, keep to them when others are left out, and threads change nothing."""
    worlds = make_fast_worlds(ENV, WorldConfig(size=32), threads=2)
    worlds.reset([numpy_generator(7, "parity", episode) for episode in range(3)])
    alone = make(size=32)
    alone.reset(numpy_generator(7, "parity", 2))
    actions = wander(alone)
    for step in range(12):
        action = next(actions)
        rows = 3 if step < 5 else 2
        steps = worlds.step(np.stack([*[action * [-1, 1, 1]] * (rows - 1), action]).astype(np.float32))
        assert steps[-1] == alone.step(action)
        if step == 4:
            worlds.keep([0, 2])
        assert np.array_equal(worlds.frames()[-1], alone.frame())
    assert len(worlds.frames()) == 2


def test_seeds_are_those_of_episodes():
    """One draw of each generator, as every world takes, so that policies draw the same after it."""
    one, other = numpy_generator(1), numpy_generator(1)
    make(size=32).reset(one)
    reset_seed(other)
    assert one.integers(2**40) == other.integers(2**40)


@pytest.mark.parametrize("engine", ["envpool", "gymnasium"])
def test_an_action_that_is_no_number_is_refused(engine):
    """It gives a near-perfect score: openai/gym#522."""
    world = make(engine)
    world.reset(numpy_generator(0))
    with pytest.raises(BrokeWhileWorking, match=r"finite numbers, got .*nan"):
        world.step(np.array([0, np.nan, 0], dtype=np.float32))


@pytest.mark.parametrize(
    ("env", "fields", "told"),
    [
        ("LunarLander-v3", {}, "EnvPool plays CarRacing-v3 here, and not LunarLander-v3"),
        (ENV, {"frames": "render"}, "has no frames render"),
        (ENV, {"frame_skip": 4}, "has no frame_skip 4"),
        (ENV, {"max_pool": True}, "has no max_pool"),
        (ENV, {"scenes": 3}, "has no scenes 3"),
        (ENV, {"options": {"continuous": False}}, "no option 'continuous'"),
        (ENV, {"options": {"tracks": "gymnasium"}}, "no option 'tracks'"),
        (ENV, {"options": {"max_episode_steps": 0}}, "a whole number from 1, got 0"),
        (ENV, {"options": {"lap_complete_percent": 95}}, "from 0 to 1, got 95"),
    ],
)
def test_what_envpool_does_not_have_is_refused(env, fields, told):
    with pytest.raises(WrongInput, match=told):
        make_world(env, WorldConfig(engine="envpool", **fields))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "envpool", None)
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[fast\]'"):
        make()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tracks": "envpoool"}, "did you mean 'envpool'"),
        ({"tracks": "envpool", "domain_randomize": True}, "leave out domain_randomize"),
    ],
)
def test_tracks_that_cannot_be_are_refused(options, told):
    with pytest.raises(WrongInput, match=told):
        make_world(ENV, WorldConfig(options=options))
