"""Outlines: square, ellipse and heart of area one, as sets of points; and which pixels lie inside.

Source: the shapes of dSprites (Matthey et al. 2017), built here from straight lines and half circles, so that
areas and centres are known exactly.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64

Points = Float64[np.ndarray, "..."]
Inside = Callable[[Points, Points], np.ndarray]

LONG, SHORT = np.sqrt(2.0 / np.pi), np.sqrt(0.5 / np.pi)
"""Half axes of the ellipse: one is twice the other, and the area is one."""
SIDE = 1.0 / np.sqrt(1.0 + np.pi / 4.0)
"""Side of the heart's square; two half circles on two of its sides bring the area to one."""
MIDDLE = SIDE * (7.0 / 12.0 + 3.0 * np.pi / 16.0) / (1.0 + np.pi / 4.0)
"""Centre of the heart's area along each side of its square, from the corner at the tip."""


def square(right: Points, up: Points) -> Bool[np.ndarray, "..."]:
    """Points inside a square of side one around the origin. Source: the definition."""
    return np.maximum(np.abs(right), np.abs(up)) <= 0.5


def ellipse(right: Points, up: Points) -> Bool[np.ndarray, "..."]:
    """Points inside an ellipse of area one around the origin, twice as wide as high.

    Source: the definition.
    """
    return np.square(right / LONG) + np.square(up / SHORT) <= 1.0


def heart(right: Points, up: Points) -> Bool[np.ndarray, "..."]:
    """Points inside a heart of area one whose centre of area is the origin and whose tip points down.

    A square on its corner, with a half circle on each of the upper sides. Source: the construction; the
    centre follows from those of a square and of a half circle, 4 r / 3 pi from its diameter.
    """
    along, beside = (up - right) / np.sqrt(2.0) + MIDDLE, (up + right) / np.sqrt(2.0) + MIDDLE
    body = (along >= 0.0) & (along <= SIDE) & (beside >= 0.0) & (beside <= SIDE)
    left = np.hypot(along - SIDE, beside - SIDE / 2.0) <= SIDE / 2.0
    return body | left | (np.hypot(along - SIDE / 2.0, beside - SIDE) <= SIDE / 2.0)


SHAPES: dict[str, Inside] = {"square": square, "ellipse": ellipse, "heart": heart}
"""Every outline by its name, in dSprites' order."""
REACH = float(LONG)
"""Farthest that any of them reaches from its centre."""


def raster(
    inside: Inside,
    side: int,
    centre: Float64[np.ndarray, "image 2"],
    frame: Float64[np.ndarray, "image 2"],
) -> Bool[np.ndarray, "image side side"]:
    """Which pixels of `side` by `side` have their midpoint inside a shape.

    `centre` is (right, down) in pixels from the upper left corner; `frame` holds the square root of the area
    in pixels, and the angle in radians by which the shape is turned anticlockwise. Source: the definition.
    """
    middles = np.arange(side) + 0.5
    right = middles[None, None, :] - centre[:, 0, None, None]
    up = centre[:, 1, None, None] - middles[None, :, None]
    size, angle = frame[:, 0, None, None], frame[:, 1, None, None]
    cosine, sine = np.cos(angle) / size, np.sin(angle) / size
    return inside(cosine * right + sine * up, cosine * up - sine * right)
