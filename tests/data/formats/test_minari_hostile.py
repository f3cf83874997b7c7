"""Minari data sets that anybody may have written: refused in one sentence, and nothing of them is run."""

import json
import os
import shutil
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from reverie.core.errors import WrongInput
from reverie.verbs.exchange import import_data

h5py = pytest.importorskip("h5py")
PICTURES = np.zeros((5, 40, 36, 3), np.uint8)


def change(name, make):
    """Put something else in the place of an array of the first episode."""

    def harm(place):
        with h5py.File(place / "main_data.hdf5", "a") as file:
            del file["episode_0"][name]
            make(file["episode_0"], name)

    return harm


def meta(**changes):
    def harm(place):
        path = place / "metadata.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return harm


def virtual(group, name):
    layout = h5py.VirtualLayout((5, 40, 36, 3), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", (5, 40, 36, 3))
    group.create_virtual_dataset(name, layout)


def outside(group, name):
    group.create_dataset(name, (5, 40, 36, 3), "u1", external=[("/etc/passwd", 0, 21600)])


def link(target):
    return lambda group, name: group.__setitem__(name, target)


def array(values):
    return lambda group, name: group.create_dataset(name, data=values)


def empty(shape, kind):
    """An array that declares much and holds nothing."""
    chunks = (1, *(min(side, 64) for side in shape[1:]))
    return lambda group, name: group.create_dataset(name, shape, kind, chunks=chunks)


BOX = {"type": "Box", "dtype": "uint8", "shape": [1], "low": [0], "high": [1]}
HOSTILE = {
    "external link": (change("observations", link(h5py.ExternalLink("/etc/x", "/"))), "missing"),
    "soft link": (change("rewards", link(h5py.SoftLink("/episode_1/rewards"))), "missing"),
    "external storage": (change("observations", outside), "lies in another file"),
    "virtual": (change("observations", virtual), "lies in another file"),
    "huge": (change("observations", empty((10**7, 4000, 4000, 3), "u1")), "declares 480000000000000 bytes"),
    "huge rewards": (change("rewards", empty((10**12,), "f8")), "does not hold"),
    "objects": (change("rewards", array(["a"] * 4)), "holds no numbers"),
    "a group": (change("rewards", lambda g, n: g.create_group(n)), "no array of this file"),
    "gone": (change("actions", lambda g, n: None), "missing"),
    "few actions": (change("actions", array([1, 2])), "do not fit 4 steps"),
    "odd action": (change("actions", array([1, 2, 3, 9])), "but 3 are declared"),
    "few frames": (change("observations", array(PICTURES[:2])), "2 observations"),
    "many episodes": (meta(total_episodes=5), "episode_2 is missing"),
    "negative": (meta(total_episodes=-5), "total_episodes must be"),
    "no space": (meta(action_space=None), "does not tell its action space"),
    "odd space": (meta(action_space=json.dumps({"type": "Text"})), "Reverie takes Discrete and Box"),
    "torn space": (meta(action_space="{"), "no JSON"),
    "no bounds": (meta(action_space=json.dumps(BOX | {"low": ["a"]})), "no numbers"),
    "arrow": (meta(data_format="arrow"), "Reverie reads 'hdf5'"),
    "odd house": (meta(reverie={"source": 3}), "source is no object"),
    "odd endings": (meta(reverie={"source": {}, "factors": [], "endings": ["?", "?"]}), "endings are not"),
    "odd factors": (meta(reverie={"source": {}, "factors": [{"name": 3}], "endings": []}), "factors are"),
    "no data": (lambda place: (place / "main_data.hdf5").unlink(), "is missing"),
    "torn data": (lambda place: os.truncate(place / "main_data.hdf5", 900), "cannot be read"),
    "junk": (lambda place: (place / "main_data.hdf5").write_bytes(b"junk"), "cannot be read"),
    "no JSON": (lambda place: (place / "metadata.json").write_text("{"), "is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_is_refused_and_leaves_nothing(root, theirs, tmp_path, name):
    theirs(jpeg_encoding=False)
    harm, sentence = HOSTILE[name]
    harm(root / "theirs-v0" / "data")
    with pytest.raises(WrongInput, match=sentence) as error:
        import_data(root / "theirs-v0", tmp_path / "back")
    assert "\n" not in str(error.value) and not (tmp_path / "back").exists()


def test_a_bomb_among_jpegs_is_not_unpacked(root, theirs, tmp_path):
    theirs()
    bomb = BytesIO()
    Image.new("RGB", (16000, 16000)).save(bomb, format="JPEG", quality=1)
    content = np.frombuffer(bomb.getvalue(), np.uint8)
    change("observations", array([content] * 5))(root / "theirs-v0" / "data")
    with pytest.raises(WrongInput, match=r"too large|cannot be unpacked"):
        import_data(root / "theirs-v0", tmp_path / "back")


def test_no_module_that_the_metadata_name_is_imported(root, theirs, tmp_path):
    """Minari itself would make the environment of a set without spaces: any module, by its name."""
    theirs(jpeg_encoding=False)
    place = root / "theirs-v0" / "data"
    told = json.loads((place / "metadata.json").read_text())
    del told["observation_space"]
    told["env_spec"] = json.dumps({"id": "Evil-v0", "entry_point": "this:that"})
    (place / "metadata.json").write_text(json.dumps(told))
    import_data(root / "theirs-v0", tmp_path / "back")
    assert "this" not in sys.modules


def test_damaged_bytes_never_break_the_reader(root, theirs, tmp_path):
    theirs(infos={"speed": np.linspace(0, 1, 5)}, jpeg_encoding=False)
    file = root / "theirs-v0" / "data" / "main_data.hdf5"
    whole, generator, refused = file.read_bytes(), np.random.default_rng(1), 0
    for trial in range(60):
        content = bytearray(whole)
        for place in generator.integers(0, 6000, 12):
            content[place] = generator.integers(256)
        file.write_bytes(content if trial % 3 else whole[: generator.integers(len(whole))])
        try:
            import_data(root / "theirs-v0", tmp_path / "back")
        except WrongInput:
            refused += 1
        shutil.rmtree(tmp_path / "back", ignore_errors=True)
    assert refused > 20
