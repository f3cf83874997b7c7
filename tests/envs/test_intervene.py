"""Interventions: what is set is set, nothing else differs, and the frames show it."""

import numpy as np
import pytest

from reverie.core.errors import WrongInput
from reverie.envs.intervene import RANGES, intervention

UNSEEN = ("vx", "vy", "angular_velocity")


def drawn(setter, count=6):
    return [setter.draw(np.random.default_rng(seed)) for seed in range(count)]


@pytest.fixture(scope="module", params=list(RANGES))
def lander(request):
    setter = intervention("LunarLander-v3", 0, request.param, None)
    yield request.param, setter, drawn(setter)
    setter.world.close()


def test_only_the_factor_that_is_asked_for_differs(lander):
    name, setter, pairs = lander
    index = [factor.name for factor in setter.world.factors].index(name)
    for pair in pairs:
        assert np.flatnonzero(pair.truth[0] != pair.truth[1]).tolist() == [index]
        low, high = RANGES[name]
        assert low - 1e-6 <= pair.truth[1, index] <= high + 1e-6


def around(truth):
    """Pixels near a lander, by the geometry of the game: 300 pixels are one unit of x, 200 one of y."""
    rows, columns = np.indices((400, 600))
    right, down = 300 + 300 * truth[0], 400 - (400 / 4 + 18 + 200 * truth[1])
    return np.hypot(columns - right, rows - down) < 45


def test_frames_differ_only_where_the_lander_is(lander):
    name, _, pairs = lander
    for pair in pairs:
        differing = (pair.frames[0] != pair.frames[1]).any(2)
        assert not differing[~(around(pair.truth[0]) | around(pair.truth[1]))].any()
        assert differing.any() != (name in UNSEEN)


def test_a_moved_lander_looks_as_before_somewhere_else():
    """Moved sideways by whole pixels, everything that differs is the same picture so much further on."""
    setter = intervention("LunarLander-v3", 0, "y", (0.9, 0.9001))
    pair = setter.draw(np.random.default_rng(2))
    setter.world.close()
    moved = np.argwhere((pair.frames[0] != pair.frames[1]).any(2))
    assert len(moved) > 200
    legs = np.argwhere(around(pair.truth[1]))[:, 0]
    assert legs.min() <= moved[:, 0].max() and moved[:, 0].min() <= legs.max()


def test_the_physics_goes_on_from_where_the_lander_was_put():
    """The game's own next observation is near what was set: its bodies were moved, not only its numbers."""
    setter = intervention("LunarLander-v3", 64, "x", (0.5, 0.6))
    pair = setter.draw(np.random.default_rng(1))
    setter.world.step(0)
    after = setter.world.truth()
    setter.world.close()
    assert after[0] == pytest.approx(pair.truth[1, 0], abs=0.03)
    assert np.abs(after - pair.truth[1])[:6].max() < 0.15


def test_the_same_generator_gives_the_same_pair():
    setter = intervention("LunarLander-v3", 32, "angle", None)
    one, two = (setter.draw(np.random.default_rng(7)) for _ in range(2))
    setter.world.close()
    assert np.array_equal(one.frames, two.frames) and np.array_equal(one.truth, two.truth)


@pytest.fixture(scope="module")
def breakout():
    pytest.importorskip("ale_py")
    setter = intervention("ALE/Breakout-v5", 0, _name("ALE/Breakout-v5", 99), (60.0, 160.0))
    yield setter
    setter.world.close()


def _name(env, byte):
    from reverie.envs.make import WorldConfig, make_world

    world = make_world(env, WorldConfig())
    world.close()
    return world.factors[byte].name


def test_a_byte_of_memory_is_set_and_seen(breakout):
    """Byte 99 is where Breakout's ball is: the frames differ by two balls of 2 by 4 pixels at most."""
    seen = 0
    for pair in drawn(breakout, 8):
        assert 60 <= pair.truth[1, 99] <= 161
        differing = (pair.frames[0] != pair.frames[1]).any(2).sum()
        assert differing <= 16 or np.count_nonzero(pair.truth[0] != pair.truth[1]) > 1
        seen += bool(differing)
    assert seen


def test_frames_of_a_game_are_those_of_its_state(breakout):
    """The first branch is what the console shows when nothing was set, and both emulate one frame."""
    pair = breakout.draw(np.random.default_rng(3))
    console = breakout.world._env.unwrapped
    assert np.array_equal(pair.truth[1], console.ale.getRAM())
    assert np.array_equal(pair.frames[1], console.ale.getScreenRGB())


@pytest.mark.parametrize(
    ("env", "factor", "between", "sentence"),
    [
        ("CartPole-v1", "angle", None, "the state of CartPole-v1 cannot be set; choose LunarLander"),
        ("LunarLander-v3", "angel", None, "unknown factor of LunarLander-v3 'angel'; did you mean 'angle'?"),
        ("LunarLander-v3", "left_leg", None, "left_leg follows from where the lander is; set one of x, y"),
        ("LunarLander-v3", "x", (0.5, 0.5), "x is set between two numbers, the lower first"),
        ("LunarLander-v3", "x", (0.0, float("inf")), "x is set between two numbers"),
        ("LunarLanderr-v3", "x", None, "unknown environment 'LunarLanderr-v3'"),
    ],
)
def test_what_cannot_be_set_is_refused(env, factor, between, sentence):
    with pytest.raises(WrongInput, match=sentence):
        intervention(env, 64, factor, between)


def test_bytes_are_whole_numbers(breakout):
    with pytest.raises(WrongInput, match="whole numbers from 0 to 255"):
        intervention("ALE/Breakout-v5", 64, breakout.world.factors[99].name, (0.0, 300.0))
