"""Strips: the same frames as several representations rebuild them, one row each, as one picture."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

INCH_A_FRAME, LABEL_INCHES, RESOLUTION = 0.82, 1.15, 128


def side_by_side(looks: Mapping[str, Path]) -> bytes:
    """PNG with the frames in the first row, and a row of reconstructions for each run's `look` folder.

    The folders must have been made by `look` with the same data and seed, so that they show the same frames.
    """
    first = next(iter(looks.values()))
    rows = {"frames": first / "strip-frames.png"}
    rows |= {label: folder / "strip-rebuilt.png" for label, folder in looks.items()}
    strips = {label: np.asarray(Image.open(file)) for label, file in rows.items()}
    frames = next(iter(strips.values())).shape[1] // next(iter(strips.values())).shape[0]
    width, height = LABEL_INCHES + frames * INCH_A_FRAME, len(strips) * INCH_A_FRAME
    figure = Figure(figsize=(width, height), dpi=RESOLUTION, facecolor="white")
    for row, (label, strip) in enumerate(strips.items()):
        bottom = 1 - (row + 1) / len(strips)
        place = (LABEL_INCHES / width, bottom, 1 - LABEL_INCHES / width, 0.95 / len(strips))
        axes = figure.add_axes(place)
        axes.imshow(strip, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        middle = bottom + 0.5 / len(strips)
        figure.text((LABEL_INCHES - 0.12) / width, middle, label, ha="right", va="center", size=10)
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
