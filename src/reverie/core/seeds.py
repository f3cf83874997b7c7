"""Randomness as an argument: generators derived from a seed and a path of names."""

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    import torch


def numpy_generator(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator for one purpose; the same seed and path give the same draws everywhere."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, *path)))


def torch_generator(seed: int, *path: str | int, device: str = "cpu") -> "torch.Generator":
    """A torch generator for one purpose; the same seed and path give the same draws on the same machine."""
    # Imported here, so that commands that need no network start in a fraction of a second.
    import torch

    state = int(_sequence(seed, *path).generate_state(1, np.uint64)[0]) >> 1
    return torch.Generator(device=device).manual_seed(state)


def _sequence(seed: int, *path: str | int) -> np.random.SeedSequence:
    words = [crc32(part.encode()) if isinstance(part, str) else part for part in path]
    return np.random.SeedSequence([seed, *words])
