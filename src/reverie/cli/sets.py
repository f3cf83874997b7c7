"""The door to `reverie data make WORD`: data sets with exact factors."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import tyro

from reverie.cli.answer import Answer, pairs
from reverie.core.console import Console


def make_door(word: str) -> Callable[..., Any]:
    """The door to `reverie data make WORD`."""

    from reverie.core.family import config_of
    from reverie.data.image_set import SetConfig
    from reverie.verbs.make import make

    kind = config_of("data.sets", word, SetConfig)

    def door(
        data: Path,
        images: kind = kind(),  # pyright: ignore
    ):
        """Make a data set of images whose factors are known exactly.

        Args:
            data: New folder for the data set.
            images: Which images.
        """

        def call(console: Console) -> Answer:
            return pairs(make(images, data, console))

        return call

    return door


def pairs_door() -> Callable[..., Any]:
    """The door to `reverie data make pairs`."""

    from reverie.verbs.pairs import PairsJob, make_pairs

    def door(data: Annotated[Path, tyro.conf.Positional], job: PairsJob):
        """Make a data set of pairs of frames that differ in one factor, which is set in the simulator.

        Args:
            data: New folder for the data set.
            job: What is set, and how often.
        """

        def call(console: Console) -> Answer:
            return pairs(make_pairs(job, data, console))

        return call

    return door
