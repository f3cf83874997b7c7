"""Memory: what a fit holds for itself, over small and over large data."""

import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.data.batches import Batches
from reverie.engine.fit import Setup, fit
from reverie.engine.plan import Plan
from reverie.representations.dense_ae import DenseAEConfig
from reverie.terms.pixel import squared

SIZES = (10_000, 100_000)
SHAPE = (64, 64, 3)
STATUS = Path("/proc/self/status")


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Anonymous memory in MB after an epoch over 10 000 and over 100 000 frames, each in its own process.

    Frames are read from a memory-mapped file, as `fit` reads a data set; its pages belong to the system,
    which takes them back when it needs them. Raises WrongInput where the system does not tell (only Linux
    does).
    """
    if not STATUS.exists():
        raise WrongInput("only Linux tells how much memory is anonymous; run this bench there")
    found = {}
    for frames in SIZES:
        console.say(f"fitting {frames} frames")
        with get_context("spawn").Pool(1) as pool:
            found[f"MB with {frames} frames"] = round(pool.apply(_anonymous, (frames,)) / 2**20, 1)
    small, large = found.values()
    return {**found, "MB more with ten times the frames": round(large - small, 1)}


def _anonymous(frames: int) -> int:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "frames.bin"
        # A file with a hole: it has the size of the frames without taking their place on the disk.
        with file.open("wb") as stream:
            stream.truncate(frames * int(np.prod(SHAPE)))
        pixels = np.memmap(file, dtype=np.uint8, mode="r", shape=(frames, *SHAPE))
        model = DenseAEConfig(code_size=8).build((3, 64, 64), squared)
        batches = Batches(pixels, np.arange(frames), 100, seed=0)
        setup = Setup(model, model.players(), batches, None, seed=0)
        fit(setup, Plan(epochs=1), Run.create(Path(place) / "run", "fit", {}), QUIET)
        return _anonymous_bytes()


def _anonymous_bytes() -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return 1024 * int(line.split()[1])
