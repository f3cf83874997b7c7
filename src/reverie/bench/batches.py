"""Speed of random batches: model-ready frames a CPU-second, from a memory-mapped file."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.console import QUIET, Console
from reverie.data.batches import Batches

FRAMES = 20_000
BATCH_SIZE = 32
TARGETS = {"batches_per_cpu_second": 2000}


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Random batches of 32 frames (64 x 64 x 3, float in [0, 1]) a second of CPU time, one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as place:
            pixels = _mapped(Path(place) / "frames.bin")
            rates = {f"with_{workers}_workers": _rate(pixels, workers) for workers in (0, 2)}
            del pixels
    finally:
        torch.set_num_threads(threads)
    return {"batches_per_cpu_second": rates["with_0_workers"], **rates, "targets": TARGETS}


def _mapped(path: Path) -> np.ndarray:
    shape = (FRAMES, 64, 64, 3)
    generator = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(0, FRAMES, 1000):
            file.write(generator.integers(0, 256, (1000, *shape[1:]), dtype=np.uint8).data)
    return np.memmap(path, dtype=np.uint8, mode="r", shape=shape)


def _rate(pixels: np.ndarray, workers: int) -> int:
    batches = Batches(pixels, np.arange(FRAMES, dtype=np.int64), BATCH_SIZE, 0, workers)
    for _ in batches.epoch(0):  # the pages of the file come into memory
        pass
    began, count = time.process_time(), 0
    for epoch in range(1, 4):
        count += sum(1 for _ in batches.epoch(epoch))
    return round(count / (time.process_time() - began))
