"""Run: the folder of one piece of work, from its job to its result."""

import json
import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reverie.core.config import to_json
from reverie.core.errors import WrongInput
from reverie.core.files import read_bytes, read_json, write_json

VERSIONS = ("reverie-worlds", "torch", "numpy", "gymnasium", "scikit-learn", "zarr", "cma")


class Run:
    """A folder with `job.json`, `events.jsonl`, `checkpoint/`, `result.json`, and what the verbs add."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listener: Callable[[], None] | None = None
        """Who is told that there is a new event."""

    @classmethod
    def create(cls, folder: Path, verb: str, job: Any, uses: Any = None) -> "Run":
        """Make the folder and write its job; `uses` tells what else the work stands on (data, networks).

        WrongInput when something is there already, or the place cannot be written.
        """
        check_free(folder)
        content = {"verb": verb, "job": to_json(job), "uses": to_json(uses or {}), "made_with": made_with()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / "job.json", content)
        except OSError as error:
            raise WrongInput(f"cannot write to {folder}: {error.strerror}; choose another place") from None
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that exists; WrongInput when the folder holds none."""
        if not (folder / "job.json").is_file():
            raise WrongInput(f"no run at {folder}: it has no job.json; give a folder that `reverie fit` made")
        for place in folder.iterdir():
            if place.is_symlink():
                raise WrongInput(f"{place} is a link, and a run holds none; copy here what it leads to")
        return cls(folder)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def job(self) -> dict[str, Any]:
        """The job as written: `verb`, `job`, `uses`, `made_with`."""
        job = read_json(self.folder / "job.json", f"job of {self.folder}")
        kinds = {"verb": str, "job": dict, "uses": dict}
        given = {"uses": {}} | job if isinstance(job, dict) else {}
        if not all(isinstance(given.get(part), kind) for part, kind in kinds.items()):
            raise WrongInput(f"the job of {self.folder} is damaged: it must have 'verb' and 'job'")
        return job

    def emit(self, **values: Any) -> None:
        """Append one line to `events.jsonl`."""
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(values, allow_nan=False) + "\n")
        if self.listener is not None:
            self.listener()

    def events(self) -> list[dict[str, Any]]:
        """All whole lines of `events.jsonl`; a line cut off by a crash is left out."""
        file = self.folder / "events.jsonl"
        if not file.exists():
            return []
        lines = read_bytes(file, f"log of {self.folder}").split(b"\n")[:-1]
        return [_event(file, number, line) for number, line in enumerate(lines, start=1)]

    @property
    def finished(self) -> bool:
        """Whether there is a result."""
        return (self.folder / "result.json").is_file()

    def result(self) -> dict[str, Any]:
        """The result; WrongInput when the run is not finished."""
        if not self.finished:
            remedy = f"complete it with: reverie resume {self.folder}"
            raise WrongInput(f"the run {self.folder} is not finished; {remedy}")
        return read_json(self.folder / "result.json", f"result of {self.folder}")

    def finish(self, result: dict[str, Any]) -> dict[str, Any]:
        """Write the result, which makes the run finished."""
        write_json(self.folder / "result.json", to_json(result))
        return result


def _event(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise WrongInput(
            f"{file} is damaged: line {number} is no event; remove what follows line {number - 1}"
        )
    return event


def check_free(folder: Path) -> None:
    """Refuse a place where something is already."""
    if folder.is_file():
        raise WrongInput(f"{folder} is a file; give the name of a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        remedy = "choose another name or remove it" + (
            f", or continue it with: reverie resume {folder}" if (folder / "job.json").exists() else ""
        )
        raise WrongInput(f"{folder} exists and is not empty; {remedy}")


def made_with() -> dict[str, str]:
    """Versions of what a result may depend on, and the git commit where there is one."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    commit = _commit()
    return found | ({"commit": commit} if commit else {})


def _commit() -> str:
    """The commit of the project's own checkout; empty for an installed wheel."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
