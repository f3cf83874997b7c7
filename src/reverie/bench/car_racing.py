"""Speed of CarRacing-v3: Gymnasium's engine against EnvPool's, one world or many in a batch."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from reverie.bench._clock import Cost, cost_of
from reverie.core.console import QUIET, Console
from reverie.core.seeds import numpy_generator
from reverie.core.world import World
from reverie.envs.make import WorldConfig, make_fast_worlds, make_world

ENV = "CarRacing-v3"
STEPS = 384
"""Frames that each turn of Gymnasium's makes; EnvPool's make four times as many."""
ROUNDS = 3
SIZES = (1, 16, 64)
"""Worlds in a batch."""
GAS = np.array([0.0, 0.3, 0.0], dtype=np.float32)


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Frames of 64 x 64 a second and a CPU-second, in turns: medians, and those of EnvPool over Gymnasium's.

    Every frame is drawn by its engine and scaled by the camera. `envpool 1 with truth` is what capture does:
    Gymnasium's game follows undrawn. One thread each.
    """
    load = [os.getloadavg()[0]]
    turns: dict[str, Callable[[], Cost]] = {
        "gymnasium": lambda: cost_of(lambda: _alone("gymnasium", STEPS)),
        "envpool 1 with truth": lambda: cost_of(lambda: _alone("envpool", 4 * STEPS)),
        **{f"envpool {size}": lambda size=size: cost_of(lambda: _batch(size, 4 * STEPS)) for size in SIZES},
    }
    costs: dict[str, list[Cost]] = {name: [] for name in turns}
    for turn in range(ROUNDS):
        console.say(f"turn {turn + 1} of {ROUNDS}")
        for name, take in turns.items():
            costs[name].append(take())
    load.append(os.getloadavg()[0])
    told = {name: _told(some, costs["gymnasium"]) for name, some in costs.items()}
    return {**told, "rounds": ROUNDS, "load": [round(one, 1) for one in load]}


def _alone(engine: Any, steps: int) -> int:
    world: World = make_world(ENV, WorldConfig(engine=engine))
    world.reset(numpy_generator(0, "bench"))
    for _ in range(steps):
        world.step(GAS)
        world.frame()
        if engine == "envpool":
            world.truth()
    world.close()
    return steps


def _batch(size: int, steps: int) -> int:
    worlds = make_fast_worlds(ENV, WorldConfig())
    worlds.reset([numpy_generator(0, "bench", row) for row in range(size)])
    actions = np.tile(GAS, (size, 1))
    for _ in range(steps // size):
        worlds.step(actions)
        worlds.frames()
    worlds.close()
    return steps // size * size


def _told(some: list[Cost], base: list[Cost]) -> dict[str, float]:
    ratios = [before.over(now)["cpu"] for before, now in zip(base, some, strict=True)]
    return {
        "frames_per_second": round(float(np.median([cost.frames / cost.wall for cost in some]))),
        "frames_per_cpu_second": round(float(np.median([cost.frames / cost.cpu for cost in some]))),
        "times_gymnasium": round(float(np.median(ratios)), 2),
    }
