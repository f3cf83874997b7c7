"""Recordings as PNG folders: nothing is lost on the way out and in, and nothing hostile comes in."""

import csv
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from reverie.core.errors import WrongInput
from reverie.data.archive import create_archive
from reverie.data.check import check_data
from reverie.data.store import open_data
from reverie.verbs.exchange import export_data, import_data


def same(one, other):
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        for name in ("frames", "actions", "rewards", "factors", "visible"):
            a, b = getattr(left, name), getattr(right, name)
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        assert left.ending == right.ending


@pytest.fixture
def out(folder, tmp_path):
    export_data(folder, tmp_path / "out", "png")
    return tmp_path / "out"


def test_what_goes_out_comes_in_the_same(folder, out, tmp_path):
    import_data(out, tmp_path / "back")
    same(open_data(folder), open_data(tmp_path / "back"))
    before, after = (open_data(place).manifest for place in (folder, tmp_path / "back"))
    assert before.source == after.source and before.factors == after.factors
    chunks = {path: entry for path, entry in before.files.items() if path.startswith("archive/")}
    assert chunks == after.files
    assert check_data(tmp_path / "back") == []


@pytest.mark.parametrize("channel", [1, 2, 3, 4])
def test_frames_of_any_number_of_channels_survive_with_box_actions(
    channel, tmp_path, make_blank, make_episode
):
    from dataclasses import replace

    writer = create_archive(
        tmp_path / "data", replace(make_blank(box=True), frame_shape=(6, 5, channel)), None
    )
    frames = np.random.default_rng(0).integers(0, 256, (8, 6, 5, channel), dtype=np.uint8)
    writer.append(replace(make_episode(1, 7, box=True), frames=frames))
    writer.finish()
    export_data(tmp_path / "data", tmp_path / "out", "png")
    import_data(tmp_path / "out", tmp_path / "back")
    same(open_data(tmp_path / "data"), open_data(tmp_path / "back"))


def test_another_library_reads_the_same_frames_and_numbers(folder, out):
    episode = open_data(folder)[2]
    rows = list(csv.DictReader((out / "episode-0002/steps.csv").read_text().splitlines()))
    assert [np.float32(row["speed"]) for row in rows] == episode.factors[:, 1].tolist()
    assert [int(row["action"]) for row in rows[:-1]] == episode.actions.tolist()
    for row, frame in zip(rows, episode.frames, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(out / "episode-0002" / row["frame"])), frame)


def test_recordings_can_be_scaled_on_the_way_in(out, tmp_path):
    assert import_data(out, tmp_path / "back", size=3)["frame_shape"] == [3, 3, 3]


def replace_png(place, array, kind="PNG"):
    file = BytesIO()
    Image.fromarray(array).save(file, format=kind)
    (place / "episode-0001/frame-00000.png").write_bytes(file.getvalue())


def cut(path, count):
    path.write_bytes(path.read_bytes()[:-count])


def edit(place, old, new):
    path = place / "episode-0001/steps.csv"
    path.write_text(path.read_text().replace(old, new, 1))


HOSTILE = {
    "no table": (lambda out: (out / "episode-0001/steps.csv").unlink(), "steps.csv is missing"),
    "short table": (lambda out: cut(out / "episode-0001/steps.csv", 30), "steps.csv: "),
    "long table": (lambda out: edit(out, "frame-", "f" * 10**6), "longer than"),
    "no number": (lambda out: edit(out, ".png,1,", ".png,yes,"), "steps.csv: invalid literal"),
    "unknown action": (lambda out: (out / "episode-0001/steps.csv").write_text(
        (out / "episode-0001/steps.csv").read_text().replace("1,3,", "1,9,").replace("0,3,", "0,9,")
    ), "but 4 are declared"),
    "odd column": (lambda out: edit(out, "speed", "spead"), "its columns are not"),
    "no frame": (lambda out: (out / "episode-0001/frame-00000.png").unlink(), "frame-00000.png is missing"),
    "torn frame": (lambda out: cut(out / "episode-0001/frame-00000.png", 60), "read .*frame-00000.png"),
    "large frame": (lambda out: replace_png(out, np.zeros((4000, 4000, 3), np.uint8)), "is RGB 4000 x 4000"),
    "grey frame": (lambda out: replace_png(out, np.zeros((6, 5), np.uint8)), "is L 6 x 5, not 6 x 5 with 3"),
    "a JPEG": (lambda out: replace_png(out, np.zeros((6, 5, 3), np.uint8), "JPEG"), "cannot identify"),
    "torn manifest": (lambda out: cut(out / "manifest.json", 40), "manifest.json is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_is_refused_and_leaves_nothing(out, tmp_path, name):
    harm, sentence = HOSTILE[name]
    harm(out)
    with pytest.raises(WrongInput, match=sentence) as error:
        import_data(out, tmp_path / "back")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "back").exists()


def test_a_manifest_cannot_name_files_elsewhere(out, tmp_path):
    """Names of folders and frames follow from numbers; a path in a table is not looked at."""
    edit(out, "frame-00000.png", "../../../etc/passwd")
    import_data(out, tmp_path / "back")


def test_wrong_words_and_places_are_refused(folder, out, tmp_path):
    with pytest.raises(WrongInput, match="unknown format 'pgn'; did you mean 'png'"):
        export_data(folder, tmp_path / "new", "pgn")
    with pytest.raises(WrongInput, match="exists and is not empty"):
        export_data(folder, out, "png")
    with pytest.raises(WrongInput, match="size must be from 0 to 4096"):
        import_data(out, tmp_path / "back", size=-1)
    assert not (tmp_path / "new").exists()


def test_an_export_that_breaks_leaves_nothing(folder, tmp_path):
    chunk = next(path for path in (folder / "archive/frames/c").rglob("*") if path.is_file())
    chunk.write_bytes(bytes(chunk.stat().st_size))
    with pytest.raises(WrongInput, match="damaged"):
        export_data(folder, tmp_path / "new", "png")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_jpeg_spoils_sprites_and_png_does_not():
    """Why PNG. Source: thesis 001, figure 4.2; errors above 5 levels lie within 8 pixels of an edge."""
    gymnasium = pytest.importorskip("gymnasium")
    gymnasium.register_envs(pytest.importorskip("ale_py"))
    env = gymnasium.make("ALE/SpaceInvaders-v5", obs_type="rgb")
    env.reset(seed=0)
    for step in range(60):
        frame = env.step(step % 6)[0]
    env.close()
    errors = {}
    for kind in ("PNG", "JPEG"):
        file = BytesIO()
        Image.fromarray(frame).save(file, format=kind, **({"quality": 75} if kind == "JPEG" else {}))
        errors[kind] = np.abs(np.asarray(Image.open(file)).astype(int) - frame).max(2)
    assert errors["PNG"].max() == 0
    assert errors["JPEG"].max() > 50
    steps = [
        np.abs(np.diff(frame.astype(int), axis=axis, prepend=frame.take([0], axis))).max(2) > 0
        for axis in (0, 1)
    ]
    near = binary_dilation(steps[0] | steps[1], np.ones((17, 17)))
    assert near[errors["JPEG"] > 5].mean() >= 0.95
