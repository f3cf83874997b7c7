"""Switches: a step of a fit in bfloat16, and compiled, against the same step as it is by default."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.console import QUIET, Console, Tracker
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.data.batches import Batches
from reverie.engine.fit import Setup, fit
from reverie.engine.plan import Plan
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.terms.pixel import squared

ROUNDS, BATCHES, WARM_UP, BATCH_SIZE = 2, 30, 6, 64
SWITCHES: dict[str, dict[str, Any]] = {
    "default": {},
    "bfloat16": {"precision": "bfloat16"},
    "compiled": {"compile": True},
    "bfloat16, compiled": {"precision": "bfloat16", "compile": True},
}


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Ratios of processor time a step of conv-vae, default over switched: above 1 is faster, below 1 slower.

    On one thread of the CPU, so that processor time is the time on an idle machine. The median of the steps
    after a warm-up, which holds the compilation; the better of the rounds, which alternate.
    """
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in SWITCHES}
    for _ in range(ROUNDS):
        for name, switches in SWITCHES.items():
            console.say(f"measuring {name}")
            times[name].append(_step_seconds(switches))
    best = {name: min(values) for name, values in times.items()}
    found: dict[str, Any] = {"conv-vae, default: ms a step": round(1e3 * best["default"], 1)}
    for name in list(SWITCHES)[1:]:
        found[f"conv-vae, {name}: ratio to default"] = round(best["default"] / best[name], 3)
    return found


class _Stopwatch(Console):
    """Notes the processor time at each step."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @contextmanager
    def track(self, label: str, total: int, start: int = 0) -> Iterator[Tracker]:
        yield self

    def advance(self, amount: int = 1, note: str = "") -> None:
        """One step is done."""
        self.times.append(time.process_time())


def _step_seconds(switches: dict[str, Any]) -> float:
    pixels = numpy_generator(0, "bench").integers(0, 256, (BATCHES * BATCH_SIZE, 64, 64, 3), dtype=np.uint8)
    torch.manual_seed(0)
    model = ConvVAEConfig().build((3, 64, 64), squared)
    batches = Batches(pixels, np.arange(len(pixels)), BATCH_SIZE, seed=0)
    setup = replace(Setup(model, model.players(), batches, None, 0), **switches)
    watch = _Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        fit(setup, Plan(epochs=1), Run.create(Path(folder) / "run", "fit", {}), watch)
    return float(np.median(np.diff(watch.times[WARM_UP:])))
