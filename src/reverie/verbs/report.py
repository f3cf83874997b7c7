"""Put runs side by side on one self-contained page."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from reverie.core.config import Config, from_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.family import word_of
from reverie.core.files import write_bytes
from reverie.core.run import Run
from reverie.data.store import open_data
from reverie.reports.page import render
from reverie.reports.story import Story, read_story
from reverie.verbs import model, train
from reverie.verbs.adopt import AdoptJob
from reverie.verbs.encoders import is_word
from reverie.verbs.fit import read_job


@dataclass(frozen=True, kw_only=True)
class ReportJob(Config):
    """Which runs to tell of, and where."""

    runs: tuple[Path, ...]
    """Runs to put side by side."""
    out: Path | None = None
    """File to write; RUN/report.html for one run, report.html beside the first of several, if not given."""
    title: str = ""
    """Heading of the page; the names of the runs, if not given."""


def report(job: ReportJob, console: Console = QUIET) -> Path:
    """Write the page from what lies in the run folders; returns its path.

    Raises WrongInput where a folder holds no run of `fit`, `adopt`, `model` or `train`, or a damaged one.
    """
    runs = [Run.open(folder) for folder in job.runs]
    names = [run.name for run in runs]
    if not runs:
        raise WrongInput("name at least one run to report on")
    if len(set(names)) < len(names):
        raise WrongInput(f"two runs have the same name ({', '.join(names)}); rename the folder of one")
    stories = [_with_pool(read_story(run, command(run)), run) for run in runs]
    for story in stories:
        if story.probe is None and not story.chapters:
            console.warn(
                f"{story.name} was not probed; ask it with: reverie probe {story.folder} --data DATA"
            )
    if job.out and job.out.is_dir():
        raise WrongInput(f"{job.out} is a folder; name a file, such as {job.out / 'report.html'}")
    out = job.out or (runs[0].folder if len(runs) == 1 else runs[0].folder.parent) / "report.html"
    page = render(stories, job.title or ", ".join(names))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, page.encode())
    return out


def _with_pool(story: Story, run: Run) -> Story:
    """The story with the pool that the training episodes drew their terrains from, where it can be read."""
    try:
        data = open_data(read_job(run).data)
    except WrongInput:
        return story
    if data.fingerprint != run.job()["uses"].get("data") or data.origin is None:
        return story
    scenes = data.origin["world"]["scenes"]
    if not scenes:
        return story
    return replace(story, settings={**story.settings, "terrains": f"from a pool of {scenes}"})


def command(run: Run) -> str:
    """The command that makes the run again, with every field that is not at its default."""
    tellers = {"adopt": _adoption, "model": _modelling, "train": _training}
    if (verb := run.job()["verb"]) in tellers:
        return tellers[verb](run)
    job = read_job(run)
    word = run.job()["job"]["method"]
    flags = [flag for part in (job.representation, job.plan, job.conditions) for flag in _flags(part)]
    return shlex.join(["reverie", "fit", word, job.data.as_posix(), run.folder.as_posix(), *flags])


def _adoption(run: Run) -> str:
    """The command that adopts the encoder again; for one that was in Python's memory, the call."""
    written = {name: value for name, value in run.job()["job"].items() if name != "method"}
    job = from_json(AdoptJob, written, f"job of {run.folder}")
    data = [path.as_posix() for path in job.data]
    if not is_word(job.encoder):
        return f"reverie.adopt(..., {run.folder.as_posix()!r}, {data}, name={job.encoder!r}, pool={job.pool})"
    return shlex.join(
        ["reverie", "adopt", job.encoder, run.folder.as_posix(), *data, "--pool", str(job.pool)]
    )


def _modelling(run: Run) -> str:
    """The command that fits the world model again."""
    job = model.read_job(run)
    places = [place.as_posix() for place in (job.representation, job.data, run.folder)]
    flags = [flag for part in (job.model, job.sources, job.stretch, job.conditions) for flag in _flags(part)]
    flags += _flags(job.plan, model.PLAN)
    return shlex.join(["reverie", "model", word_of(job.model), *places, *flags])


def _training(run: Run) -> str:
    """The command that trains the controller again."""
    job = train.read_job(run)
    places = [place.as_posix() for place in (job.world_model, run.folder)]
    start = [] if job.start is None else ["--start", job.start.as_posix()]
    flags = [flag for part in (job.agent, job.plan, job.dream, job.circumstances) for flag in _flags(part)]
    return shlex.join(["reverie", "train", word_of(job.agent), *places, *start, *flags])


def _flags(config: Config, usual: Config | None = None) -> Iterator[str]:
    """Flags of the fields that differ from the usual values, which are the defaults if not given."""
    for field in fields(config):
        value = getattr(config, field.name)
        if value != (field.default if usual is None else getattr(usual, field.name)):
            yield from _flag(field.name.replace("_", "-"), value)


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple | list):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", str(value)]
