"""Recordings of a study: one for fitting, one for probing, one for testing, with seeds of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reverie.core.config import to_json
from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture, resume_capture


@dataclass(frozen=True)
class Recordings:
    """What is recorded."""

    env: str
    stride: int
    scenes: int
    size: int
    episodes: Mapping[str, int]
    """Episodes of each recording, by its name."""


def record_all(wanted: Recordings, folder: Path, seed: int, console: Console) -> dict[str, Path]:
    """Record what is not there yet, with two processes; returns the folder of each recording."""
    places = {name: folder / name for name in wanted.episodes}
    for name, place in places.items():
        job = CaptureJob(
            env=wanted.env, episodes=wanted.episodes[name], size=wanted.size, stride=wanted.stride,
            scenes=wanted.scenes, seed=int(numpy_generator(seed, name).integers(2**31)),
        )  # fmt: skip
        if not (place / "job.json").exists():
            capture(job, place, console, crew=Crew(workers=2))
        elif Run.open(place).job()["job"] == to_json(job):
            resume_capture(place, console, crew=Crew(workers=2))
        else:
            raise WrongInput(f"{place} was recorded by another job; remove it, or choose another folder")
    return places
