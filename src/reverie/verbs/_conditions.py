"""Conditions: under which a fit runs, and what of them this machine can give."""

import os
from dataclasses import dataclass, replace
from typing import Literal

import torch

from reverie.core.config import Config
from reverie.core.errors import WrongInput
from reverie.engine.board import check_board
from reverie.engine.setup import Precision
from reverie.verbs import _machine as machine

MOST_THREADS = 1024
"""More than that end the whole process where the system refuses one of them, without a word of ours."""


@dataclass(frozen=True, kw_only=True)
class Conditions(Config):
    """Under which conditions a fit runs."""

    seed: int = 0
    """Seed of weights, order, noise and split."""
    validation: float = 0.1
    """Part of the episodes that is kept for validation."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    precision: Precision = "float32"
    """What networks compute in; weights stay float32. `reverie bench switches` says what is faster."""
    compile: bool = False
    """Compile the networks first, which takes a minute or two; needs a C++ compiler."""
    threads: int = 0
    """Threads of the computation; 0 is half of the cores. The same number gives the same bits."""
    workers: int = 0
    """Threads that prepare batches ahead; the batches are the same whatever their number."""
    download: bool = False
    """Fetch a feature network's official weights when they are not on this machine."""
    tensorboard: bool = False
    """Write the log once more for TensorBoard, into RUN/tensorboard."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        self.check_not_negative("seed", "threads", "workers")
        if self.threads > MOST_THREADS:
            raise WrongInput(f"threads must be from 0 to {MOST_THREADS}, got {self.threads}")
        if not 0 <= self.validation < 1:
            raise WrongInput(f"validation must lie in [0, 1), got {self.validation}")


def resolved(conditions: Conditions) -> Conditions:
    """The conditions with device and threads decided; WrongInput for what this machine cannot give."""
    if conditions.tensorboard:
        check_board()
    device = conditions.device if conditions.device != "auto" else machine.best_device()
    if device == "cuda" and not torch.cuda.is_available():
        raise WrongInput("device 'cuda' is not there; leave out --device, or use --device cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise WrongInput("device 'mps' is not there; leave out --device, or use --device cpu")
    machine.check_switches(device, conditions.precision, conditions.compile)
    threads = conditions.threads or max(1, (os.cpu_count() or 2) // 2)
    return replace(conditions, device=device, threads=threads)
