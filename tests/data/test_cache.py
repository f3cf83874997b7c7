"""Frames for training are mapped from a file that is decoded once."""

import os
import subprocess
import sys

import numpy as np
import pytest

from reverie.core.errors import BrokeWhileWorking
from reverie.data.store import open_data


def test_the_cache_is_built_once_beside_the_archive(folder):
    first = open_data(folder).pixels
    files = list((folder / ".cache").iterdir())
    assert [file.stat().st_size for file in files] == [first.size]
    written = files[0].stat().st_mtime_ns
    assert np.array_equal(open_data(folder).pixels, first)
    assert files[0].stat().st_mtime_ns == written


def test_a_cut_off_cache_is_built_again(folder):
    whole = np.array(open_data(folder).pixels)
    (file,) = (folder / ".cache").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert np.array_equal(open_data(folder).pixels, whole)


def test_a_data_set_that_cannot_be_written_is_cached_elsewhere(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (folder / ".cache").write_bytes(b"a file where the folder should be")
    pixels = open_data(folder).pixels
    (file,) = (tmp_path / "home" / "reverie" / "frames").iterdir()
    assert file.stat().st_size == pixels.size


def test_no_room_anywhere_is_one_sentence(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (folder / ".cache").write_bytes(b"")
    with pytest.raises(BrokeWhileWorking, match="no room for 0 MB of decoded frames"):
        open_data(folder).pixels  # noqa: B018


MEMORY = """
import resource, sys
from reverie.data.store import open_data
pixels = open_data(sys.argv[1]).pixels
pixels[::5000].sum()
lines = open("/proc/self/status").read().split("RssAnon:")[1]
print(lines.split()[0], pixels.nbytes // 1024)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells anonymous memory")  # noqa: PTH110
def test_anonymous_memory_does_not_grow_with_the_frames(tmp_path, make_episode, make_blank):
    from dataclasses import replace

    from reverie.data.archive import create_archive

    memory = []
    for frames in (100, 8000):
        place = tmp_path / str(frames)
        writer = create_archive(place, replace(make_blank(), frame_shape=(64, 64, 3)), None)
        episode = make_episode(0, steps=99)
        wide = np.zeros((100, 64, 64, 3), dtype=np.uint8)
        for _ in range(frames // 100):
            writer.append(replace(episode, frames=wide))
        writer.finish()
        told = subprocess.run(
            [sys.executable, "-c", MEMORY, str(place)], capture_output=True, text=True, check=True
        )
        anonymous, size = map(int, told.stdout.split())
        memory.append(anonymous)
    assert size > 90_000  # kB, far above what is allowed below
    assert memory[1] - memory[0] < 10_000
