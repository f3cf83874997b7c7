"""The sheet of pictures: what is to the right on the plane is to the right, what is above is above."""

import numpy as np

from reverie.reports.plane import beside, sheet


def test_the_second_axis_points_up():
    """Pictures of one pixel whose value is 10 across + up."""
    pictures = (10.0 * np.arange(3)[:, None] + np.arange(2))[..., None, None]
    assert sheet(pictures).tolist() == [[1.0, 11.0, 21.0], [0.0, 10.0, 20.0]]


def test_a_picture_keeps_its_rows():
    pictures = np.arange(12.0).reshape(1, 2, 2, 3)
    assert sheet(pictures).tolist() == [[6, 7, 8], [9, 10, 11], [0, 1, 2], [3, 4, 5]]


def test_both_halves_are_drawn():
    codes, names = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 10
    one, other = (beside("codes", codes, names, np.full((2, 2, 4, 4), grey)) for grey in (0.0, 1.0))
    assert one.startswith(b"\x89PNG") and one != other
