"""The door to `reverie evaluate`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reverie.cli.answer import Answer
from reverie.cli.making import _option
from reverie.core.console import Console
from reverie.core.errors import WrongInput


@dataclass(frozen=True)
class _Where:
    """Where the result goes."""

    into: Path | None = None
    """New folder for the result; RUN/evaluations/..., or runs/evaluations/..., if not given."""
    arguments: tuple[str, ...] = ()
    """Arguments of the environment, as in --arguments frameskip=1."""
    battery: bool = False
    """Evaluate a run beside all its ablations, random play and the best blind periodic one."""
    beside: tuple[str, ...] = ()
    """Further runs and policies of a battery, such as a controller that was trained on codes alone."""


def evaluate_door() -> Callable[..., Any]:
    """The door to `reverie evaluate`."""

    from reverie.engine.crew import ALONE, Crew
    from reverie.reports.scores import in_words
    from reverie.verbs.evaluate import EvaluateJob, evaluate, named, place_of

    def door(job: EvaluateJob, where: _Where = _Where(), crew: Crew = ALONE):
        def call(console: Console) -> Answer:
            chosen = named(replace(job, options=dict(map(_option, where.arguments))))
            if where.beside and not where.battery:
                raise WrongInput("--beside names what stands beside a run in a battery; add --battery")
            if where.battery:
                from reverie.verbs._battery import battery, page

                result = battery(chosen, where.into, console, crew, beside=where.beside)
                return Answer(page(result), result)
            folder = where.into or place_of(chosen)
            result = evaluate(chosen, folder, console, crew)
            return Answer(f"{chosen.subject} in {chosen.env}: {in_words(result)}; {folder}", result)

        return call

    door.__doc__ = "Play held-out episodes, and tell mean, deviation, interval and every score."
    return door
