"""Runs: what is in a folder of runs, at a glance."""

from pathlib import Path
from typing import Any

from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.data.manifest import NAME
from reverie.data.manifest_reader import read_manifest


def list_runs(folder: Path) -> list[dict[str, Any]]:
    """Every run at or below `folder`: name, verb, method, state and seconds; damaged ones say so."""
    if not folder.is_dir():
        raise WrongInput(f"no folder {folder}; runs are made by `reverie fit`")
    jobs = sorted(folder.rglob("job.json"))
    return [_line(job.parent, folder) for job in jobs]


def table(runs: list[dict[str, Any]]) -> str:
    """Runs as aligned lines."""
    if not runs:
        return "no runs here"
    columns = ("run", "verb", "what", "state", "seconds")
    rows = [columns, *(tuple(str(run[name]) for name in columns) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(columns))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _line(place: Path, folder: Path) -> dict[str, Any]:
    run, name = Run(place), place.relative_to(folder).as_posix()
    try:
        written = run.job()
        job = written["job"]
        result = run.result() if run.finished else {}
        what = job.get("method") or job.get("env") or ""
        state = "finished" if run.finished or _recorded(place) else "unfinished"
        return {
            "run": name, "verb": written["verb"], "what": what,
            "state": state, "seconds": result.get("seconds", ""),
        }  # fmt: skip
    except (WrongInput, AttributeError) as error:
        return {"run": name, "verb": "?", "what": str(error), "state": "damaged", "seconds": ""}


def _recorded(place: Path) -> bool:
    """Whether a capture is complete; WrongInput when its manifest is damaged."""
    return (place / NAME).exists() and read_manifest(place).complete
