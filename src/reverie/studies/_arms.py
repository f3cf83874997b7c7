"""Arms: fits that run side by side, each in a process of its own, and can be interrupted at any moment."""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reverie.core.console import Console
from reverie.core.errors import BrokeWhileWorking
from reverie.core.run import Run
from reverie.engine.checkpoint import places
from reverie.verbs.fit import FitJob, check_same, prepare

POLL_SECONDS = 0.5


@dataclass
class _Child:
    run: Run
    process: subprocess.Popen[bytes]
    log: Path


def fit_side_by_side(jobs: Mapping[Path, FitJob], console: Console, processes: int = 2) -> None:
    """Fit every job into its folder, `processes` at a time; finished runs are skipped, others resumed.

    Raises BrokeWhileWorking with an arm's own sentence when it fails; the arms beside it are stopped then,
    and can be resumed. Raises WrongInput when a folder holds the run of another job.
    """
    for folder, job in jobs.items():
        if (folder / "job.json").exists():
            check_same(job, Run.open(folder))
        else:
            prepare(job, folder, console)
    waiting = deque(Run.open(folder) for folder in jobs if not Run(folder).finished)
    total = 100 * len(jobs)
    running: list[_Child] = []
    shown = sum(_percent(Run(folder)) for folder in jobs)
    with console.track(f"fit {len(jobs)} runs", total, shown) as tracker:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    running.append(_start(waiting.popleft()))
                time.sleep(POLL_SECONDS)
                running = [child for child in running if not _ended(child)]
                now = sum(_percent(Run(folder)) for folder in jobs)
                tracker.advance(now - shown, ", ".join(child.run.name for child in running))
                shown = now
        finally:
            for child in running:
                child.process.terminate()
                child.process.wait()


def _start(run: Run) -> _Child:
    log = run.folder / "log.txt"
    with log.open("ab") as file:
        command = [sys.executable, "-m", "reverie", "resume", str(run.folder)]
        return _Child(run, subprocess.Popen(command, stdout=file, stderr=file), log)


def _ended(child: _Child) -> bool:
    status = child.process.poll()
    if status is None:
        return False
    if status != 0:
        lines = child.log.read_text(encoding="utf-8", errors="replace").splitlines() or ["it said nothing"]
        raise BrokeWhileWorking(f"the arm {child.run.folder} ended with status {status}: {lines[-1]}")
    return True


def _percent(run: Run) -> int:
    """How much of a run is done, from its log."""
    if run.finished:
        return 100
    events = [event for event in run.events() if "epoch" in event]
    epochs = run.job()["job"]["plan"]["epochs"]
    done = events[-1]["epoch"] if events else 0.0
    return min(99, int(100 * done / epochs)) if events or places(run.folder / "checkpoint") else 0
