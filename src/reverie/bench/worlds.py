"""Speed of recording every world: capture against bare hand-written loops over the same episodes."""

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reverie.bench._bare import Bare, atari, car_racing, doom, engine_alone, lunar_lander
from reverie.bench._clock import Cost, Instant, cost_of, now
from reverie.core.config import to_json
from reverie.core.console import QUIET, Console, Tracker
from reverie.core.errors import WrongInput
from reverie.core.run import made_with
from reverie.core.seeds import numpy_generator
from reverie.data.store import open_data
from reverie.verbs.capture import CaptureJob, capture

ROUNDS = 3
ENGINES = ("ale-py", "vizdoom", "Box2D", "pygame-ce", "pillow", "numcodecs")
ATARI = {"frameskip": 1, "repeat_action_probability": 0.0}

Rival = Literal["the same frames by hand", "the engine alone"]
BY_HAND: Rival = "the same frames by hand"
ALONE: Rival = "the engine alone"


@dataclass(frozen=True)
class Case:
    """A world, how it is recorded, and what is asked of its speed."""

    job: CaptureJob
    bare: Callable[[], Bare]
    target: float = 0.9
    rival: Rival = BY_HAND
    """The bare loop that the target is about."""


def _job(env: str, episodes: int, steps: int, **more: Any) -> CaptureJob:
    return CaptureJob(env=env, episodes=episodes, max_steps=steps, seed=11, **more)


def _atari(game: str) -> Case:
    chain = {"size": 84, "frame_skip": 2, "max_pool": True, "grey": True}
    env = f"ALE/{game}-v5"
    return Case(_job(env, 4, 600, **chain, options=ATARI), lambda: atari(env))


CASES = (
    Case(_job("LunarLander-v3", 9, 1000), lunar_lander),
    Case(_job("CarRacing-v3", 2, 150), car_racing),
    *map(_atari, ("Pong", "Breakout", "SpaceInvaders")),
    Case(_job("VizdoomTakeCover-v1", 10, 1000), doom, 0.6, ALONE),
)
"""The first episode of each is not measured: it warms caches, and pays for the start of engines."""


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Frames a second of capture over those of two bare loops, medians of rounds, wall clock and processors.

    All three play the same episodes in turns. One bare loop makes the same frames by hand, with NumPy and
    Pillow, and forgets them; the other takes the engine's pictures and does nothing to them. A world that is
    not installed says so.
    """
    lines: dict[str, Any] = {}
    load = [_load()]
    worlds: dict[str, Any] = {}
    for case in CASES:
        console.say(f"measuring {case.job.env}")
        try:
            rounds = [one_round(case) for _ in range(ROUNDS)]
        except WrongInput as error:
            lines[case.job.env] = f"not measured: {error}"
            continue
        worlds[case.job.env] = found = _summary(case, rounds)
        wall, cpu = (found["ratios"][case.rival][clock]["median"] for clock in ("wall", "cpu"))
        lines[case.job.env] = f"{wall} of {case.rival}, {cpu} by processors; {case.target} wanted"
    machine = {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()}
    machine["load"] = [*load, _load()]
    about = {"date": date.today().isoformat(), "rounds": ROUNDS, "machine": machine}
    return {**lines, "worlds": worlds, "about": about | {"made_with": made_with() | _engines()}}


@dataclass(frozen=True)
class Round:
    """One turn of each."""

    ours: Cost
    rivals: dict[str, Cost]
    start: float
    """Seconds that a capture takes beside its episodes: engines, manifest, first folder."""


def one_round(case: Case) -> Round:
    """Play the episodes of a case by hand, by capture, and by the engine alone."""
    bare = case.bare()
    # Doom's engine writes its settings where a bare loop stands.
    with tempfile.TemporaryDirectory() as place, chdir(place):
        ours, start = capture_cost(case.job, Path(place) / "data")
        by_hand = bare_cost(case.job, bare)
        alone = bare_cost(case.job, replace(bare, frame=engine_alone))
    return Round(ours, {BY_HAND: by_hand, ALONE: alone}, start)


def capture_cost(job: CaptureJob, folder: Path) -> tuple[Cost, float]:
    """What the episodes after the first cost, the last write included, and the seconds of a start."""
    watch, began = _Stopwatch(), now()
    capture(job, folder, watch)
    first, ended = watch.instants[0], now()
    lengths = [entry.steps + 1 for entry in open_data(folder).manifest.episodes]
    cost = first.cost(sum(lengths[1:]), ended)
    start = first.wall - began.wall - cost.wall / cost.frames * lengths[0]
    return cost, start


def bare_cost(job: CaptureJob, bare: Bare) -> Cost:
    """What the same episodes cost in a bare loop, after the first one."""
    made = bare.make()
    try:
        len(bare_episode(job, bare, made, 0))
        return cost_of(
            lambda: sum(len(bare_episode(job, bare, made, index)) for index in range(1, job.episodes))
        )
    finally:
        made.close()


def bare_episode(job: CaptureJob, bare: Bare, made: Any, index: int) -> list[np.ndarray]:
    """The frames of an episode of a job, from a bare loop."""
    generator = numpy_generator(job.seed, "episode", index)
    return [bare.frame(pictures) for pictures in bare.play(made, generator, job.max_steps)]


class _Stopwatch(Console):
    """Notes when episodes are there."""

    def __init__(self) -> None:
        self.instants: list[Instant] = []

    @contextmanager
    def track(self, label: str, total: int, start: int = 0) -> Iterator[Tracker]:
        yield self

    def advance(self, amount: int = 1, note: str = "") -> None:
        """An episode is there."""
        self.instants.append(now())


def _summary(case: Case, rounds: list[Round]) -> dict[str, Any]:
    ratios = {
        rival: {
            clock: _spread([one.rivals[rival].over(one.ours)[clock] for one in rounds])
            for clock in ("wall", "cpu")
        }
        for rival in (BY_HAND, ALONE)
    }
    costs = {"capture": [one.ours for one in rounds]}
    costs |= {rival: [one.rivals[rival] for one in rounds] for rival in (BY_HAND, ALONE)}
    return {
        "ratios": ratios,
        "target": case.target,
        "rival": case.rival,
        "frames": rounds[0].ours.frames,
        "microseconds_a_frame": {
            name: {
                clock: round(1e6 * float(np.median([getattr(cost, clock) / cost.frames for cost in some])), 1)
                for clock in ("wall", "cpu")
            }
            for name, some in costs.items()
        },
        "seconds_of_start": round(float(np.median([one.start for one in rounds])), 3),
        "job": to_json(case.job),
    }


def _spread(values: list[float]) -> dict[str, float]:
    numbers = {"median": np.median(values), "least": min(values), "most": max(values)}
    return {name: round(float(value), 3) for name, value in numbers.items()}


def _engines() -> dict[str, str]:
    """Versions of what draws, scales and compresses; without what is not installed."""
    found = {}
    for name in ENGINES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _load() -> float | None:
    """How many processes wanted a core in the last minute, this one too; None where nobody counts."""
    return round(os.getloadavg()[0], 1) if sys.platform != "win32" else None


def _processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
