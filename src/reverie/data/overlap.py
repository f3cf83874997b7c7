"""Overlap: whether two recordings hold episodes that were played alike."""

from reverie.data.store import DataSet


def share_episodes(one: DataSet, other: DataSet) -> bool:
    """Whether two recordings show the same episodes: one world, policy and seed, or the very same data.

    An episode follows from these and its number, so that such recordings begin alike, however many episodes,
    steps or pixels each of them kept.
    """
    if one.fingerprint == other.fingerprint:
        return True
    return one.origin is not None and one.origin == other.origin
