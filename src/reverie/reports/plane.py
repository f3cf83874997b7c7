"""Plane: codes of two numbers, coloured by what they show, beside pictures made of a grid of such codes."""

from io import BytesIO

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int64
from matplotlib.figure import Figure

SIDE_INCHES, RESOLUTION = 5.0, 128
INK = "#1b1f24"


def beside(
    title: str,
    codes: Float[np.ndarray, "image 2"],
    names: Int64[np.ndarray, " image"],
    pictures: Float[np.ndarray, "across up height width"],
) -> bytes:
    """PNG with every code as a point on the left, and on the right the pictures as one sheet.

    Names are digits; pictures are grey, in [0, 1], known by their places along the plane's two axes.
    """
    figure = Figure(figsize=(2 * SIDE_INCHES, SIDE_INCHES + 0.3), dpi=RESOLUTION, facecolor="white")
    left, right = figure.subplots(1, 2)
    points = left.scatter(*codes.T, c=names, s=3, cmap="tab10", vmin=-0.5, vmax=9.5, linewidths=0)
    figure.colorbar(points, ax=left, ticks=range(10), fraction=0.04)
    left.set_title(title, size=11, color=INK)
    left.set_box_aspect(1.0)
    right.imshow(sheet(pictures), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    right.set_title("pictures of codes on a grid", size=11, color=INK)
    right.set_axis_off()
    content = BytesIO()
    figure.savefig(content, format="png", bbox_inches="tight")
    return content.getvalue()


def sheet(pictures: Float[np.ndarray, "across up height width"]) -> Float[np.ndarray, "rows columns"]:
    """The pictures in one, the first axis of the plane to the right and the second upwards."""
    return rearrange(pictures[:, ::-1], "across up height width -> (up height) (across width)")
