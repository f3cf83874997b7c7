"""Named bytes of the console, compared with what is drawn in the same frame."""

from dataclasses import dataclass

import numpy as np
import pytest

from reverie.agents.held import HeldConfig
from reverie.core.seeds import numpy_generator
from reverie.engine.rollout import Cut, record
from reverie.envs.atari_memory import MEMORY
from reverie.envs.make import WorldConfig, make_world

GAMES = {"pong": "Pong", "breakout": "Breakout", "space_invaders": "SpaceInvaders"}
GAMES |= {"boxing": "Boxing", "freeway": "Freeway"}
STEPS = 2500


@pytest.fixture(scope="module")
def played():
    """One long episode of each game, played when it is first asked for."""
    episodes = {}

    def play(game):
        if game not in episodes:
            options = {"frameskip": 1, "repeat_action_probability": 0.0}
            world = make_world(f"ALE/{GAMES[game]}-v5", WorldConfig(size=0, options=options))
            policy = HeldConfig(longest=15).build(world.action_space)
            episode = record(world, policy, numpy_generator(1, "memory"), Cut(max_steps=STEPS))
            names = [factor.name for factor in world.factors]
            episodes[game] = episode.frames, dict(zip(names, episode.factors.T, strict=True)), episode.rewards
        return episodes[game]

    return play


@dataclass(frozen=True)
class Drawn:
    """An object as it is drawn, and where that should be: edge = scale * byte + shift."""

    colour: tuple[int, int, int]
    window: tuple[slice, slice]
    side: str
    scale: float
    shift: float
    tolerance: float = 0.5
    whole: int | None = None
    """Pixels of the object when nothing hides it."""


def area(top, bottom, left=0, right=160):
    return slice(top, bottom), slice(left, right)


FIELD = area(34, 194)
DRAWN = {
    ("pong", "ball_x"): Drawn((236, 236, 236), FIELD, "left", 1, -49, whole=8),
    ("pong", "ball_y"): Drawn((236, 236, 236), FIELD, "top", 1, -14, 1.0, whole=8),
    ("pong", "enemy_y"): Drawn((213, 130, 74), FIELD, "top", 1, -15, whole=64),
    ("pong", "player_y"): Drawn((92, 186, 92), FIELD, "top", 1, -14, 1.5, whole=64),
    ("breakout", "player_x"): Drawn((200, 72, 72), area(189, 193, 8, 152), "left", 1, -47, whole=64),
    ("breakout", "ball_x"): Drawn((200, 72, 72), area(93, 189, 8, 152), "left", 1, -49, whole=8),
    ("breakout", "ball_y"): Drawn((200, 72, 72), area(93, 189, 8, 152), "top", 1, 9, whole=8),
    ("space_invaders", "invaders_x"): Drawn((134, 134, 29), area(20, 195), "left", 1, -1),
    ("space_invaders", "invaders_y"): Drawn((134, 134, 29), area(20, 195), "top", 2, 31),
    ("space_invaders", "player_x"): Drawn((50, 132, 50), area(180, 195), "left", 1, -1, 1.5, whole=44),
    ("boxing", "player_x"): Drawn((214, 214, 214), area(38, 178, 33, 127), "left", 1, 5, 1.0),
    ("boxing", "enemy_x"): Drawn((0, 0, 0), area(38, 178, 33, 127), "right", 1, 17, 1.0),
    ("boxing", "player_y"): Drawn((214, 214, 214), area(38, 178, 33, 127), "top", 1, 38, 2.5),
    ("boxing", "enemy_y"): Drawn((0, 0, 0), area(38, 178, 33, 127), "top", 1, 38, 2.5),
    ("freeway", "player_y"): Drawn((252, 252, 84), area(10, 195, 40, 52), "bottom", -1, 201),
}


def edge(mask, side):
    """Column or row where a mask begins, or the one after it ends."""
    if side == "right":
        return mask.shape[2] - mask.any(1)[:, ::-1].argmax(1)
    if side == "left":
        return mask.any(1).argmax(1)
    if side == "top":
        return mask.any(2).argmax(1)
    return mask.shape[1] - mask.any(2)[:, ::-1].argmax(1)


@pytest.mark.parametrize(("game", "name"), DRAWN)
def test_an_object_is_drawn_where_its_byte_says(played, game, name):
    frames, memory, _ = played(game)
    drawn = DRAWN[game, name]
    rows, columns = drawn.window
    mask = (frames[:, rows, columns] == np.array(drawn.colour)).all(-1)
    count = mask.sum((1, 2))
    clear = count == drawn.whole if drawn.whole else count > 0
    begins = columns.start if drawn.side in ("left", "right") else rows.start
    seen = edge(mask[clear], drawn.side) + begins
    told = drawn.scale * memory[name][clear] + drawn.shift
    assert clear.sum() > 150 and len(set(memory[name][clear])) > 1
    assert np.mean(np.abs(seen - told) <= drawn.tolerance) > 0.95


@pytest.mark.parametrize("shot", ["first_shot", "second_shot", "players_shot"])
def test_shots_of_space_invaders_fly_where_their_bytes_say(played, shot):
    """Where a shot's column is grey at all (shots flicker), it is grey at the told row."""
    frames, memory, _ = played("space_invaders")
    grey = (frames[:, 25:195] == 142).all(-1)
    x, y = (memory[f"{shot}_{axis}"].astype(int) for axis in "xy")
    top = 2 * y + 4 - 25
    flying = np.flatnonzero((y < 90) & (top > 0) & (x > 2))
    shown = flying[grey[flying, :, x[flying] - 2].any(1)]

    def seen(lag):
        late = np.clip(shown + lag, 0, len(top) - 1)
        rows = zip(shown, top[late], strict=True)
        return np.mean([grey[t, row : row + 4, x[t] - 2].any() for t, row in rows])

    assert len(shown) > 30
    assert seen(0) > 0.9 and max(seen(-8), seen(8)) < 0.5


def test_cars_of_freeway_drive_where_their_bytes_say(played):
    frames, memory, _ = played("freeway")
    for lane in range(10):
        rows = frames[:600, 26 + 16 * lane : 36 + 16 * lane].astype(int)
        ground = np.isin(rows.max(-1), (142, 170, 214)) & (np.ptp(rows, axis=-1) == 0)
        car = ~ground & (np.abs(rows - (252, 252, 84)).sum(-1) > 0)
        car[:, :, :9] = False
        told = memory[f"car_{lane + 1:02d}_x"][:600]
        whole = (told > 15) & (told < 145)
        seen = car[whole].any(1).argmax(1)
        assert np.mean(np.abs(seen - told[whole] + 3) <= 1) > 0.9


def decimal(byte):
    """What a byte says whose two hexadecimal digits are tens and ones; below ten, that is the byte."""
    return 10 * (byte.astype(int) >> 4) + (byte.astype(int) & 15)


@pytest.mark.parametrize(
    ("game", "plus", "minus"),
    [
        ("pong", {"player_points": 1}, {"enemy_points": 1}),
        ("boxing", {"player_points": 1}, {"enemy_points": 1}),
        ("breakout", {"points": 1, "hundreds_of_points": 100}, {}),
        ("space_invaders", {"points": 1, "hundreds_of_points": 100}, {}),
        ("freeway", {"points": 1}, {}),
    ],
)
def test_points_in_memory_are_the_rewards_so_far(played, game, plus, minus):
    _, memory, rewards = played(game)
    told = sum(weight * decimal(memory[name]) for name, weight in plus.items())
    told = told - sum(weight * decimal(memory[name]) for name, weight in minus.items())
    gained = np.concatenate([[0], np.cumsum(rewards)])
    assert np.mean(told == gained) > 0.95
    assert game == "freeway" or np.abs(rewards).sum() > 0


@pytest.mark.parametrize("game", MEMORY)
def test_every_byte_has_one_name(game):
    names = [factor.name for factor in MEMORY[game].values()]
    assert len(set(names)) == len(names) and all(0 <= byte < 128 for byte in MEMORY[game])
