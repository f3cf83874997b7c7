"""Atari 2600 games of the Arcade Learning Environment; truth is the console's 128 bytes of memory."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.errors import WrongInput
from reverie.envs.atari_memory import factors_of
from reverie.envs.game import Game, seeded_reset

NOOPS = 30
"""Most steps without action before recording starts. Source: Mnih et al. 2015, evaluation procedure."""

PLAYFIELD = 18 / 26
"""Of what a crop takes away, the share above: 210 rows become 110, of which those from 18 to 102 stay.

Source: Mnih et al. 2013, where 110 x 84 pixels are cropped to "roughly" the playing area.
"""


def atari(game: str, noops: Any) -> Game:
    """The game of a cartridge ("space_invaders"), started after at most `noops` steps without action."""
    if type(noops) is not int or not 0 <= noops <= 10_000:
        raise WrongInput(f"the option noops must be a whole number from 0 to 10000, got {noops!r}")
    return Game(
        factors=factors_of(game),
        begin=partial(_begin_late, noops),
        truth=_memory,
        action_names=_meanings,
        cut=PLAYFIELD,
        lasting=True,
        packages=("ale-py",),
        options={"noops": noops},
    )


def one_frame_a_step(env_id: str, options: dict[str, Any]) -> None:
    """Have the emulator skip no frames by itself, so that pairs of frames are neighbours."""
    if options.setdefault("frameskip", 1) != 1:
        skipped = options["frameskip"]
        raise WrongInput(
            f"{env_id} would skip frames twice, by frameskip={skipped} too; leave that out, choose frame_skip"
        )


def _begin_late(noops: int, env: Any, generator: np.random.Generator) -> Any:
    # The emulator is deterministic: without this every episode would start with the same frames.
    observation = seeded_reset(env, generator)
    space = env.action_space
    idle = 0 if type(space).__name__ == "Discrete" else np.zeros(space.shape, dtype=space.dtype)
    for _ in range(int(generator.integers(noops + 1))):
        observation, _, terminated, truncated, _ = env.step(idle)
        if terminated or truncated:
            observation = env.reset()[0]
    return observation


def _meanings(env: Any) -> tuple[str, ...]:
    if type(env.action_space).__name__ != "Discrete":
        return ()
    return tuple(meaning.lower() for meaning in env.unwrapped.get_action_meanings())


def _memory(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    return env.unwrapped.ale.getRAM().astype(np.float32)
