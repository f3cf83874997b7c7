"""The commands: for each, the door that turns its words into a call of a verb.

A door is a function whose parameters are the command's words and flags; it returns a call that takes a
console. Doors import their verb inside, so that a command loads only what it needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from reverie.core.console import Console


@dataclass(frozen=True)
class Answer:
    """What a command says: text for people, a result for programs, an exit status."""

    text: str = ""
    result: Any = None
    status: int = 0


@dataclass(frozen=True)
class Command:
    """One command: the door to it, and where its summary stands."""

    door: Callable[..., Callable[..., Callable[[Console], Answer]]]
    source: str
    """File whose docstring summarises it, inside the package."""
    family: str = ""
    """Family whose members are the command's first word."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """First words with their meaning, where they are no family."""
    positional: bool = True
    """Whether what must be given is given by its place, not by a flag."""
    summary: str = ""


@dataclass(frozen=True)
class _Where:
    """Where to record to."""

    data: Path
    """New folder for the data set."""
    workers: int = 1
    """Processes that record side by side; the bytes are the same whatever their number."""


def _capture() -> Callable[..., Any]:
    from reverie.verbs.capture import CaptureJob, capture

    def door(job: CaptureJob, where: _Where):
        def call(console: Console) -> Answer:
            return Answer(**_captured(capture(job, where.data, console, where.workers), where.data))

        return call

    door.__doc__ = "Record episodes of an environment: frames, actions, rewards, and the simulator's truth."

    return door


def _captured(result: dict[str, Any], data: Path) -> dict[str, Any]:
    text = "{episodes} episodes, {frames} frames ({visible_frames} visible) in {0}".format(data, **result)
    return {"text": text, "result": result}


def _fit(word: str) -> Callable[..., Any]:
    from reverie.core.family import config_of
    from reverie.core.representation import RepresentationConfig
    from reverie.engine.plan import Plan
    from reverie.verbs.fit import Conditions, FitJob, fit

    kind = config_of("representations", word, RepresentationConfig)

    def door(
        data: Path,
        run: Path,
        representation: kind = kind(),  # pyright: ignore[reportInvalidTypeForm]
        plan: Plan = Plan(),
        conditions: Conditions = Conditions(),
    ):
        """Fit a representation to the frames of a data set.

        Args:
            data: Folder of the data set.
            run: New folder for the run.
            representation: The method.
            plan: How the fit proceeds.
            conditions: Under which conditions.
        """
        job = FitJob(data=data, representation=representation, plan=plan, conditions=conditions)
        return lambda console: Answer(**_fitted(fit(job, run, console), run))

    return door


def _fitted(result: dict[str, Any], run: Path) -> dict[str, Any]:
    losses = result["validation"]
    best = f"best validation loss {min(losses):.5g} after epoch {result['best_epoch']}" if losses else "done"
    return {"text": f"{run}: {result['epochs']} epochs in {result['seconds']} s, {best}", "result": result}


def _resume() -> Callable[..., Any]:
    def door(run: Path, workers: int = 1):
        """Continue an interrupted capture or fit to the end it would have had.

        Args:
            run: Folder of the data set or run.
            workers: Processes that record side by side, for a capture.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.resume import resume

            return Answer(f"{run} is complete", resume(run, console, workers))

        return call

    return door


def _probe() -> Callable[..., Any]:
    from reverie.verbs.probe import ProbeJob, format_table, probe

    @dataclass(frozen=True, kw_only=True)
    class Job(ProbeJob):
        runs: tyro.conf.Positional[tuple[Path, ...]]
        """Runs to probe; several are ranked against each other."""
        data: Path
        """Recordings to fit the probes on, or, without `test`, to fit and to test them on."""

    def door(job: Job):
        def call(console: Console) -> Answer:
            result = probe(job, console)
            return Answer(format_table(result), result)

        return call

    door.__doc__ = "Measure what frozen codes know of every factor, beside baselines, on unseen episodes."
    return door


def _look() -> Callable[..., Any]:
    from reverie.verbs.look import LookJob, look

    def door(job: LookJob):
        def call(console: Console) -> Answer:
            paths = [str(path) for path in look(job, console)]
            return Answer("\n".join(paths), {"pictures": paths})

        return call

    door.__doc__ = "Draw pictures of what a representation sees, into RUN/look/."
    return door


def _report() -> Callable[..., Any]:
    from reverie.verbs.report import ReportJob, report

    def door(job: ReportJob):
        def call(console: Console) -> Answer:
            path = str(report(job, console))
            return Answer(path, {"report": path})

        return call

    door.__doc__ = "Put runs side by side on one self-contained page."
    return door


def _data(word: str) -> Callable[..., Any]:
    from reverie.verbs import data as verb

    def info(data: Path):
        """Say what a data set holds.

        Args:
            data: Folder of the data set.
        """
        return lambda _: _pairs(verb.info(data))

    def check(data: Path):
        """Compare every file of a data set with its checksum.

        Args:
            data: Folder of the data set.
        """

        def call(_: Console) -> Answer:
            problems = verb.check(data)
            text = "\n".join(problems) if problems else f"{data} is whole"
            return Answer(text, {"problems": problems}, 1 if problems else 0)

        return call

    def import_(folder: Path, data: Path, size: int = 64):
        """Make a data set of a folder of images; subfolders are episodes.

        Args:
            folder: Folder of PNG, JPEG or other images.
            data: New folder for the data set.
            size: Height and width to scale to.
        """
        return lambda console: _pairs(verb.import_frames(folder, data, size, console))

    return {"info": info, "check": check, "import": import_}[word]


def _pairs(result: dict[str, Any]) -> Answer:
    width = max(map(len, result), default=0)
    shown = {name: value for name, value in result.items() if not isinstance(value, dict)}
    lines = [f"{name.replace('_', ' '):<{width}}  {_flat(value)}" for name, value in shown.items()]
    return Answer("\n".join(lines), result)


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _runs() -> Callable[..., Any]:
    from reverie.verbs.runs import list_runs, table

    def door(folder: Annotated[Path, tyro.conf.Positional] = Path("runs")):
        """List the runs in a folder.

        Args:
            folder: Where to look.
        """

        def call(_: Console) -> Answer:
            found = list_runs(folder)
            return Answer(table(found), {"runs": found})

        return call

    return door


def _bench(word: str) -> Callable[..., Any]:
    def door():
        """Measure speed as ratios in one run, on an idle machine."""

        def call(console: Console) -> Answer:
            from importlib import import_module

            return _pairs(import_module(f"reverie.bench.{word.replace('-', '_')}").measure(console))

        return call

    return door


def _study(word: str) -> Callable[..., Any]:
    from reverie.studies import _study as studies

    def door(job: studies.StudyJob):
        def call(console: Console) -> Answer:
            verdict, written = studies.conduct(word, job, console)
            return Answer(studies.page_of(written), written, studies.EXIT[verdict.status])

        return call

    door.__doc__ = "Run a study, or continue it; what is finished is not done again."
    return door


def _demo() -> Callable[..., Any]:
    from reverie.studies import _study as studies

    def door(folder: Path = Path("runs/demo")):
        """Capture a game, fit two representations of it, and show which of them knows where the lander is.

        Args:
            folder: Where the demo keeps its data and runs.
        """

        def call(console: Console) -> Answer:
            verdict, written = studies.conduct("demo", studies.StudyJob(folder=folder), console)
            return Answer(verdict.text, written)

        return call

    return door


def _choices(words: str) -> dict[str, str]:
    pairs = (part.split(": ") for part in words.split("; "))
    return {word: meaning for word, meaning in pairs}


COMMANDS: dict[str, Command] = {
    "demo": Command(_demo, "studies/demo.py"),
    "capture": Command(_capture, "verbs/capture.py"),
    "fit": Command(_fit, "verbs/fit.py", family="representations"),
    "resume": Command(_resume, "verbs/resume.py"),
    "probe": Command(_probe, "verbs/probe.py", positional=False),
    "look": Command(_look, "verbs/look.py"),
    "report": Command(_report, "verbs/report.py"),
    "study": Command(_study, "studies/_study.py", family="studies"),
    "data": Command(
        _data,
        "verbs/data.py",
        choices=_choices(
            "info: say what a data set holds; check: compare every file with its checksum; "
            "import: make a data set of a folder of images"
        ),
    ),
    "runs": Command(_runs, "verbs/runs.py"),
    "bench": Command(_bench, "bench/__init__.py", family="bench"),
}
