"""Look at what a representation or a world model learned: pictures into RUN/look, one for each lens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from reverie.core.config import Config, from_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.family import config_of, members
from reverie.core.files import write_bytes
from reverie.core.lens import DreamLensConfig, Exhibit, LensConfig
from reverie.core.representation import EncoderOnly
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.data.batches import to_frames
from reverie.data.store import DataSet, open_data
from reverie.envs.dream import DreamConfig
from reverie.lenses import _style
from reverie.lenses.reconstruction import rebuild
from reverie.verbs._dream_pictures import draw_dreams
from reverie.verbs._open_loop import Plan
from reverie.verbs.load import Adopted, Loaded, load_subject
from reverie.verbs.load_model import load_model

L = TypeVar("L", LensConfig, DreamLensConfig)

STRIP = 10
"""Frames in the bare strips that reports put side by side."""


@dataclass(frozen=True, kw_only=True)
class LookJob(Config):
    """Which run to look at, and through which lenses."""

    run: Path
    """Run to look at."""
    lens: tuple[str, ...] = ()
    """Ways of looking; all of them, if none is named."""
    data: Path | None = None
    """Recordings whose frames are shown; the run's own, if not given."""
    count: int = 1000
    """How many frames to encode; the first of them are shown."""
    temperatures: tuple[float, ...] = (0.5, 1.0, 1.3)
    """Temperatures at which a world model dreams on from recorded frames."""
    steps: int = 100
    """Most steps that it dreams."""
    factor: tuple[str, ...] = ()
    """Factors to colour maps by and to name units after; all that vary, if none is named."""
    seed: int = 0
    """Seed of the choice of frames and of everything that is drawn: same seed and data, same frames."""

    def __post_init__(self) -> None:
        self.check_positive("count", "steps")
        self.check_not_negative("seed")
        if not self.temperatures:
            raise WrongInput("name at least one temperature to dream at, such as 1")
        for temperature in self.temperatures:
            DreamConfig(temperature=temperature)


def look(job: LookJob, console: Console = QUIET) -> list[Path]:
    """Draw the pictures into RUN/look; returns the paths of the files, a PNG for each lens and the films.

    Where there is no decoder, all lenses are those that need none. Raises WrongInput for an unknown lens or
    factor, one that is for another kind of run, one that needs a decoder where there is none, recordings
    that are not there or have frames of another size than the run's, and a run that is not finished.
    """
    run = Run.open(job.run)
    verb = run.job()["verb"]
    if verb == "train":
        world = run.job()["job"].get("world_model")
        raise WrongInput(
            f"{job.run} is a controller, which sees no frames: watch it with: reverie play {job.run}, "
            f"or look at its world model: reverie look {world}"
        )
    return _look_at_dreams(job, console) if verb == "model" else _look_at_codes(job, console)


def _lenses(job: LookJob, base: type[L], what: str) -> dict[str, L]:
    """The lenses of a kind that were asked for, or all of them; refuses those of another kind."""
    fitting = members("lenses", base.__name__)
    for word in job.lens:
        if word in members("lenses") and word not in fitting:
            others = " or ".join(fitting)
            raise WrongInput(f"the lens {word!r} is not for {what} such as {job.run}; look through {others}")
    return {word: from_json(config_of("lenses", word, base), {}, word) for word in job.lens or fitting}


def _look_at_dreams(job: LookJob, console: Console) -> list[Path]:
    lenses = _lenses(job, DreamLensConfig, "a world model")
    if job.data is not None:
        raise WrongInput(f"a world model dreams from its own recordings; leave out --data {job.data}")
    loaded = load_model(job.run)
    if isinstance(loaded.representation.representation, EncoderOnly):
        lenses = _without_decoder(job, lenses, f"{loaded.representation.run.folder} decodes nothing", "audit")
    plan = Plan(steps=job.steps, temperatures=job.temperatures, seed=job.seed)
    return draw_dreams(loaded, lenses, plan, console)


def _look_at_codes(job: LookJob, console: Console) -> list[Path]:
    lenses = _lenses(job, LensConfig, "a representation")
    loaded = load_subject(job.run)
    if isinstance(loaded.representation, EncoderOnly):
        why = f"{loaded.description['method']} {loaded.representation.lacks}"
        lenses = _without_decoder(job, lenses, why, "map")
    exhibit = _exhibit(job, loaded)
    folder = job.run / "look"
    folder.mkdir(exist_ok=True)
    paths = []
    with console.track(f"look at {loaded.run.name}", len(lenses)) as tracker:
        for word, lens in lenses.items():
            figure = lens.draw(exhibit, numpy_generator(job.seed, "look", word))
            paths.append(folder / f"{word}.png")
            write_bytes(paths[-1], _style.png(figure))
            tracker.advance(note=word)
    if "reconstruction" in lenses:
        _strips(exhibit, folder)
    return paths


def _without_decoder(job: LookJob, lenses: dict[str, L], why: str, instead: str) -> dict[str, L]:
    """The lenses that look at codes alone; refuses others that were asked for by name."""
    blind = [word for word, lens in lenses.items() if lens.decodes]
    if job.lens and blind:
        rest = [word for word in lenses if word not in blind]
        raise WrongInput(
            f"the lens {blind[0]!r} shows decoded frames, and {why}; "
            f"leave out --lens, or look through {' or '.join(rest or [instead])}"
        )
    return {word: lens for word, lens in lenses.items() if not lens.decodes}


def _exhibit(job: LookJob, loaded: Loaded | Adopted) -> Exhibit:
    path = job.data or _own_data(loaded)
    data = open_data(path)
    _check(job, (path, data), loaded)
    rows = numpy_generator(job.seed, "look", "frames").permutation(np.flatnonzero(data.visible))[: job.count]
    truth = data.truth[rows]
    columns = [data.factor_names.index(name) for name in job.factor] or _varying(truth)
    return Exhibit(
        loaded.run.name,
        loaded.representation,
        to_frames(data.pixels[rows]),
        loaded.codes(data, rows),
        np.ascontiguousarray(truth[:, columns]),
        tuple(data.factors[column] for column in columns),
    )


def _check(job: LookJob, recordings: tuple[Path, DataSet], loaded: Loaded | Adopted) -> None:
    path, data = recordings
    if tuple(data.frame_shape) != tuple(loaded.frame_shape):
        wanted, found = ("x".join(map(str, shape[1:])) for shape in (loaded.frame_shape, data.frame_shape))
        raise WrongInput(
            f"{loaded.run.folder} takes {wanted} frames, {path} has {found}; name others with --data"
        )
    for name in job.factor:
        if name not in data.factor_names:
            raise unknown(f"factor of {path}", name, data.factor_names)
    if data.visible.sum() < 5:
        raise WrongInput(f"{path} has fewer than 5 visible frames; there is nothing to look at")


def _own_data(loaded: Loaded | Adopted) -> Path:
    data = loaded.own_data
    if not data.is_dir():
        raise WrongInput(f"the recordings of {loaded.run.folder} are not at {data}; name some with --data")
    return data


def _varying(truth: np.ndarray) -> Sequence[int]:
    return [column for column in range(truth.shape[1]) if np.ptp(truth[:, column]) > 0]


def _strips(exhibit: Exhibit, folder: Path) -> None:
    """Frames and reconstructions without words, pixel by pixel, for reports to put side by side."""
    write_bytes(folder / "strip-frames.png", _style.strip(exhibit.frames[:STRIP]))
    write_bytes(folder / "strip-rebuilt.png", _style.strip(rebuild(exhibit, STRIP)))
