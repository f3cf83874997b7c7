"""Chance of dreams: every random number depends on a seed, the number of the dream and the step alone."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.core.seeds import numpy_generator
from reverie.core.world_model import Noise

CHUNK = 64
"""Steps whose numbers are drawn at once; a part of what a seed means."""


@dataclass(frozen=True)
class StepChance:
    """Chance of one step, a row for each dream."""

    code: Noise
    end: Float[Tensor, " batch"]
    """Uniform in [0, 1): below the probability of an end, the dream ends."""


class Chance:
    """The random numbers of some dreams, which are the same in whatever company they are drawn.

    There is a place for each dream, where the numbers of its next `CHUNK` steps are held. They are made by
    NumPy on the CPU, so that a seed means the same on every device.
    """

    def __init__(self, places: int, code_size: int, device: str | torch.device = "cpu") -> None:
        self._device = device
        self._uniform = torch.zeros(CHUNK, places, code_size + 1, device=device)
        self._normal = torch.zeros(CHUNK, places, code_size, device=device)

    def begin(self, seed: int, dream: int) -> Float[Tensor, " code"]:
        """Standard normal numbers that draw the first code of a dream from the belief about it."""
        generator = numpy_generator(seed, "first code", dream)
        numbers = generator.standard_normal(self._normal.shape[2], np.float32)
        return torch.from_numpy(numbers).to(self._device)

    def load(self, place: int, seed: int, dream: int, step: int) -> None:
        """Hold the numbers of a dream's `CHUNK` steps from `step` on, a multiple of `CHUNK`, at a place."""
        generator = numpy_generator(seed, "dream", dream, step // CHUNK)
        for held, draw in ((self._uniform, generator.random), (self._normal, generator.standard_normal)):
            numbers = draw((CHUNK, held.shape[2]), np.float32)
            held[:, place] = torch.from_numpy(numbers).to(self._device)

    def at(self, step: int | Int64[Tensor, " batch"], places: Int64[Tensor, " batch"]) -> StepChance:
        """Chance of a step of the dreams at these places: one step for all, or one for each."""
        index = step % CHUNK
        uniform = self._uniform[index, places]
        return StepChance(Noise(uniform[:, :-1], self._normal[index, places]), uniform[:, -1])
