"""What each unit of the code stands for: one row a unit, moved over its observed range."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from matplotlib.figure import Figure

from reverie.core.lens import Exhibit, LensConfig
from reverie.lenses._style import SEQUENTIAL, Sheet, show


@dataclass(frozen=True, kw_only=True)
class TraversalConfig(LensConfig):
    """One row for each unit, from its lowest to its highest observed value."""

    decodes: ClassVar[bool] = True

    units: int = 8
    """How many units to show, those that vary most first."""
    steps: int = 9
    """How many values of each unit."""
    tails: float = 0.01
    """Part of the observed values that is left out at either end."""

    def __post_init__(self) -> None:
        self.check_positive("units", "steps")

    def draw(self, exhibit: Exhibit, generator: np.random.Generator) -> Figure:
        """The most typical frame's code, decoded with one unit moved at a time."""
        units = most_varying(exhibit.codes)[: self.units]
        sheet = Sheet(len(units), self.steps + 1, left=1.75, right=0.4)
        note = "One unit moves from low to high over its observed range. Right: where pixels change."
        sheet.title(f"Traversals of {exhibit.name}", note)
        base = typical(exhibit.codes)
        for row, unit in enumerate(units):
            low, high = np.quantile(exhibit.codes[:, unit], [self.tails, 1 - self.tails])
            frames = moved(exhibit, base, (int(unit), np.linspace(low, high, self.steps)))
            sheet.beside(row, f"unit {unit}", strongest(exhibit, int(unit)))
            for column, frame in enumerate(frames):
                show(sheet.cell(row, column), frame)
            change = frames.std(0, correction=0).amax(0).numpy()
            sheet.cell(row, self.steps + 0.15).imshow(
                change, cmap=SEQUENTIAL, vmin=0, vmax=max(0.25, float(change.max())), interpolation="nearest"
            )
        return sheet.figure


def most_varying(codes: Float32[np.ndarray, "frame unit"]) -> Int64[np.ndarray, " unit"]:
    """Units by the standard deviation of their values, largest first."""
    return np.argsort(-codes.std(0), kind="stable").astype(np.int64)


def typical(codes: Float32[np.ndarray, "frame unit"]) -> Float32[np.ndarray, " unit"]:
    """The code of the frame that lies nearest to the median of all."""
    return codes[np.square(codes - np.median(codes, axis=0)).sum(1).argmin()]


@torch.no_grad()
def moved(
    exhibit: Exhibit,
    base: Float32[np.ndarray, " unit"],
    path: tuple[int, Float[np.ndarray, " step"]],
) -> Float[torch.Tensor, "step channel height width"]:
    """Frames of the base code with one unit set to each value of its path."""
    unit, values = path
    codes = np.repeat(base[None], len(values), axis=0)
    codes[:, unit] = values
    return exhibit.representation.decode(torch.from_numpy(codes)).cpu()


def strongest(exhibit: Exhibit, unit: int) -> str:
    """The factor that the unit correlates with most, and how much; "" where no factor is known."""
    values = exhibit.codes[:, unit]
    found = {}
    for factor, column in zip(exhibit.factors, exhibit.truth.T, strict=True):
        if values.std() > 0 and column.std() > 0:
            found[factor.name] = float(np.corrcoef(values, column)[0, 1])
    if not found:
        return ""
    name = max(found, key=lambda word: abs(found[word]))
    return f"{name}: r = {found[name]:+.2f}" if abs(found[name]) >= 0.2 else "no factor: |r| < 0.2"
