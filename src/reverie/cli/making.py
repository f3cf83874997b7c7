"""Doors to the commands that make something: capture, fit, resume, study, demo, bench.

A door is a function whose parameters are the command's words and flags; it returns a call that takes a
console. Doors import their verb when they are opened, so that a command loads only what it needs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from reverie.cli.answer import Answer, pairs
from reverie.core.console import Console, counted
from reverie.core.errors import WrongInput


@dataclass(frozen=True)
class _Where:
    """Where to record to."""

    data: Path
    """New folder for the data set."""
    arguments: tuple[str, ...] = ()
    """Arguments of the environment, as in --arguments frameskip=1 repeat_action_probability=0."""

    import_: Annotated[str, tyro.conf.arg(name="import")] = ""
    """Module that registers your own environments with Gymnasium, imported first; only run what you trust."""

    def env(self, env: str) -> str:
        """The id of an environment with the module that it comes from, in Gymnasium's way."""
        return f"{self.import_}:{env}" if self.import_ else env

    def options(self) -> dict[str, Any]:
        """The arguments by name; numbers, true and false are read as such."""
        return dict(map(_option, self.arguments))


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals):
        raise WrongInput(f"an argument of an environment is name=value, got {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def capture_door() -> Callable[..., Any]:
    """The door to `reverie capture`."""

    from reverie.engine.crew import ALONE, Crew
    from reverie.verbs.capture import CaptureJob, capture

    def door(job: CaptureJob, where: _Where, crew: Crew = ALONE):
        def call(console: Console) -> Answer:
            chosen = replace(job, env=where.env(job.env), options=where.options())
            return Answer(**_captured(capture(chosen, where.data, console, crew), where.data))

        return call

    door.__doc__ = "Record episodes of an environment: frames, actions, rewards, and the simulator's truth."

    return door


def _captured(result: dict[str, Any], data: Path) -> dict[str, Any]:
    episodes, frames = counted(result["episodes"], "episode"), counted(result["frames"], "frame")
    text = f"{episodes}, {frames} ({result['visible_frames']} visible) in {data}"
    return {"text": text, "result": result}


def fit_door(word: str) -> Callable[..., Any]:
    """The door to `reverie fit WORD`."""

    from reverie.core.family import config_of
    from reverie.core.representation import RepresentationConfig
    from reverie.engine.plan import Plan
    from reverie.verbs.fit import Conditions, FitJob, fit

    kind = config_of("representations", word, RepresentationConfig)

    def door(
        data: Path,
        run: Path,
        representation: kind = kind(),  # pyright: ignore
        plan: Plan = Plan(),
        conditions: Conditions = Conditions(),
        *,
        processes: int = 1,
    ):
        """Fit a representation to the frames of a data set.

        Args:
            data: Folder of the data set.
            run: New folder for the run.
            representation: The method.
            plan: How the fit proceeds.
            conditions: Under which conditions.
            processes: Processes here that split every batch; more change weights by rounding alone.
        """
        parts = {"plan": plan, "conditions": conditions, "processes": processes}
        job = FitJob(data=data, representation=representation, **parts)
        return lambda console: Answer(**_fitted(fit(job, run, console), run))

    return door


def _fitted(result: dict[str, Any], run: Path) -> dict[str, Any]:
    losses = result["validation"]
    best = f"best validation loss {min(losses):.5g} after epoch {result['best_epoch']}" if losses else "done"
    return {
        "text": f"{run}: {counted(result['epochs'], 'epoch')} in {result['seconds']} s, {best}",
        "result": result,
    }


def resume_door() -> Callable[..., Any]:
    """The door to `reverie resume`."""

    from reverie.engine.crew import ALONE, Crew

    def door(run: Path, crew: Crew = ALONE):
        """Continue an interrupted capture or fit to the end it would have had.

        Args:
            run: Folder of the data set or run.
            crew: Who records, for a capture.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.resume import resume

            return Answer(f"{run} is complete", resume(run, console, crew))

        return call

    return door


def study_door(word: str) -> Callable[..., Any]:
    """The door to `reverie study WORD`."""

    from reverie.studies import _study as studies

    def door(job: studies.StudyJob):
        def call(console: Console) -> Answer:
            verdict, written = studies.conduct(word, job, console)
            return Answer(studies.page_of(written), written, studies.EXIT[verdict.status])

        return call

    door.__doc__ = "Run a study, or continue it; what is finished is not done again."
    return door


def demo_door() -> Callable[..., Any]:
    """The door to `reverie demo`."""

    def door(folder: Path = Path("runs/demo"), seed: int = 0):
        """Capture a game, fit two representations of it, and show which of them knows where the lander is.

        Args:
            folder: Where the demo keeps its data and runs; what is there already is not done again.
            seed: Everything random follows from it.
        """

        def call(console: Console) -> Answer:
            from reverie.studies.demo import DemoConfig

            demo = DemoConfig()
            result = demo.one_seed(seed, folder, console)
            return Answer(demo.verdict([result]).text, result)

        return call

    return door


def bench_door(word: str) -> Callable[..., Any]:
    """The door to `reverie bench WORD`."""

    def door():
        """Measure speed as ratios in one run, on an idle machine."""

        def call(console: Console) -> Answer:
            from importlib import import_module

            return pairs(import_module(f"reverie.bench.{word.replace('-', '_')}").measure(console))

        return call

    return door
