"""Bare loops: the games that capture plays, as a careful person would write them down to get their frames."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LUMINANCE = (0.2126, 0.7152, 0.0722, 0.0)
NOOPS = 30
DOOM_ACTIONS = ([0, 0], [0, 1], [1, 0])

Pictures = list[np.ndarray]
"""What one frame is made of: the pictures of a pair of steps, or a single one."""


@dataclass(frozen=True)
class Bare:
    """A game without Reverie; the same generator plays the same episode as in a capture."""

    make: Callable[[], Any]
    play: Callable[[Any, np.random.Generator, int], Iterator[Pictures]]
    """Pictures of an episode of at most so many steps, of what was made."""
    frame: Callable[[Pictures], np.ndarray]
    """What a person does to pictures, with NumPy and Pillow."""


def engine_alone(pictures: Pictures) -> np.ndarray:
    """The last picture as the engine drew it: nothing is done to it."""
    return pictures[-1]


def lunar_lander() -> Bare:
    """Step, render, resize."""
    make = partial(_gymnasium, "LunarLander-v3", render_mode="rgb_array")
    return Bare(make, _play_rendered, _small)


def car_racing() -> Bare:
    """Step, which draws the observation; resize."""
    return Bare(partial(_gymnasium, "CarRacing-v3"), _play_observed, _small)


def atari(env_id: str) -> Bare:
    """The chain of the thesis: the maximum of two frames, BT.709 luminance, 84 by 84 pixels."""
    make = partial(_gymnasium, env_id, frameskip=1, repeat_action_probability=0.0)
    return Bare(make, _play_pairs, _thesis)


def doom() -> Bare:
    """ViZDoom's own game, not Gymnasium's: an action, the state, its screen of 160 by 120 pixels; resize."""
    return Bare(_doom_game, _play_doom, _small)


def _small(pictures: Pictures) -> np.ndarray:
    return np.asarray(Image.fromarray(pictures[0]).resize((64, 64), Image.Resampling.BOX))


def _thesis(pictures: Pictures) -> np.ndarray:
    brightest = pictures[0] if len(pictures) == 1 else np.maximum(*pictures)
    grey = Image.fromarray(brightest).convert("L", LUMINANCE)
    return np.asarray(grey.resize((84, 84), Image.Resampling.BOX))[:, :, None]


def _gymnasium(env_id: str, **options: Any) -> Any:
    import gymnasium

    return gymnasium.make(env_id, disable_env_checker=True, **options)


def _seed(generator: np.random.Generator) -> int:
    return int(generator.integers(2**31))


def _play_rendered(env: Any, generator: np.random.Generator, steps: int) -> Iterator[Pictures]:
    env.reset(seed=_seed(generator))
    yield [env.render()]
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(int(generator.integers(env.action_space.n)))
        yield [env.render()]
        if terminated or truncated:
            return


def _play_observed(env: Any, generator: np.random.Generator, steps: int) -> Iterator[Pictures]:
    seen, _ = env.reset(seed=_seed(generator))
    yield [seen]
    low, high = env.action_space.low, env.action_space.high
    for _ in range(steps):
        seen, _, terminated, truncated, _ = env.step(generator.uniform(low, high).astype(np.float32))
        yield [seen]
        if terminated or truncated:
            return


def _play_pairs(env: Any, generator: np.random.Generator, steps: int) -> Iterator[Pictures]:
    seen, _ = env.reset(seed=_seed(generator))
    for _ in range(int(generator.integers(NOOPS + 1))):
        seen, *_ = env.step(0)
    yield [seen]
    for _ in range(steps):
        action = int(generator.integers(env.action_space.n))
        before, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            yield [seen, before]
            return
        seen, _, terminated, truncated, _ = env.step(action)
        yield [before, seen]
        if terminated or truncated:
            return


def _doom_game() -> Any:
    import vizdoom

    game = vizdoom.DoomGame()
    game.load_config(str(Path(vizdoom.scenarios_path) / "take_cover.cfg"))
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_window_visible(False)
    game.set_doom_config_path(os.devnull)
    return game


def _play_doom(game: Any, generator: np.random.Generator, steps: int) -> Iterator[Pictures]:
    # As ViZDoom's environment derives the seed of its engine.
    seeds = np.random.default_rng(_seed(generator))
    game.set_seed(int(seeds.integers(0, 2**32, dtype=np.uint32)))
    if game.is_running():
        game.new_episode()
    else:
        game.init()
    screen = game.get_state().screen_buffer
    yield [screen]
    for _ in range(steps):
        game.make_action(DOOM_ACTIONS[generator.integers(len(DOOM_ACTIONS))])
        state = game.get_state()
        # The engine shows no last frame; the one before stands for it.
        screen = screen if state is None else state.screen_buffer
        yield [screen]
        if state is None:
            return
