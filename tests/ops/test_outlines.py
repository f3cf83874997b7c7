"""Outlines against areas and symmetries known from geometry."""

import numpy as np
import pytest

from reverie.ops.outlines import REACH, SHAPES, raster

FINE = 1500
SIDE = np.linspace(-1.0, 1.0, FINE)
RIGHT, UP = np.meshgrid(SIDE, SIDE)
POINT = (2.0 / (FINE - 1)) ** 2

shapes = pytest.mark.parametrize("name", SHAPES)


def turned(name, angle):
    right, up = np.cos(angle) * RIGHT - np.sin(angle) * UP, np.sin(angle) * RIGHT + np.cos(angle) * UP
    return SHAPES[name](right, up)


def differing(one, other):
    return (one != other).sum() * POINT


@shapes
def test_every_shape_has_the_area_one(name):
    assert SHAPES[name](RIGHT, UP).sum() * POINT == pytest.approx(1.0, abs=2e-3)


@shapes
def test_the_origin_is_the_centre_of_area(name):
    inside = SHAPES[name](RIGHT, UP)
    assert RIGHT[inside].mean() == pytest.approx(0.0, abs=1e-3)
    assert UP[inside].mean() == pytest.approx(0.0, abs=1e-3)


@shapes
def test_every_shape_is_its_own_mirror_image(name):
    assert differing(SHAPES[name](RIGHT, UP), SHAPES[name](-RIGHT, UP)) < 1e-4


@shapes
def test_no_shape_reaches_further_than_it_says(name):
    inside = SHAPES[name](RIGHT, UP)
    assert np.hypot(RIGHT, UP)[inside].max() <= REACH + 1e-9


@pytest.mark.parametrize(("name", "quarter", "half"), [("square", 0, 0), ("ellipse", 1, 0), ("heart", 1, 1)])
def test_turning_changes_what_has_no_such_symmetry(name, quarter, half):
    """A square is the same after a quarter turn, an ellipse after half a turn, a heart after a whole one."""
    upright = turned(name, 0.0)
    for angle, changes in ((np.pi / 2, quarter), (np.pi, half)):
        difference = differing(upright, turned(name, angle))
        assert difference > 0.2 if changes else difference < 1e-2
    assert differing(upright, turned(name, 2 * np.pi)) < 1e-2


def test_the_tip_of_the_heart_points_down():
    inside = SHAPES["heart"](RIGHT, UP)
    lowest, highest = UP[inside].min(), UP[inside].max()
    assert -lowest > highest
    assert np.abs(RIGHT[inside & (lowest + 0.01 > UP)]).max() < 0.02


def test_pixels_by_hand():
    """A square of four pixels, its centre one right and two down of the corner of the picture."""
    found = raster(SHAPES["square"], 4, np.array([[1.0, 2.0]]), np.array([[2.0, 0.0]]))
    expected = np.zeros((1, 4, 4), dtype=bool)
    expected[0, 1:3, 0:2] = True
    assert np.array_equal(found, expected)


def test_an_angle_turns_anticlockwise_as_seen():
    """An ellipse that lies flat points to the upper right after an eighth of a turn."""
    found = raster(SHAPES["ellipse"], 32, np.array([[16.0, 16.0]]), np.array([[16.0, np.pi / 4]]))[0]
    assert found[:16, 16:].sum() > 2 * found[:16, :16].sum()
