"""Make: data sets with exact factors, drawn by a rule."""

from pathlib import Path
from typing import Any

from reverie.core.console import QUIET, Console
from reverie.data.image_set import SetConfig, make_set
from reverie.data.store import open_data
from reverie.verbs.data import summary


def make(config: SetConfig, data: Path, console: Console = QUIET) -> dict[str, Any]:
    """Make a data set of the images that `config` describes, in a new folder; returns what it holds.

    Raises WrongInput when the folder exists or there are not so many images.
    """
    make_set(config, data, console)
    return summary(open_data(data))
