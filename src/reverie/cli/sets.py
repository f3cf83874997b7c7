"""The door to `reverie data make WORD`: data sets with exact factors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
