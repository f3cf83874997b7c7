"""Doors to the commands that look at what is there: probe, look, report, data, runs, doctor.

A door is a function whose parameters are the command's words and flags; it returns a call that takes a
console. Doors import their verb when they are opened, so that a command loads only what it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from reverie.cli import exchange
from reverie.cli.answer import Answer, pairs
from reverie.core.console import Console


def probe_door() -> Callable[..., Any]:
    """The door to `reverie probe`."""

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


def look_door() -> Callable[..., Any]:
    """The door to `reverie look`."""

    from reverie.verbs.look import LookJob, look

    def door(job: LookJob):
        def call(console: Console) -> Answer:
            paths = [str(path) for path in look(job, console)]
            return Answer("\n".join(paths), {"pictures": paths})

        return call

    door.__doc__ = "Draw pictures of what a representation sees, or a world model dreams, into RUN/look/."
    return door


def report_door() -> Callable[..., Any]:
    """The door to `reverie report`."""

    from reverie.verbs.report import ReportJob, report

    def door(job: ReportJob):
        def call(console: Console) -> Answer:
            path = str(report(job, console))
            return Answer(path, {"report": path})

        return call

    door.__doc__ = "Put runs side by side on one self-contained page."
    return door


def data_door(word: str) -> Callable[..., Any]:
    """The door to `reverie data WORD`."""

    from reverie.verbs import data as verb

    def info(data: Path):
        """Say what a data set holds.

        Args:
            data: Folder of the data set.
        """
        return lambda _: pairs(verb.info(data))

    def check(data: Path):
        """Compare every file of a data set with its checksum.

        Args:
            data: Folder of the data set.
        """

        def call(_: Console) -> Answer:
            problems = verb.check(data)
            text = "\n".join(problems) if problems else _whole(data, verb.info(data))
            return Answer(text, {"problems": problems}, 1 if problems else 0)

        return call

    if word in ("export", "import"):
        return exchange.data_export_door() if word == "export" else exchange.data_import_door()
    return {"info": info, "check": check}[word]


def _whole(data: Path, found: dict[str, Any]) -> str:
    if found["complete"]:
        return f"{data} is whole"
    done = f"{found['episodes']} of {found['planned_episodes']} episodes"
    return f"{data} is whole so far, with {done}; complete it with: reverie resume {data}"


def runs_door() -> Callable[..., Any]:
    """The door to `reverie runs`."""

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


def doctor_door() -> Callable[..., Any]:
    """The door to `reverie doctor`."""

    def door():
        """Say what of this installation works, and what mends the rest; exit status 1 if something is broken.

        It captures, fits and probes something tiny in a temporary folder, and leaves nothing behind.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.doctor import doctor, page

            result = doctor(console)
            return Answer(page(result), result, 0 if result["works"] else 1)

        return call

    return door
