"""Batches: where the training loop gets its material."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Batches(Protocol):
    """Batches that are the same ones for the same epoch, whenever it is asked."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        ...

    def epoch(self, index: int, start: int = 0) -> Iterator[Any]:
        """The batches of an epoch, from `start` on."""
        ...
