"""Splits: by episode, never by frame, because neighbouring frames are too alike to stand on both sides."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.data.store import DataSet


def split_episodes(
    count: int, fractions: Sequence[float], seed: int
) -> tuple[Int64[np.ndarray, " episode"], ...]:
    """Random parts of `count` episodes in the given proportions, each sorted; together all of them.

    A part with a fraction above zero gets at least one episode. Raises WrongInput when there are too few.
    """
    shares = np.array(fractions, dtype=np.float64)
    if shares.sum() <= 0 or (shares < 0).any():
        raise WrongInput(f"fractions must be zero or positive and not all zero, got {tuple(fractions)}")
    wanted = shares > 0
    if count < wanted.sum():
        raise WrongInput(f"{count} episodes cannot be split into {wanted.sum()} parts; record more")
    sizes = np.maximum(np.floor(shares / shares.sum() * count).astype(int), wanted)
    while sizes.sum() > count:
        sizes[sizes.argmax()] -= 1
    while sizes.sum() < count:
        sizes[(shares / shares.sum() * count - sizes).argmax()] += 1
    order = numpy_generator(seed, "split").permutation(count)
    return tuple(np.sort(part).astype(np.int64) for part in np.split(order, np.cumsum(sizes)[:-1]))


def rows_of(data: DataSet, episodes: Int64[np.ndarray, " episode"]) -> Int64[np.ndarray, " row"]:
    """Rows of the visible frames of some episodes, in order."""
    return np.flatnonzero(np.isin(data.episode_of, episodes) & data.visible).astype(np.int64)
