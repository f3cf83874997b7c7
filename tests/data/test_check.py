"""Whatever is altered is found and named."""

import shutil

import numpy as np
import pytest

from reverie.core.errors import WrongInput
from reverie.data.check import check_data
from reverie.data.store import open_data


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_whole_data_set_has_no_problems(folder):
    assert check_data(folder) == []
    open_data(folder).pixels  # noqa: B018 - builds the cache, which is not a problem either
    assert check_data(folder) == []


def test_a_flipped_bit_in_any_file_is_found_and_named(folder):
    generator = np.random.default_rng(0)
    for path in files_of(folder):
        content = path.read_bytes()
        altered = bytearray(content)
        altered[generator.integers(len(content))] ^= 1 << int(generator.integers(8))
        path.write_bytes(altered)
        problems = check_data(folder)
        assert len(problems) == 1 and str(path) in problems[0], path
        path.write_bytes(content)
    assert check_data(folder) == []


def test_every_flipped_bit_of_the_manifest_is_found(folder):
    path = folder / "manifest.json"
    content = path.read_bytes()
    for position in range(0, len(content), 37):
        altered = bytearray(content)
        altered[position] ^= 1 << (position % 8)
        path.write_bytes(altered)
        assert check_data(folder), position


def test_a_missing_file_is_found_and_named(folder):
    for path in files_of(folder):
        if path.name == "manifest.json":
            continue
        content = path.read_bytes()
        path.unlink()
        assert check_data(folder) == [f"{path} is missing"]
        path.write_bytes(content)


def test_a_truncated_file_is_found_and_named(folder):
    for path in files_of(folder):
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        problems = check_data(folder)
        assert len(problems) == 1 and str(path) in problems[0]
        path.write_bytes(content)


def test_a_file_that_does_not_belong_is_found_and_named(folder):
    alien = folder / "archive" / "frames" / "c" / "99"
    alien.write_bytes(b"hello")
    assert check_data(folder) == [f"{alien} does not belong to the data set"]


def test_chunks_of_another_data_set_are_found(folder, tmp_path):
    first, second = (folder / f"archive/frames/c/{index}/0/0/0" for index in (0, 1))
    shutil.copy(first, second)
    assert len(check_data(folder)) == 1


def test_opening_names_a_chunk_that_is_missing_or_cut_off(folder):
    for path in sorted(folder.glob("archive/*/c/**/*")):
        if path.is_dir():
            continue
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(WrongInput, match=f"{path} is damaged: {len(content) - 1} bytes"):
            open_data(folder)
        path.unlink()
        with pytest.raises(WrongInput, match=f"{path} is missing"):
            open_data(folder)
        path.write_bytes(content)
    assert len(open_data(folder)) == 9


def test_reading_a_damaged_episode_names_the_file(folder):
    chunk = folder / "archive/rewards/c/0"
    content = bytearray(chunk.read_bytes())
    content[-1] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(WrongInput, match="archive/rewards/c/0 is damaged"):
        open_data(folder)[0]


def test_decoding_for_training_checks_every_chunk(folder):
    chunk = folder / "archive/frames/c/2/0/0/0"
    content = bytearray(chunk.read_bytes())
    content[100] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(WrongInput, match="archive/frames/c/2/0/0/0 is damaged"):
        open_data(folder).pixels  # noqa: B018
    assert not list((folder / ".cache").glob("*"))
