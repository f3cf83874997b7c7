"""Frames for training are mapped from a file that is decoded once."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from reverie.core.errors import BrokeWhileWorking
from reverie.data.archive import create_archive
from reverie.data.check import check_data
from reverie.data.store import open_data


def test_the_cache_is_built_once_beside_the_archive(folder):
    first = open_data(folder).pixels
    files = list((folder / ".cache").glob("*.bin"))
    assert [file.stat().st_size for file in files] == [first.size]
    written = files[0].stat().st_mtime_ns
    assert np.array_equal(open_data(folder).pixels, first)
    assert files[0].stat().st_mtime_ns == written


def test_a_cut_off_cache_is_built_again(folder):
    whole = np.array(open_data(folder).pixels)
    (file,) = (folder / ".cache").glob("*.bin")
    file.write_bytes(file.read_bytes()[:-1])
    assert np.array_equal(open_data(folder).pixels, whole)


def spoil(folder):
    (file,) = (folder / ".cache").glob("*.bin")
    file.write_bytes(b"\x07" * file.stat().st_size)
    return file


def test_an_altered_cache_is_named_by_check_and_not_trained_on(folder):
    whole = np.array(open_data(folder).pixels)
    file = spoil(folder)
    assert check_data(folder) == [f"{file} is damaged: its frames are not those of the archive; remove it"]
    assert np.array_equal(open_data(folder).pixels, whole)
    assert check_data(folder) == []


def test_a_cache_without_its_note_is_built_again(folder):
    whole = np.array(open_data(folder).pixels)
    spoil(folder).with_suffix(".json").unlink()
    assert np.array_equal(open_data(folder).pixels, whole)


@pytest.mark.parametrize("note", [b"", b"[]", b"\xff", b'{"sha256": 5}'])
def test_a_damaged_note_is_named_and_written_again(folder, note):
    whole = np.array(open_data(folder).pixels)
    (file,) = (folder / ".cache").glob("*.json")
    file.write_bytes(note)
    assert check_data(folder) == [
        f"{file} is damaged: it is not the checksum of the frames beside it; remove it"
    ]
    assert np.array_equal(open_data(folder).pixels, whole)
    assert check_data(folder) == []


def test_a_touched_cache_is_compared_once_and_kept(folder):
    open_data(folder).pixels  # noqa: B018
    (file,) = (folder / ".cache").glob("*.bin")
    os.utime(file, (1, 1))
    before = file.stat().st_ino
    open_data(folder).pixels  # noqa: B018
    assert file.stat().st_ino == before
    assert json.loads(file.with_suffix(".json").read_bytes())["modified"] == 10**9


@pytest.mark.parametrize("writable", [True, False])
def test_a_data_set_keeps_no_frames_of_when_it_held_less(
    tmp_path, monkeypatch, make_blank, make_episode, writable
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    place = tmp_path / "data"
    writer = create_archive(place, make_blank(), None)
    if not writable:
        (place / ".cache").write_bytes(b"a file where the folder should be")
    for index in range(3):
        writer.append(make_episode(index, steps=40))
    writer.commit()
    open_data(place).pixels  # noqa: B018
    writer.finish()
    data = open_data(place)
    cached = place / ".cache" if writable else tmp_path / "home" / "reverie" / "frames"
    assert len(data.pixels) == 123
    names = {path.name for path in cached.iterdir()}
    assert names == {f"frames-{data.fingerprint[:16]}.{ending}" for ending in ("bin", "json")}


def test_a_data_set_that_cannot_be_written_is_cached_elsewhere(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (folder / ".cache").write_bytes(b"a file where the folder should be")
    pixels = open_data(folder).pixels
    (file,) = (tmp_path / "home" / "reverie" / "frames").glob("*.bin")
    assert file.stat().st_size == pixels.size


def test_no_room_anywhere_is_one_sentence(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (folder / ".cache").write_bytes(b"")
    with pytest.raises(BrokeWhileWorking, match="no room for 0 MB of decoded frames"):
        open_data(folder).pixels  # noqa: B018


MEMORY = """
import resource, sys
from reverie.data.archive import create_archive
from reverie.data.check import check_data
from reverie.data.store import open_data
pixels = open_data(sys.argv[1]).pixels
pixels[::5000].sum()
lines = open("/proc/self/status").read().split("RssAnon:")[1]
print(lines.split()[0], pixels.nbytes // 1024)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells anonymous memory")  # noqa: PTH110
def test_anonymous_memory_does_not_grow_with_the_frames(tmp_path, make_episode, make_blank):
    from dataclasses import replace

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
