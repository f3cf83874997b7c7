"""Runs: what is in a folder of runs and data sets, at a glance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.core.errors import WrongInput
from reverie.core.lock import in_use
from reverie.core.run import Run
from reverie.data.manifest import NAME
from reverie.data.manifest_reader import read_manifest

COLUMNS = {
    "data set": ("data set", "what", "episodes", "frames", "state"),
    "run": ("run", "what", "seconds", "state"),
}
"""The two tables: what is told of a data set, and what of a run."""


def list_runs(folder: Path) -> list[dict[str, Any]]:
    """Every data set and run at or below `folder`, data sets first; damaged ones say so.

    `state` is finished, unfinished, running or damaged, and `done` the part that is done, from 0 to 1.
    """
    if not folder.is_dir():
        raise WrongInput(f"no folder {folder}; runs are made by `reverie fit`")
    jobs = sorted(folder.rglob("job.json"))
    lines = [_line(job.parent, job.parent.relative_to(folder).as_posix()) for job in jobs]
    return sorted(lines, key=lambda line: "data set" not in line)


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Data sets and runs as two tables of aligned lines."""
    parts = []
    for kind, columns in COLUMNS.items():
        rows = [line | {"state": _state(line)} for line in lines if kind in line]
        if rows:
            parts.append(_aligned([columns, *([str(row.get(name, "")) for name in columns] for row in rows)]))
    return "\n\n".join(parts) or "no runs here"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _state(line: dict[str, Any]) -> str:
    if line["state"] in ("finished", "damaged"):
        return line["state"]
    return f"{line['state']}, {line['done']:.0%}"


def _line(place: Path, name: str) -> dict[str, Any]:
    run = Run(place)
    try:
        written = run.job()
        if written["verb"] == "capture" or (place / NAME).exists():
            return {"data set": name, **_recorded(place, written["job"])}
        return {"run": name, **_worked(run, written["verb"], written["job"])}
    except (WrongInput, AttributeError, KeyError, TypeError) as error:
        return {"run": name, "what": str(error), "state": "damaged", "done": 0.0}


def _recorded(place: Path, job: dict[str, Any]) -> dict[str, Any]:
    """A data set; WrongInput when its manifest is damaged."""
    found: dict[str, Any] = {"what": str(job.get("env") or job.get("word") or ""), "verb": "capture"}
    if not (place / NAME).exists():
        return found | {"episodes": 0, "frames": 0, "state": _unfinished(place), "done": 0.0}
    manifest = read_manifest(place)
    episodes, planned = len(manifest.episodes), int(job.get("episodes") or 0)
    found |= {"episodes": episodes, "frames": manifest.rows}
    if manifest.complete:
        return found | {"state": "finished", "done": 1.0}
    return found | {"state": _unfinished(place), "done": episodes / planned if planned else 0.0}


def _worked(run: Run, verb: str, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"what": str(job.get("method") or job.get("subject") or ""), "verb": verb}
    if run.finished:
        return found | {"seconds": run.result().get("seconds", ""), "state": "finished", "done": 1.0}
    unit = {"train": "generation", "evaluate": "episode"}.get(verb, "epoch")
    done = [event[unit] for event in run.events() if unit in event]
    if verb == "evaluate":
        share = len(set(done)) / (job["episodes"] or 1)
    else:
        share = float(done[-1]) / job["plan"][f"{unit}s"] if done else 0.0
    return found | {"state": _unfinished(run.folder), "done": min(share, 1.0)}


def _unfinished(place: Path) -> str:
    return "running" if in_use(place) else "unfinished"
