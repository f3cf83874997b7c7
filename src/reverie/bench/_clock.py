"""Clock: what work costs, on the wall and of the processors, with the processes that it started."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Cost:
    """What some frames cost."""

    frames: int
    wall: float
    """Seconds of a clock on the wall."""
    cpu: float
    """Seconds of processors: of this process and, where the system tells (Linux), of those it started."""

    def over(self, other: "Cost") -> dict[str, float]:
        """This cost of a frame over the other's, on each clock: above 1 where the other is faster."""
        return {
            "wall": self.wall / self.frames / (other.wall / other.frames),
            "cpu": self.cpu / self.frames / (other.cpu / other.frames),
        }


@dataclass(frozen=True)
class Instant:
    """A moment on both clocks."""

    wall: float
    cpu: float

    def cost(self, frames: int, until: "Instant") -> Cost:
        """What frames cost from this moment until another."""
        return Cost(frames, until.wall - self.wall, until.cpu - self.cpu)


def now() -> Instant:
    """This moment."""
    return Instant(time.perf_counter(), cpu_seconds())


def cost_of(work: Callable[[], int]) -> Cost:
    """What work costs that returns how many frames it made."""
    began = now()
    frames = work()
    return began.cost(frames, now())


def cpu_seconds() -> float:
    """Seconds of processors that this process and its children took, those that ended and those that run."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system + _running_children()


def _running_children() -> float:
    """Doom's engine is such a child, and no call tells of it before it ends. Source: man 5 proc."""
    own, ticks = os.getpid(), 0
    for file in PROCESSES.glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended just now
            # The name in brackets may hold anything; what follows it is state, parent, ..., user, system.
            fields = file.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == own:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0
