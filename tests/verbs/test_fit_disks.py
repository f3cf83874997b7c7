"""Fit: on disks that fill up in the middle, or cannot be written to."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reverie.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
CHOICES = ["--code-size", "8", "--hidden", "100", "--epochs", "6", "--threads", "1", "--keep-epochs"]


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 8 MB: the job, a checkpoint or two and a few snapshots fit, the rest does not."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "poles"
    assert main(["capture", "CartPole-v1", str(folder), "--episodes", "6", "--size", "32"]) == 0
    return folder


def test_a_disk_that_fills_up_costs_nothing_that_was_written(disk, data, tmp_path, capsys):
    run, whole = disk / "run", tmp_path / "whole"
    assert main(["fit", "dense-ae", str(data), str(whole), *CHOICES]) == 0
    capsys.readouterr()
    assert main(["fit", "dense-ae", str(data), str(run), *CHOICES]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("reverie: the disk is full") and "reverie resume" in said
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    assert main(["resume", str(run)]) == 0
    assert (run / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_a_place_that_cannot_be_written_is_refused_before_work(disk, data, capsys):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    capsys.readouterr()
    assert main(["fit", "dense-ae", str(data), str(disk / "run"), *CHOICES]) == 2
    assert "cannot write to" in capsys.readouterr().err


def test_data_on_a_disk_that_cannot_be_written_can_be_fitted(disk, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = disk / "poles"
    assert main(["capture", "CartPole-v1", str(data), "--episodes", "6", "--size", "32"]) == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert main(["fit", "dense-ae", str(data), str(tmp_path / "run"), *CHOICES]) == 0
