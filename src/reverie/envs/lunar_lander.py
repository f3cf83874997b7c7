"""LunarLander: a lander above hills; truth is its eight state variables."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.seeds import numpy_generator
from reverie.core.world import Factor
from reverie.envs.game import Game, observation_truth, seeded_reset

FACTORS = (
    Factor("x", "half screen widths"),
    Factor("y", "half screen heights"),
    Factor("vx", "half screen widths per 2 s"),
    Factor("vy", "half screen heights per 0.889 s"),
    Factor("angle", "rad"),
    Factor("angular_velocity", "2.5 rad/s"),
    Factor("left_leg", "contact"),
    Factor("right_leg", "contact"),
)

SMOKE_AGE = 0.15
"""How much older a particle of exhaust grows each time it is drawn (gymnasium, lunar_lander.py)."""


def lunar_lander(scenes: int) -> Game:
    """The game behind LunarLander-v3 and LunarLanderContinuous-v3.

    With `scenes` above zero the terrain comes from a pool of so many, the same pool for every seed; the first
    push and the engines' dispersion stay the episode's own.
    """
    return Game(
        factors=FACTORS,
        begin=partial(_begin_in_pool, scenes) if scenes else seeded_reset,
        truth=observation_truth,
        visible=_on_screen,
        step_undrawn=_age_smoke,
        lasting=True,
        packages=("Box2D", "pygame-ce", "pygame"),
    )


class _PooledTerrain(np.random.Generator):
    """The episode's generator, except that terrain comes from the pool.

    LunarLander draws its hills, and nothing else, with a `size`.
    """

    def __init__(self, bits: np.random.BitGenerator, terrain: np.random.Generator) -> None:
        super().__init__(bits)
        self._terrain = terrain

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """A draw from the pool for the hills, from the episode for everything else."""
        if size is not None:
            return self._terrain.uniform(low, high, size)
        return super().uniform(low, high)


def _begin_in_pool(scenes: int, env: Any, generator: np.random.Generator) -> Any:
    terrain = numpy_generator(0, "terrain", int(generator.integers(scenes)))
    bits = np.random.PCG64(int(generator.integers(2**63)))
    env.unwrapped.np_random = _PooledTerrain(bits, terrain)
    return env.reset(seed=None)[0]


def _on_screen(truth: Float32[np.ndarray, " factor"]) -> bool:
    return bool(abs(truth[0]) <= 1.0 and -0.5 <= truth[1] <= 1.5)


def _age_smoke(env: Any) -> None:
    # Exhaust grows old when it is drawn: without this, frames would depend on how many of them are kept.
    lander = env.unwrapped
    for particle in lander.particles:
        particle.ttl -= SMOKE_AGE
    lander._clean_particles(False)
