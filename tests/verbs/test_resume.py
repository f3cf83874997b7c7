"""Resume: a fit that is killed from outside, at any moment, ends with the same weights to the bit."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reverie.cli import main

CHOICES = [
    *("--code-size", "8", "--hidden", "64", "--epochs", "12", "--batch-size", "16", "--input-noise", "0.1"),
    *("--schedule", "plateau", "--plateau-patience", "1", "--patience", "6", "--clip", "1"),
    *("--checkpoint-seconds", "0.05", "--threads", "1", "--workers", "2", "--seed", "5"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "poles"
    words = ["capture", "CartPole-v1", str(folder), "--episodes", "40", "--size", "32", "--seed", "2"]
    assert main(words) == 0
    return folder


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory) -> Path:
    """The run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main(["fit", "dense-ae", str(data), str(folder), *CHOICES]) == 0
    return folder


def start(*words: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "reverie", *words], stdout=quiet, stderr=quiet)


def kill_somewhere(process: subprocess.Popen[bytes], run: Path, share: float, whole: Path) -> bool:
    """SIGKILL once so much of the log is there; false when the process was quicker."""
    wanted = share * (whole / "events.jsonl").stat().st_size
    events = run / "events.jsonl"
    while process.poll() is None:
        if events.exists() and events.stat().st_size >= wanted:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


def kill_and_resume(data: Path, run: Path, whole: Path, shares: list[float]) -> int:
    """Kill the fit, then every resumption, at the given shares of its log; then let it end."""
    words = ["fit", "dense-ae", str(data), str(run), *CHOICES]
    killed = 0
    for share in shares:
        killed += kill_somewhere(start(*words), run, share, whole)
        words = ["resume", str(run)]
    assert main(["resume", str(run)]) == 0
    return killed


def check_same(run: Path, whole: Path) -> None:
    assert (run / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    one, other = (json.loads((folder / "result.json").read_text()) for folder in (run, whole))
    for name in ("epochs", "steps", "best_epoch", "validation", "collapsed_units"):
        assert one[name] == other[name]
    logs = [
        [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        for folder in (run, whole)
    ]
    assert logs[0] == logs[1]


def test_a_fit_killed_from_outside_three_times_and_resumed_is_the_same_to_the_bit(data, whole, tmp_path):
    shares = sorted(np.random.default_rng(11).uniform(0.02, 0.9, 3))
    assert kill_and_resume(data, tmp_path / "run", whole, shares) >= 2
    check_same(tmp_path / "run", whole)


@pytest.mark.learning
@pytest.mark.parametrize("moment", range(20))
def test_a_fit_killed_at_any_of_twenty_random_moments_is_the_same_to_the_bit(data, whole, tmp_path, moment):
    share = float(np.random.default_rng([7, moment]).uniform(0.0, 0.98))
    assert kill_and_resume(data, tmp_path / "run", whole, [share]) == 1
    check_same(tmp_path / "run", whole)


def test_ctrl_c_leaves_a_run_that_resumes(data, whole, tmp_path):
    run = tmp_path / "run"
    process = start("fit", "dense-ae", str(data), str(run), *CHOICES)
    while not (run / "events.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert main(["resume", str(run)]) == 0
    check_same(run, whole)


def test_data_that_changed_since_the_run_began_is_refused(data, tmp_path, capsys):
    run, other = tmp_path / "run", tmp_path / "other"
    assert main(["capture", "CartPole-v1", str(other), "--episodes", "4", "--size", "32", "--seed", "9"]) == 0
    assert main(["fit", "dense-ae", str(other), str(run), "--epochs", "1"]) == 0
    (run / "result.json").unlink()
    import shutil

    shutil.rmtree(other)
    shutil.copytree(data, other)
    assert main(["resume", str(run)]) == 2
    assert "changed since it began" in capsys.readouterr().err
