"""Folders of pictures become data sets."""

import numpy as np
import pytest
from PIL import Image

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.data.check import check_data
from reverie.data.images import import_images
from reverie.data.store import open_data


def save(path, value, shape=(8, 8, 3), kind=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, dtype=np.uint8)).save(path, kind)


def test_subfolders_are_episodes_in_natural_order(tmp_path):
    for episode, frame, value in [(10, 1, 70), (2, 10, 30), (2, 9, 20), (2, 1, 10), (10, 2, 80)]:
        save(tmp_path / f"in/run{episode}/frame{frame}.png", value)
    (tmp_path / "in/run2/notes.txt").write_text("not a picture")
    import_images(tmp_path / "in", tmp_path / "data", 4, QUIET)
    data = open_data(tmp_path / "data")
    assert [episode.frames[:, 0, 0, 0].tolist() for episode in data] == [[10, 20, 30], [70, 80]]
    assert data.frame_shape == (3, 4, 4) and data.factors == () and data.visible.all()
    assert data.truth.shape == (5, 0)
    assert check_data(tmp_path / "data") == []


def test_images_directly_inside_are_one_episode(tmp_path):
    save(tmp_path / "in/a.PNG", 1, kind="PNG")
    save(tmp_path / "in/b.bmp", 2, shape=(5, 9))
    save(tmp_path / "in/c.jpg", 3)
    import_images(tmp_path / "in", tmp_path / "data", 4, QUIET)
    assert open_data(tmp_path / "data")[0].frames[:, 0, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_broken_image_is_named(tmp_path, content):
    save(tmp_path / "in/1.png", 1)
    save(tmp_path / "in/2.png", np.random.default_rng(0).integers(0, 256, (8, 8, 3)))
    broken = tmp_path / "in/2.png"
    broken.write_bytes(broken.read_bytes()[:-60] if content is None else content)
    with pytest.raises(WrongInput, match=r"cannot read the image .*/in/2\.png") as error:
        import_images(tmp_path / "in", tmp_path / "data", 4, QUIET)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "data").exists()


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(WrongInput, match="no images in"):
        import_images(tmp_path, tmp_path / "data", 4, QUIET)
    with pytest.raises(WrongInput, match="no folder at"):
        import_images(tmp_path / "nowhere", tmp_path / "data", 4, QUIET)
