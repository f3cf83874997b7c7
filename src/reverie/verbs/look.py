"""Look at what a representation learned: pictures into RUN/look, one for each lens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from reverie.core.config import Config, from_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.family import config_of, members
from reverie.core.files import write_bytes
from reverie.core.lens import Exhibit, LensConfig
from reverie.core.seeds import numpy_generator
from reverie.data.batches import to_frames
from reverie.data.store import DataSet, open_data
from reverie.lenses import _style
from reverie.lenses.reconstruction import rebuild
from reverie.verbs.load import Loaded, encode_rows, load

STRIP = 10
"""Frames in the bare strips that reports put side by side."""


@dataclass(frozen=True, kw_only=True)
class LookJob(Config):
    """Which runs to look at, and through which lenses."""

    runs: tuple[Path, ...]
    """Runs to look at."""
    lens: tuple[str, ...] = ()
    """Ways of looking; all of them, if none is named."""
    data: Path | None = None
    """Recordings whose frames are shown; the run's own, if not given."""
    count: int = 1000
    """How many frames to encode; the first of them are shown."""
    factor: tuple[str, ...] = ()
    """Factors to colour maps by and to name units after; all, if none is named."""
    seed: int = 0
    """Seed of the choice of frames and of everything that is drawn."""

    def __post_init__(self) -> None:
        self.check_positive("count")


def look(job: LookJob, console: Console = QUIET) -> dict[str, Any]:
    """Draw the pictures; returns the paths of the PNG files of each run.

    Raises WrongInput for an unknown lens or factor, recordings that are not there or have frames of another
    size than the run's, and a run that is not finished.
    """
    words = job.lens or tuple(members("lenses"))
    lenses = {word: from_json(config_of("lenses", word, LensConfig), {}, word) for word in words}
    loaded = [load(run) for run in job.runs]
    if not loaded:
        raise WrongInput("name at least one run to look at")
    opened = [_open(job, one) for one in loaded]
    found = {}
    with console.track("look", len(lenses) * len(loaded)) as tracker:
        for one, (path, data) in zip(loaded, opened, strict=True):
            exhibit = _exhibit(job, one, data)
            folder = one.run.folder / "look"
            folder.mkdir(exist_ok=True)
            paths = []
            for word, lens in lenses.items():
                figure = lens.draw(exhibit, numpy_generator(job.seed, "look", word))
                write_bytes(folder / f"{word}.png", _style.png(figure))
                paths.append((folder / f"{word}.png").as_posix())
                tracker.advance(note=paths[-1])
            if "reconstruction" in lenses:
                _strips(exhibit, folder)
            found[one.run.name] = {"data": path.as_posix(), "pictures": paths}
    return {"runs": found}


def _open(job: LookJob, loaded: Loaded) -> tuple[Path, DataSet]:
    path = job.data or _own_data(loaded)
    data = open_data(path)
    if tuple(data.frame_shape) != tuple(loaded.frame_shape):
        wanted, found = ("x".join(map(str, shape[1:])) for shape in (loaded.frame_shape, data.frame_shape))
        raise WrongInput(f"{loaded.run.folder} takes {wanted} frames, {path} has {found}")
    names = [factor.name for factor in data.factors]
    for name in job.factor:
        if name not in names:
            raise unknown(f"factor of {path}", name, names)
    if data.visible.sum() < 2:
        raise WrongInput(f"{path} has fewer than 2 visible frames; there is nothing to look at")
    return path, data


def _own_data(loaded: Loaded) -> Path:
    data = loaded.job.data
    if not data.is_dir():
        raise WrongInput(f"the recordings of {loaded.run.folder} are not at {data}; name some with --data")
    return data


def _exhibit(job: LookJob, loaded: Loaded, data: DataSet) -> Exhibit:
    rows = _choose(data, job)
    names = [factor.name for factor in data.factors]
    columns = [names.index(name) for name in job.factor] or _varying(data.truth[rows])
    return Exhibit(
        loaded.run.name,
        loaded.representation,
        to_frames(data.pixels[rows]),
        encode_rows(loaded.representation, data.pixels, rows),
        np.ascontiguousarray(data.truth[rows][:, columns]),
        tuple(data.factors[column] for column in columns),
    )


def _choose(data: DataSet, job: LookJob) -> Int64[np.ndarray, " row"]:
    """Visible frames in random order: the same for all runs that are shown the same recordings."""
    rows = np.flatnonzero(data.visible)
    return numpy_generator(job.seed, "look", "frames").permutation(rows)[: job.count]


def _varying(truth: np.ndarray) -> Sequence[int]:
    return [column for column in range(truth.shape[1]) if np.ptp(truth[:, column]) > 0]


def _strips(exhibit: Exhibit, folder: Path) -> None:
    """Frames and reconstructions without words, pixel by pixel, for reports to put side by side."""
    write_bytes(folder / "strip-frames.png", _style.strip(exhibit.frames[:STRIP]))
    write_bytes(folder / "strip-rebuilt.png", _style.strip(rebuild(exhibit, STRIP)))
