"""Stages of a study: each verb's work in a folder of its own, done once, continued after a stop."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reverie.core.config import to_json
from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.evaluate import EvaluateJob, evaluate
from reverie.verbs.fit import FitJob, fit
from reverie.verbs.model import ModelJob, model
from reverie.verbs.resume import resume
from reverie.verbs.train import TrainJob, train


def crew() -> Crew:
    """Two workers, where there are two cores."""
    return Crew(workers=min(2, os.cpu_count() or 1))


def captured(job: CaptureJob, folder: Path, console: Console) -> Path:
    """The recordings of a job."""
    _once(job, folder, console, lambda: capture(job, folder, console, crew()))
    return folder


def fitted(job: FitJob, folder: Path, console: Console) -> Path:
    """The representation of a job."""
    _once(job, folder, console, lambda: fit(job, folder, console))
    return folder


def modelled(job: ModelJob, folder: Path, console: Console) -> Path:
    """The world model of a job."""
    _once(job, folder, console, lambda: model(job, folder, console))
    return folder


def trained(job: TrainJob, folder: Path, console: Console) -> Path:
    """The controller of a job."""
    _once(job, folder, console, lambda: train(job, folder, console))
    return folder


def evaluated(job: EvaluateJob, folder: Path, console: Console) -> dict[str, Any]:
    """What the episodes of a job came to."""
    _once(job, folder, console, lambda: evaluate(job, folder, console, crew()))
    return Run.open(folder).result()


def _once(job: Any, folder: Path, console: Console, begin: Callable[[], Any]) -> None:
    """Begin the work, or continue it; WrongInput when the folder holds the work of another job."""
    if not (folder / "job.json").exists():
        begin()
        return
    run = Run.open(folder)
    wanted, written = to_json(job), run.job()["job"]
    for part, value in wanted.items():
        if written.get(part) != value:
            raise WrongInput(f"{folder} was made with another {part}; remove it to begin anew")
    resume(folder, console, crew())
