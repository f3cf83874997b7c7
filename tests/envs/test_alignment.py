"""A frame shows what its factors say, at the same instant: measured in the pixels."""

import re

import numpy as np
import pytest

from reverie.agents.held import HeldConfig
from reverie.agents.random import RandomConfig
from reverie.core.seeds import numpy_generator
from reverie.engine.rollout import Cut, record
from reverie.envs.lunar_lander import FACTORS
from reverie.envs.make import WorldConfig, make_world

SCALE, FPS = 30.0, 50.0  # pixels a metre, frames a second, as gymnasium draws LunarLander


def centroid(mask):
    """Mean column and row of each frame's true pixels, in pixels from the top left corner."""
    count = mask.sum((1, 2))
    column = (mask.sum(1) * np.arange(mask.shape[2])).sum(1) / count + 0.5
    row = (mask.sum(2) * np.arange(mask.shape[1])).sum(1) / count + 0.5
    return column, row


@pytest.fixture(scope="module")
def landing():
    world = make_world("LunarLander-v3", WorldConfig(size=0))
    policy = RandomConfig().build(world.action_space)
    return record(world, policy, numpy_generator(3, "episode", 0), Cut(max_steps=65))


@pytest.fixture(scope="module")
def rally():
    options = {"frameskip": 1, "repeat_action_probability": 0.0}
    world = make_world("ALE/Pong-v5", WorldConfig(size=0, options=options))
    return record(
        world, HeldConfig().build(world.action_space), numpy_generator(3, "episode", 0), Cut(max_steps=500)
    )


@pytest.fixture(scope="module")
def falling():
    world = make_world("LunarLander-v3", WorldConfig(size=0))
    policy = HeldConfig().build(world.action_space)
    return record(world, policy, numpy_generator(3, "episode", 0), Cut(max_steps=90))


@pytest.fixture(scope="module")
def seen(falling):
    """Frames that show the lander whole, and its place read from the picture alone."""
    body = np.abs(falling.frames.astype(int) - np.array([128, 102, 230])).sum(-1) < 30
    whole = np.flatnonzero(falling.visible & ~body[:, :5].any((1, 2)))
    whole = whole[(whole > 2) & (whole < len(body) - 2)]
    column, row = centroid(body[whole])
    # Gymnasium: x is 0 in the middle of 600 pixels; y is 0 where the legs stand on the pad, at 100 of 400.
    return whole, np.stack([column / 300 - 1, (400 - 100 - 18 - row) / 200], axis=1)


def errors_of_the_lander(falling, seen, lag):
    """Mean error of the place in the picture, against the factors `lag` frames later."""
    whole, place = seen
    later = falling.factors[whole + lag].astype(float)
    difference = place - later[:, :2]
    # The middle of the drawn body is not the point that the factors give: it is shifted, and tilts with it.
    tilt = np.stack([np.ones(len(later)), np.sin(later[:, 4]), np.cos(later[:, 4])], axis=1)
    explained = tilt @ np.linalg.lstsq(tilt, difference)[0]
    return np.abs(difference - explained).mean(0)


def test_the_lander_is_where_its_factors_say(falling, seen):
    whole, place = seen
    assert len(whole) > 40
    assert (np.abs(place - falling.factors[whole, :2]).max(0) < 0.02).all()
    assert (errors_of_the_lander(falling, seen, 0) < 0.001).all()


@pytest.mark.parametrize("lag", [-1, 1])
def test_the_lander_of_a_neighbouring_frame_is_elsewhere(falling, seen, lag):
    aligned = errors_of_the_lander(falling, seen, 0)
    assert (errors_of_the_lander(falling, seen, lag) > 1.08 * aligned).all()


def errors_of_the_ball(rally, lag):
    """Mean error in pixels of the ball that memory tells `lag` frames later, against the picture."""
    ball = (rally.frames[:, 34:194] == 236).all(-1)
    whole = np.flatnonzero(ball.sum((1, 2)) == 8)  # 2 by 4 pixels: neither cut off nor on the net
    whole = whole[(whole > 2) & (whole < len(ball) - 2)]
    column, row = centroid(ball[whole])
    memory = rally.factors[whole + lag]
    # The console counts columns from 49 and rows from 46 to the left and above of the drawn field.
    return np.abs(column - (memory[:, 49] - 48)).mean(), np.abs(row + 34 - (memory[:, 54] - 12)).mean()


def test_pongs_ball_is_where_memory_says(rally):
    x, y = errors_of_the_ball(rally, 0)
    assert x <= 0.1 and y <= 0.1


@pytest.mark.parametrize("lag", [-1, 1])
def test_pongs_ball_of_a_neighbouring_frame_is_elsewhere(rally, lag):
    assert min(errors_of_the_ball(rally, lag)) > 0.5


def test_units_of_the_lander_are_as_named(landing):
    """Velocities times a step are differences of positions, in the units of the factors."""
    factors = landing.factors[:50].astype(float)  # in the air
    moved = np.diff(factors, axis=0)
    arrived = factors[1:]
    units = {factor.name: factor.unit for factor in FACTORS}
    number = {
        name: float(re.findall(r"\d[\d.]*", units[name])[0]) for name in ("vx", "vy", "angular_velocity")
    }
    assert np.allclose(moved[:, 0], arrived[:, 2] / number["vx"] / FPS, atol=2e-3)
    assert np.allclose(moved[:, 1], arrived[:, 3] / number["vy"] / FPS, atol=2e-3)
    assert np.allclose(moved[:, 4], arrived[:, 5] * number["angular_velocity"] / FPS, atol=2e-3)


def test_units_of_the_cart_are_as_named():
    world = make_world("CartPole-v1", WorldConfig(size=8))
    episode = record(world, RandomConfig().build(world.action_space), numpy_generator(1), Cut(max_steps=30))
    moved = np.diff(episode.factors, axis=0)
    # Gymnasium integrates with Euler steps of 0.02 s from the state before.
    assert np.allclose(moved[:, 0], episode.factors[:-1, 1] * 0.02, atol=1e-5)
    assert np.allclose(moved[:, 2], episode.factors[:-1, 3] * 0.02, atol=1e-5)


def test_a_frame_off_screen_is_not_visible():
    world = make_world("LunarLander-v3", WorldConfig(size=0))
    policy = RandomConfig().build(world.action_space)
    for index in range(20):
        episode = record(world, policy, numpy_generator(3, "off", index), Cut(max_steps=400))
        if not episode.visible.all():
            break
    hidden = np.flatnonzero(~episode.visible)
    assert len(hidden)
    x, y = episode.factors[hidden, 0], episode.factors[hidden, 1]
    assert ((np.abs(x) > 1) | (y < -0.5) | (y > 1.5)).all()


def test_a_pool_of_scenes_has_so_many_terrains_and_free_pushes():
    world = make_world("LunarLander-v3", WorldConfig(size=0, scenes=3))
    hills, pushes = set(), set()
    for index in range(24):
        world.reset(numpy_generator(index, "episode", 0))
        hills.add(world.frame()[200:, :, 0].copy()[:, ::40].tobytes())
        pushes.add(tuple(world.truth()[2:4]))
    assert len(hills) == 3
    assert len(pushes) == 24


def test_atari_starts_after_a_random_number_of_idle_steps():
    world = make_world("ALE/Pong-v5", WorldConfig(size=16, options={"noops": 30}))
    starts = set()
    for index in range(8):
        world.reset(numpy_generator(0, "episode", index))
        starts.add(world.truth().tobytes())
    assert len(starts) > 4
