"""How pictures look: sizes, colours that colour-blind people can tell apart, frames without blur."""

from io import BytesIO

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

INK, QUIET_INK, LINE = "#1b1f24", "#5b6470", "#d5dae0"
ACCENT = "#0072B2"
SEQUENTIAL = "viridis"
CELL, GAP = 1.0, 0.06
RESOLUTION = 128


class Sheet:
    """A figure laid out in inches: cells of one size in rows and columns, with room for words around."""

    def __init__(self, rows: int, columns: int, left: float = 0.2, right: float = 0.2) -> None:
        self.top, self.bottom = 0.72, 0.15
        self.rows, self.left = rows, left
        width = left + columns * (CELL + GAP) - GAP + right
        height = self.top + rows * (CELL + GAP) - GAP + self.bottom
        # Titles need room even where there are few columns.
        self.width, self.height = max(width, 5.2), height
        self.figure = Figure(figsize=(self.width, self.height), dpi=RESOLUTION, facecolor="white")

    def title(self, text: str, note: str) -> None:
        """What is to be seen, and one line on how to read it."""
        self._text(0.2, self.height - 0.12, text, size=11, weight="bold")
        self._text(0.2, self.height - 0.38, note, size=8.5, color=QUIET_INK)

    def cell(self, row: int, column: int | float) -> Axes:
        """Axes of one cell, with a thin line around: frames may be as white as the page."""
        x = self.left + column * (CELL + GAP)
        y = self.height - self.top - row * (CELL + GAP) - CELL
        box = (x / self.width, y / self.height, CELL / self.width, CELL / self.height)
        axes = self.figure.add_axes(box)
        bare(axes)
        return axes

    def beside(self, row: int, text: str, note: str = "") -> None:
        """Words to the left of a row, with a quieter line below."""
        y = self.height - self.top - row * (CELL + GAP) - CELL / 2
        x = self.left - 0.1
        self._text(x, y + (0.01 if note else -0.07), text, size=9, ha="right", va="bottom")
        if note:
            self._text(x, y - 0.03, note, size=8, ha="right", va="top", color=QUIET_INK)

    def _text(self, x: float, y: float, text: str, **style: object) -> None:
        style = {"color": INK, "va": "top", "ha": "left"} | style
        self.figure.text(x / self.width, y / self.height, literal(text), **style)  # pyright: ignore


def bare(axes: Axes) -> None:
    """No ticks, and a thin quiet line around."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=LINE, linewidth=0.6)


def literal(text: str) -> str:
    """Text that matplotlib shows as it is: no dollar sign starts a formula."""
    return text.replace("$", r"\$")


def show(axes: Axes, frame: Float[torch.Tensor, "channel height width"]) -> None:
    """Draw a frame with hard pixels; one channel is grey, anything but one or three shows its first."""
    axes.imshow(image(frame), interpolation="nearest", vmin=0, vmax=1, cmap="gray")


def image(frame: Float[torch.Tensor, "channel height width"]) -> Float[np.ndarray, "height width *rgb"]:
    """The frame as pictures have it: channel last, in [0, 1]."""
    picture = frame.detach().clamp(0, 1).cpu()
    return picture.permute(1, 2, 0).numpy() if len(picture) == 3 else picture[0].numpy()


def strip(frames: Float[torch.Tensor, "frame channel height width"]) -> bytes:
    """Frames beside each other, pixel for pixel, as a PNG file."""
    pictures = [image(frame) for frame in frames]
    row = np.concatenate(pictures, axis=1)
    file = BytesIO()
    Image.fromarray(np.round(row * 255).astype(np.uint8)).save(file, format="PNG", optimize=True)
    return file.getvalue()


def png(figure: Figure) -> bytes:
    """The figure as a PNG file that holds no date and no program's name."""
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
