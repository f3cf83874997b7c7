"""A data set holds what was put in, as plain Zarr, and what is committed never changes."""

import json

import numpy as np
import pytest
import zarr

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.data.archive import create_archive, reopen_archive
from reverie.data.chunks import read_chunk
from reverie.data.store import open_data


def assert_same(one, other):
    for name in ("frames", "actions", "rewards", "factors", "visible"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype and np.array_equal(first, second), name
    assert one.ending == other.ending


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("box", [False, True])
def test_what_goes_in_comes_out(tmp_path, make_episode, make_blank, box):
    writer = create_archive(tmp_path / "data", make_blank(box), None)
    episodes = [make_episode(index, box=box) for index in range(7)]
    for episode in episodes:
        writer.append(episode)
    writer.finish()
    data = open_data(tmp_path / "data")
    assert len(data) == 7
    for read, written in zip(data, episodes, strict=True):
        assert_same(read, written)


def test_an_episode_longer_than_several_chunks_comes_out(tmp_path, make_episode, make_blank):
    writer = create_archive(tmp_path / "data", make_blank(), None)
    writer.append(make_episode(1, steps=200))
    writer.finish()
    assert_same(open_data(tmp_path / "data")[0], make_episode(1, steps=200))


def test_side_by_side_arrays_are_the_episodes_in_order(folder, make_episode):
    data = open_data(folder)
    episodes = [make_episode(index) for index in range(9)]
    assert np.array_equal(data.pixels, np.concatenate([episode.frames for episode in episodes]))
    assert np.array_equal(data.truth, np.concatenate([episode.factors for episode in episodes]))
    assert np.array_equal(data.visible, np.concatenate([episode.visible for episode in episodes]))
    assert data.episode_of.tolist() == [index for index in range(9) for _ in range(len(episodes[index]) + 1)]
    assert data.frame_shape == (3, 6, 5)
    assert data.factor_names == ("x", "speed")


def test_zarr_reads_the_same_arrays(folder):
    data = open_data(folder)
    archive = zarr.open_group(folder / "archive", mode="r")
    assert np.array_equal(archive["frames"][:], data.pixels)
    assert np.array_equal(archive["factors"][:], data.truth)
    assert np.array_equal(archive["visible"][:], data.visible)
    actions, rewards = archive["actions"][:], archive["rewards"][:]
    for index, entry in enumerate(data.manifest.episodes):
        assert np.array_equal(actions[entry.rows][:-1], data[index].actions)
        assert np.array_equal(rewards[entry.rows][:-1], data[index].rewards)
        assert actions[entry.rows][-1] == rewards[entry.rows][-1] == 0


def test_the_last_chunk_is_filled_up_with_zeros(folder):
    manifest = open_data(folder).manifest
    for spec in manifest.specs:
        chunk = read_chunk(folder, manifest, spec, manifest.chunks() - 1)
        assert manifest.rows % manifest.chunk and not chunk[manifest.rows % manifest.chunk :].any()


def test_the_archive_checks_itself_when_zarr_reads_it(folder):
    described = json.loads((folder / "archive" / "frames" / "zarr.json").read_bytes())
    assert {"name": "zstd", "configuration": {"level": 3, "checksum": True}} in described["codecs"]
    chunk = folder / "archive/frames/c/0/0/0/0"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 4
    chunk.write_bytes(content)
    with pytest.raises(RuntimeError, match="checksum"):
        zarr.open_group(folder / "archive", mode="r")["frames"][:]


def test_a_data_set_opens_before_its_first_episode(tmp_path, make_blank):
    create_archive(tmp_path / "data", make_blank(), None)
    data = open_data(tmp_path / "data")
    assert len(data) == 0 and data.pixels.shape == (0, 6, 5, 3) and data.truth.shape == (0, 2)


def test_committed_bytes_never_change(tmp_path, make_episode, make_blank):
    writer = create_archive(tmp_path / "data", make_blank(), None)
    seen = {}
    for index in range(12):
        writer.append(make_episode(index))
        committed = writer.commit()
        files = {path: text for path, text in contents(tmp_path / "data").items() if path != "manifest.json"}
        assert all(files[path] == text for path, text in seen.items())
        seen = files
        data = open_data(tmp_path / "data")
        assert len(data) == committed <= index + 1
        for read in range(committed):
            assert_same(data[read], make_episode(read))
    assert committed > 8


@pytest.mark.parametrize("stop", [1, 3, 5, 8])
def test_going_on_after_a_stop_gives_the_same_bytes(tmp_path, make_episode, make_blank, stop):
    for name in ("through", "stopped"):
        writer = create_archive(tmp_path / name, make_blank(), {"verb": "capture"})
        for index in range(9):
            if name == "stopped" and index == stop:
                writer.commit()
                writer = reopen_archive(tmp_path / name)
                for again in range(writer.episodes, stop):
                    writer.append(make_episode(again))
            writer.append(make_episode(index))
        writer.finish()
    assert contents(tmp_path / "through") == contents(tmp_path / "stopped")


def test_an_episode_that_comes_out_differently_does_not_overwrite(tmp_path, make_episode, make_blank):
    writer = create_archive(tmp_path / "data", make_blank(), None)
    writer.append(make_episode(0, steps=20))
    writer.append(make_episode(1, steps=20))
    assert writer.commit() == 1
    again = reopen_archive(tmp_path / "data")
    with pytest.raises(BrokeWhileWorking, match="came out differently"):
        again.append(make_episode(2, steps=20))
        again.commit()
    assert again.commit() == 1, "what broke is told once, and what was committed stays"
    assert_same(open_data(tmp_path / "data")[0], make_episode(0, steps=20))


def test_a_chunk_that_cannot_be_written_is_told_and_leaves_no_hole(tmp_path, make_episode, make_blank):
    """Chunks are written beside the caller: one that fails is told of, and none behind it is ever listed."""
    folder = tmp_path / "data"
    writer = create_archive(folder, make_blank(), None)
    writer.append(make_episode(0, steps=20))
    whole = writer.commit()
    second = folder / writer.manifest.spec("frames").chunk_path(20 // writer.manifest.chunk)
    second.with_name(second.name + ".tmp").mkdir(parents=True)
    with pytest.raises(OSError):
        for index in range(1, 9):
            writer.append(make_episode(index, steps=20))
    assert writer.commit() == whole
    second.with_name(second.name + ".tmp").rmdir()
    again = reopen_archive(folder)
    for index in range(again.episodes, 5):
        again.append(make_episode(index, steps=20))
    again.finish()
    for index in range(5):
        assert_same(open_data(folder)[index], make_episode(index, steps=20))


def test_a_folder_that_holds_something_is_refused(folder, make_blank):
    with pytest.raises(WrongInput, match="exists and is not empty"):
        create_archive(folder, make_blank(), None)


def test_an_empty_folder_is_used(tmp_path, make_blank):
    (tmp_path / "data").mkdir()
    create_archive(tmp_path / "data", make_blank(), None)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_missing_and_an_empty_folder_are_no_data_sets(tmp_path):
    with pytest.raises(WrongInput, match="no such folder"):
        open_data(tmp_path / "nowhere")
    with pytest.raises(WrongInput, match=r"no data set at .*: it has no manifest.json"):
        open_data(tmp_path)
