"""Recordings: made, opened, brought in and out."""

from pathlib import Path
from typing import Any

from reverie.api._given import Place, console, taken
from reverie.core.config import from_json
from reverie.core.family import config_of


def capture(env: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Record episodes of an environment into a new folder.

    `choices` are the fields of CaptureJob (episodes, size, seed, policy, stride, scenes, ...) and of the crew
    that records (workers, executor, ...).
    Raises WrongInput for an unknown environment or field.
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import capture as verb

    crew = from_json(Crew, taken(Crew, choices), "crew")
    others = {name: value for name, value in choices.items() if name not in taken(Crew, choices)}
    job = from_json(verb.CaptureJob, {"env": env, **others}, "capture")
    return verb.capture(job, Path(data), console(), crew)


def import_frames(folder: Place, data: Place, size: int | None = None) -> dict[str, Any]:
    """Make a data set of exported recordings, a local Minari data set, or a folder of images.

    `size` is the height and width to scale to; without it images become 64 by 64, recordings keep theirs.
    """
    from reverie.verbs import exchange as verb

    return verb.import_data(Path(folder), Path(data), size, console())


def export_data(data: Place, folder: Place, to: str = "png") -> dict[str, Any]:
    """Write a data set as other tools want it: "png" or "minari"."""
    from reverie.verbs import exchange as verb

    return verb.export_data(Path(data), Path(folder), to, console())


def open_data(path: Place) -> Any:
    """Open a data set: `len`, index for episodes, `.pixels`, `.truth`, `.factor_names`."""
    from reverie.data import store

    return store.open_data(Path(path))


def make_data(word: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Make a data set of images whose factors are known exactly: sprites, cells4, glyphs, stripes, dsprites.

    `choices` are the fields of that set (count, seed, ...). Raises WrongInput for an unknown set or field.
    """
    from reverie.data.image_set import SetConfig
    from reverie.verbs import make as verb

    config = from_json(config_of("data.sets", word, SetConfig), choices, word)
    return verb.make(config, Path(data), console())


def make_pairs(env: str, factor: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Make a data set of pairs of frames that differ in one factor, which is set in the simulator.

    `choices` are the other fields of PairsJob: count, low, high, followers, ...
    """
    from reverie.verbs import pairs as verb

    job = from_json(verb.PairsJob, {"env": env, "factor": factor, **choices}, "pairs")
    return verb.make_pairs(job, Path(data), console())
