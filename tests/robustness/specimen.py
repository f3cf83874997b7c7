"""A small folder of everything that Reverie makes: what the attacks are made on."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from reverie.cli import main
from reverie.core.console import PlainConsole
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.runs import list_runs

JOB = CaptureJob(env="CartPole-v1", episodes=5, size=8, max_steps=12)


class Stopping(PlainConsole):
    """Presses Ctrl-C after some advances."""

    def __init__(self, advances: int) -> None:
        self.left = advances

    def say(self, text):
        pass

    def warn(self, text):
        pass

    def track(self, label, total, start=0):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def advance(self, amount=1, note=""):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def make(place: Path) -> None:
    """Into an empty folder: data, part (a capture to resume), run, twin, half (a fit to resume), images, and
    what is exchanged: png, and, where the packages are installed, poles-v0 (Minari) and encoder.onnx."""
    before = Path.cwd()
    os.chdir(place)
    try:
        capture(JOB, Path("data"))
        _interrupted_capture()
        for name in ("run", "twin", "half"):
            words = ["fit", "dense-ae", "data", name, "--epochs", "2", "--threads", "1", "--hidden", "4"]
            assert main([*words, "--code-size", "3", "--validation", "0.2", "--keep-epochs"]) == 0
        Path("half/result.json").unlink()
        Path("half/weights.safetensors").unlink()
        assert main(["probe", "run", "twin", "--data", "data", "--probe", "ridge", "--no-baselines"]) == 0
        assert main(["look", "run", "--lens", "reconstruction", "--count", "9"]) == 0
        _images()
        _exchanged()
        assert {line["state"] for line in list_runs(Path())} == {"finished", "unfinished"}
    finally:
        os.chdir(before)


def _interrupted_capture() -> None:
    try:
        capture(JOB, Path("part"), Stopping(3))
    except KeyboardInterrupt:
        return
    raise AssertionError("the capture was not interrupted")


def _exchanged() -> None:
    assert main(["data", "export", "data", "png"]) == 0
    if here("minari"):
        assert main(["data", "export", "data", "poles-v0", "--to", "minari"]) == 0
    if here("onnx"):
        assert main(["export", "run", "encoder.onnx"]) == 0


def here(package: str) -> bool:
    """Whether an optional package is installed."""
    return find_spec(package) is not None


def _images() -> None:
    generator = np.random.default_rng(0)
    for name in ("images/0.png", "images/1.png", "images/more/2.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(name)
