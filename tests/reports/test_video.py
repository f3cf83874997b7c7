"""Videos show the frames that they were made of, in order, at their speed."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from reverie.core.errors import WrongInput
from reverie.reports.video import check_video, write_gif, write_mp4


def flat(*colours, shape=(9, 11)):
    return [np.full((*shape, 3), colour, dtype=np.uint8) for colour in colours]


def test_a_gif_shows_every_frame(tmp_path):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    write_gif(tmp_path / "film.gif", flat(*colours), 10.0)
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.size, film.n_frames) == ((11, 9), 3)  # pyright: ignore
        for number, colour in enumerate(colours):
            film.seek(number)
            assert np.abs(np.subtract(film.convert("RGB").getpixel((5, 5)), colour)).max() < 8
            assert film.info["duration"] == 100


def test_grey_frames_are_grey_and_of_stacked_ones_the_latest_is_shown(tmp_path):
    stacked = np.zeros((4, 4, 6), dtype=np.uint8)
    stacked[..., 3:] = (0, 200, 0)
    for frame, colour in ((np.full((4, 4, 1), 90, dtype=np.uint8), (90, 90, 90)), (stacked, (0, 200, 0))):
        write_gif(tmp_path / "film.gif", [frame], 10.0)
        with Image.open(tmp_path / "film.gif") as film:
            assert np.abs(np.subtract(film.convert("RGB").getpixel((1, 1)), colour)).max() < 8


@pytest.mark.skipif(importlib.util.find_spec("imageio_ffmpeg") is None, reason="no imageio-ffmpeg")
# imageio-ffmpeg leaves its pipes to the garbage collector when it reads.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_mp4_shows_every_frame_and_makes_odd_sides_even(tmp_path):
    import imageio_ffmpeg

    write_mp4(tmp_path / "film.mp4", flat(*[(200, 40, 40)] * 5, shape=(33, 47)), 10.0)
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "film.mp4"))
    meta = next(reader)
    assert isinstance(meta, dict) and meta["size"] == (48, 34)
    frames = [np.frombuffer(frame, dtype=np.uint8) for frame in reader]
    assert (
        len(frames) == 5 and np.abs(frames[0].reshape(34, 48, 3)[16, 24] - np.array([200, 40, 40])).max() < 12
    )
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.skipif(importlib.util.find_spec("imageio_ffmpeg") is not None, reason="imageio-ffmpeg is here")
def test_without_the_extra_mp4_is_refused_in_a_sentence():
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[video\]'"):
        check_video("mp4")
