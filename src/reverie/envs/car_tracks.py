"""CarRacing's tracks as EnvPool draws them, for Gymnasium's game.

From a seed EnvPool draws with the C++ library's Mersenne Twister, and Gymnasium with PCG64, so that one seed
gives two tracks. What both do with their numbers is the same: Gymnasium's game, handed EnvPool's numbers,
lays EnvPool's track.
"""

from typing import Any

import numpy as np

from reverie.envs.game import reset_seed


class MersenneNumbers:
    """The numbers that EnvPool's CarRacing draws from a seed, behind the one method that Gymnasium's uses.

    Source: Matsumoto & Nishimura 1998 (MT19937, seeded as in their code of 2002), and GCC's
    `std::uniform_real_distribution`, which makes a number of two draws, the lower half first.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.RandomState(seed)

    def uniform(self, low: float | int, high: float) -> float:
        """The next number between two bounds."""
        share = int.from_bytes(self._bits.bytes(8), "little") / 2**64
        return low + (high - low) * share


def reset_on_envpool_track(env: Any, generator: np.random.Generator) -> Any:
    """Reset Gymnasium's game on the track that EnvPool lays for the episode's seed; the first observation."""
    env.unwrapped.np_random = MersenneNumbers(reset_seed(generator))
    return env.reset()[0]
