"""Pairs: two frames of one episode, some steps apart, for methods that learn from how frames follow."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.shapes import Frames, Pixels, Rows
from reverie.data.batches import prepared, to_frames


@dataclass(frozen=True)
class Pairs:
    """Every pair once an epoch, in an order that depends on seed and epoch alone.

    All batches have the same size, because losses that compare pairs depend on it: pairs that fill no batch
    wait for the next epoch; where there are fewer than `batch_size`, all of them are the one batch.
    """

    pixels: Pixels
    rows: Rows
    """The first frame of each pair; the second is `gap` rows further on."""
    gap: int
    batch_size: int
    seed: int
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that leave nothing to compare."""
        if self.batch_size < 2:
            raise WrongInput(f"batch_size must be 2 or more to compare frames, got {self.batch_size}")
        if len(self.rows) < 2:
            raise WrongInput(
                f"there are {len(self.rows)} pairs of frames {self.gap} steps apart, at least 2 are needed; "
                "record longer episodes, or set --validation 0"
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        return max(1, len(self.rows) // self.batch_size)

    def epoch(self, index: int, start: int = 0) -> Iterator[tuple[Frames, Frames]]:
        """The batches of an epoch, from `start` on: first frames and second frames."""
        order = numpy_generator(self.seed, "epoch", index).permutation(self.rows)
        size = self.batch_size
        parts = (order[batch * size : (batch + 1) * size] for batch in range(start, len(self)))
        return prepared(self._take, parts, self.workers)

    def _take(self, rows: Rows) -> tuple[Frames, Frames]:
        return to_frames(self.pixels[rows]), to_frames(self.pixels[rows + self.gap])


def first_rows(episode_of: Int64[np.ndarray, " frame"], rows: Rows, gap: int) -> Int64[np.ndarray, " first"]:
    """Those rows whose partner, `gap` rows further on, is one of the rows too and in the same episode."""
    paired = rows[np.isin(rows + gap, rows)]
    return paired[episode_of[paired] == episode_of[paired + gap]]
