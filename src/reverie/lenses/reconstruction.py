"""Frames above what the representation makes of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure

from reverie.core.lens import Exhibit, LensConfig
from reverie.lenses._style import Sheet, show


@dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(LensConfig):
    """Originals above reconstructions."""

    decodes: ClassVar[bool] = True

    columns: int = 10
    """How many frames to show."""

    def __post_init__(self) -> None:
        self.check_positive("columns")

    def draw(self, exhibit: Exhibit, generator: np.random.Generator) -> Figure:
        """The first frames of the exhibit above their reconstructions."""
        return side_by_side([exhibit], self.columns)


def side_by_side(exhibits: list[Exhibit], columns: int = 10) -> Figure:
    """The same frames as several representations rebuild them, one row each."""
    frames = exhibits[0].frames[:columns]
    sheet = Sheet(1 + len(exhibits), len(frames), left=1.5)
    sheet.title("Reconstructions", "Each frame, and below it what is rebuilt from its code alone.")
    sheet.beside(0, "frames")
    for column, frame in enumerate(frames):
        show(sheet.cell(0, column), frame)
    for row, exhibit in enumerate(exhibits, start=1):
        sheet.beside(row, exhibit.name, f"{exhibit.codes.shape[1]} numbers")
        for column, frame in enumerate(rebuild(exhibit, columns)):
            show(sheet.cell(row, column), frame)
    return sheet.figure


@torch.no_grad()
def rebuild(exhibit: Exhibit, count: int) -> Float[torch.Tensor, "frame channel height width"]:
    """What the representation makes of the first frames."""
    return exhibit.representation.decode(exhibit.representation.encode(exhibit.frames[:count]).mean)
