"""Atari 2600 games of the Arcade Learning Environment; truth is the console's 128 bytes of memory."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.errors import WrongInput
from reverie.core.world import Factor
from reverie.envs.game import Game, seeded_reset

FACTORS = tuple(Factor(f"ram_{byte:03d}", "byte") for byte in range(128))

NOOPS = 30
"""Most steps without action before recording starts. Source: Mnih et al. 2015, evaluation procedure."""


def atari(noops: Any) -> Game:
    """The game behind ALE/*, started after a random number of steps without action, at most `noops`."""
    if type(noops) is not int or not 0 <= noops <= 10_000:
        raise WrongInput(f"the option noops must be a whole number from 0 to 10000, got {noops!r}")
    return Game(
        factors=FACTORS,
        begin=partial(_begin_late, noops),
        truth=_memory,
        lasting=True,
        packages=("ale-py",),
        options={"noops": noops},
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


def _memory(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    return env.unwrapped.ale.getRAM().astype(np.float32)
