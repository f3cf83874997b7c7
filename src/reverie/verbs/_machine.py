"""What this machine offers to a fit: threads, devices, a compiler."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from reverie.core.errors import WrongInput

COMPILERS = ("c++", "g++", "clang++", "cl")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_switches(device: str, precision: str, compile_parts: bool) -> None:
    """Refuse switches that this device or machine cannot serve."""
    if device == "mps" and (compile_parts or precision != "float32"):
        raise WrongInput("device 'mps' computes in float32, uncompiled; leave out --precision and --compile")
    if compile_parts and not any(map(shutil.which, COMPILERS)):
        raise WrongInput("--compile needs a C++ compiler, and there is none; install one, or leave it out")


def best_device() -> Literal["cpu", "cuda", "mps"]:
    """A GPU where there is one."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
