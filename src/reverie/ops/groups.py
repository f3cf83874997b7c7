"""Splits that keep episodes whole: neighbouring frames are too alike to stand on both sides.

Source: Roberts et al. 2017, Cross-validation strategies for data with temporal, spatial, hierarchical, or
phylogenetic structure.
"""

import numpy as np
from jaxtyping import Bool, Int64


def split(
    episodes: Int64[np.ndarray, " sample"], share: float, generator: np.random.Generator
) -> Bool[np.ndarray, " sample"]:
    """Which samples to hold out: all frames of a random `share` of the episodes, at least one.

    The choice depends on the set of episodes only, not on the order of the samples.
    """
    names = np.unique(episodes)
    held = generator.permutation(names)[: max(1, round(share * len(names)))]
    return np.isin(episodes, held)


def folds(
    episodes: Int64[np.ndarray, " sample"], count: int, generator: np.random.Generator
) -> Int64[np.ndarray, " sample"]:
    """The fold of each sample, whole episodes at a time; never more folds than episodes."""
    names, which = np.unique(episodes, return_inverse=True)
    order = generator.permutation(len(names))
    return (order % min(count, len(names)))[which].astype(np.int64)
