"""Doom: the scenarios of ViZDoom; truth is where the player and, in TakeCover, monsters and fireballs are."""

import math
import os
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.world import Factor
from reverie.envs.game import Game, nothing, seeded_reset
from reverie.envs.leash import leashed

LONGEST = 2100
"""Steps after which TakeCover is over. Source: Ha & Schmidhuber 2018; ViZDoom's own file has no limit."""

HARMLESS = {"max_episode_steps", "screen_resolution"}
"""Options with which a game that is not drawn is played as one that is."""

SLOTS = 4
"""Nearest fireballs, and as many nearest imps, whose places are told."""

FAR = 1024.0
"""How far ahead something lies that is not there: behind the wall. It lies 0 to the left."""

PLAYER = (
    Factor("player_x", "map units"),
    Factor("player_y", "map units"),
    Factor("player_angle", "rad"),
)

KINDS = {"fireball": "DoomImpBall", "imp": "DoomImp"}

TAKE_COVER = (
    *PLAYER,
    Factor("health", "points"),
    *(Factor(f"{kind}s", "count") for kind in KINDS),
    Factor("fireballs_in_view", "count"),
    *(
        Factor(f"{kind}_{slot + 1}_{where}", "map units from the player")
        for kind in KINDS
        for slot in range(SLOTS)
        for where in ("ahead", "left")
    ),
)


def doom(name: str, options: dict[str, Any], seen: bool = True) -> Game:
    """The game behind an id Vizdoom*; adds its smallest screen and its limit to `options`, unless given.

    One that is not seen draws nothing where that changes nothing else: TakeCover as it comes, whose every
    step is worth a living reward. It is many times as fast, and has no frames.
    """
    take_cover = name.startswith("VizdoomTakeCover")
    undrawn = take_cover and not seen and options.keys() <= HARMLESS
    options.setdefault("screen_resolution", "RES_160X120")
    if take_cover:
        options.setdefault("max_episode_steps", LONGEST)
    return Game(
        factors=TAKE_COVER if take_cover else PLAYER,
        prepare=_draw_nothing if undrawn else _tell_places,
        begin=_begin,
        observe=_screen,
        truth=_take_cover if take_cover else _player,
        shown=_is_running,
        step_undrawn=nothing if undrawn else _state,
        action_names=_buttons,
        lasting=True,
        packages=("vizdoom",),
    )


def _tell_places(env: Any) -> None:
    doom = env.unwrapped
    game = doom.game
    game.set_objects_info_enabled(True)
    if type(doom.action_space).__name__ != "Discrete":
        return
    presses = [press.tolist() for press in doom.button_map]

    # As the environment steps, but for the observation, which nobody looks at: `_state` holds it all.
    def step(action: Any) -> tuple[None, float, bool, bool, dict[str, Any]]:
        reward = game.make_action(presses[action], doom.frame_skip)
        doom.state = game.get_state()
        late = doom.treat_episode_timeout_as_truncation and game.is_episode_timeout_reached()
        return None, reward, game.is_episode_finished(), late, {}

    doom.step = step


def _draw_nothing(env: Any) -> None:
    doom = env.unwrapped
    game, reward = doom.game, doom.game.get_living_reward()

    def step(action: Any) -> tuple[None, float, bool, bool, dict[str, Any]]:
        game.set_action(doom.button_map[action])
        game.advance_action(1, False)
        return None, reward, game.is_episode_finished(), False, {}

    doom.step = step


def _buttons(env: Any) -> tuple[str, ...]:
    """Names of actions: what is pressed, without the word that says that it is a movement."""
    doom = env.unwrapped
    if type(doom.action_space).__name__ != "Discrete":
        return ()
    known = [str(button.name) for button in doom.game.get_available_buttons()]
    named = [word.removeprefix("MOVE_").lower().replace("_", "-") for word in known]
    pressed = ([name for name, on in zip(named, press, strict=True) if on] for press in doom.button_map)
    return tuple("+".join(names) or "none" for names in pressed)


def _begin(env: Any, generator: np.random.Generator) -> Any:
    game = env.unwrapped.game
    if game.is_running():
        return seeded_reset(env, generator)
    # The game writes settings and a folder where it stands; both are of no use to anybody.
    with TemporaryDirectory(prefix="reverie-doom-", ignore_cleanup_errors=True) as folder, chdir(folder):
        game.set_doom_config_path(os.devnull)
        if sys.platform == "linux":
            game.set_vizdoom_path(str(leashed(_engine(), Path(folder))))
        return seeded_reset(env, generator)


def _engine() -> Path:
    import vizdoom

    return Path(vizdoom.__file__ or "").with_name("vizdoom")


def _state(env: Any) -> Any:
    """The latest state that the game told; when an episode is over it tells none."""
    doom = env.unwrapped
    if doom.state is not None:
        doom.told = doom.state
    return doom.told


def _is_running(env: Any) -> bool:
    return env.unwrapped.state is not None


def _screen(env: Any, observation: Any) -> Any:
    return _state(env).screen_buffer


def _player(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    return np.array(_pose(_state(env)), dtype=np.float32)


def _take_cover(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    state = _state(env)
    pose = _pose(state)
    places = [_around(state, pose, name) for name in KINDS.values()]
    in_view = sum(abs(left) <= ahead for ahead, left in places[0])
    known = [*pose, state.game_variables[0], *map(len, places), in_view]
    for found in places:
        nearest = [*sorted(found, key=lambda place: math.hypot(*place))[:SLOTS], *[(FAR, 0.0)] * SLOTS]
        known += [number for place in nearest[:SLOTS] for number in place]
    return np.array(known, dtype=np.float32)


def _pose(state: Any) -> tuple[float, float, float]:
    player = next(thing for thing in state.objects if thing.name == "DoomPlayer")
    return player.position_x, player.position_y, math.radians(player.angle)


def _around(state: Any, pose: tuple[float, float, float], name: str) -> list[tuple[float, float]]:
    """How far ahead and to the left of the player the things of a name are."""
    x, y, angle = pose
    forward = (math.cos(angle), math.sin(angle))
    away = [(thing.position_x - x, thing.position_y - y) for thing in state.objects if thing.name == name]
    return [
        (east * forward[0] + north * forward[1], north * forward[0] - east * forward[1])
        for east, north in away
    ]
