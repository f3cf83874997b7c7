"""Batches: random frames of a data set, ready for a network, the same ones whenever they are asked for."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.shapes import Frames, Pixels, Rows

Batch = TypeVar("Batch")

AHEAD = 2
"""Batches that each worker prepares ahead."""


@dataclass(frozen=True)
class Batches:
    """Every row once an epoch, in an order that depends on seed and epoch alone.

    The last batch may be smaller. `workers` threads prepare batches ahead, in order; their number changes
    no byte.
    """

    pixels: Pixels
    rows: Rows
    batch_size: int
    seed: int
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if self.batch_size < 1 or self.workers < 0:
            given = f"{self.batch_size} and {self.workers}"
            raise WrongInput(f"batch_size must be 1 or more and workers 0 or more, got {given}")
        if not len(self.rows):
            raise WrongInput("no frames to make batches of")

    def __len__(self) -> int:
        """Batches in an epoch."""
        return (len(self.rows) + self.batch_size - 1) // self.batch_size

    def epoch(self, index: int, start: int = 0) -> Iterator[Frames]:
        """The batches of an epoch, from `start` on."""
        order = numpy_generator(self.seed, "epoch", index).permutation(self.rows)
        first = range(start * self.batch_size, len(order), self.batch_size)
        parts = (order[begin : begin + self.batch_size] for begin in first)
        return prepared(self._take, parts, self.workers)

    def _take(self, rows: Rows) -> Frames:
        return to_frames(self.pixels[rows])


def prepared(take: Callable[[Rows], Batch], parts: Iterator[Rows], workers: int) -> Iterator[Batch]:
    """What `take` makes of each part, in order; with workers, so many threads prepare some parts ahead."""
    return map(take, parts) if workers == 0 else _ahead(take, parts, workers)


def _ahead(take: Callable[[Rows], Batch], parts: Iterator[Rows], workers: int) -> Iterator[Batch]:
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for part in parts:
            waiting.append(pool.submit(take, part))
            if len(waiting) > AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def to_frames(pixels: Pixels) -> Frames:
    """Bytes as frames for a network: float in [0, 1], channel second; in memory the channel stays last."""
    whole = np.ascontiguousarray(pixels)
    return torch.from_numpy(whole).to(torch.float32).div_(255.0).permute(0, 3, 1, 2)
