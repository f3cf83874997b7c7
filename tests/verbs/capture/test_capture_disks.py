"""Capture: on disks that are full, fill up, or cannot be written to."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from capture_jobs import JOB, LONG, contents

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.data.check import check_data
from reverie.data.store import open_data
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture, resume_capture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")


@contextmanager
def small_disk(place, megabytes):
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_fills_up_keeps_what_is_committed(reference, tmp_path, workers):
    with small_disk(tmp_path / "disk", 2) as disk:
        data = disk / "data"
        with pytest.raises(
            BrokeWhileWorking, match=r"^disk full; \d+ episodes are kept in .*; free space"
        ) as error:
            capture(CaptureJob(**LONG), data, crew=Crew(workers=workers))
        assert f"reverie resume {data}" in str(error.value) and "\n" not in str(error.value)
        kept = open_data(data)
        assert f" {len(kept)} episodes are kept" in str(error.value)
        assert 0 < len(kept) < LONG["episodes"]
        for index in range(0, len(kept), 5):
            assert np.array_equal(kept[index].frames, open_data(reference)[index].frames)
        assert check_data(data) == []
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        resume_capture(data, crew=Crew(workers=workers))
        assert contents(data) == contents(reference)


def test_a_disk_that_cannot_be_written_is_refused_before_work(tmp_path):
    with small_disk(tmp_path / "disk", 1) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(
            WrongInput, match=r"cannot write to .*: Read-only file system; choose another folder"
        ):
            capture(CaptureJob(**JOB), disk / "data")


def test_a_full_disk_is_refused_before_work(tmp_path):
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "filler").write_bytes(b"x" * (1 << 20))
        with pytest.raises(WrongInput, match=r"cannot write to .*: No space left on device"):
            capture(CaptureJob(**JOB), disk / "data")
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_a_data_set_on_a_read_only_disk_opens_and_trains(recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with small_disk(tmp_path / "disk", 4) as disk:
        shutil.copytree(recorded[0], disk / "data", ignore=shutil.ignore_patterns(".cache"))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        pixels = open_data(disk / "data").pixels
        assert np.array_equal(pixels, np.concatenate([episode.frames for episode in open_data(recorded[0])]))
        with pytest.raises(WrongInput, match="exists and is not empty"):
            capture(CaptureJob(**JOB), disk / "data")
        del pixels
