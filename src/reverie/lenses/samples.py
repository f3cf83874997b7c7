"""What the representation imagines: frames decoded from codes that no encoder made."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float32
from matplotlib.figure import Figure

from reverie.core.lens import Exhibit, LensConfig
from reverie.core.posterior import Point
from reverie.lenses._style import Sheet, show


@dataclass(frozen=True, kw_only=True)
class SamplesConfig(LensConfig):
    """Frames decoded from drawn codes."""

    decodes: ClassVar[bool] = True

    rows: int = 4
    """Rows of frames."""
    columns: int = 10
    """Columns of frames."""

    def __post_init__(self) -> None:
        self.check_positive("rows", "columns")

    def draw(self, exhibit: Exhibit, generator: np.random.Generator) -> Figure:
        """A sheet of frames from the prior, or, where there is none, from a Gaussian fitted to the codes."""
        has_prior = not isinstance(exhibit.representation.encode(exhibit.frames[:1]), Point)
        count = self.rows * self.columns
        codes = prior(exhibit, count, generator) if has_prior else fitted(exhibit, count, generator)
        with torch.no_grad():
            frames = exhibit.representation.decode(torch.from_numpy(codes))
        sheet = Sheet(self.rows, self.columns)
        if has_prior:
            sheet.title(f"Samples of {exhibit.name}", "Codes drawn from the prior N(0, I).")
        else:
            note = (
                "A plain autoencoder has no prior: codes drawn from a Gaussian fitted to the codes of frames."
            )
            sheet.title(f"Samples of {exhibit.name} (it has no prior)", note)
        for place, frame in enumerate(frames):
            show(sheet.cell(*divmod(place, self.columns)), frame)
        return sheet.figure


def prior(exhibit: Exhibit, count: int, generator: np.random.Generator) -> Float32[np.ndarray, "sample unit"]:
    """Codes from N(0, I)."""
    return generator.standard_normal((count, exhibit.codes.shape[1]), dtype=np.float32)


def fitted(
    exhibit: Exhibit, count: int, generator: np.random.Generator
) -> Float32[np.ndarray, "sample unit"]:
    """Codes from the Gaussian with the mean and the covariance of the codes of frames."""
    centre = exhibit.codes.mean(0, dtype=np.float64)
    # Rows of noise times the centred codes have their covariance, also where codes outnumber frames.
    noise = generator.standard_normal((count, len(exhibit.codes))) / np.sqrt(len(exhibit.codes))
    return (centre + noise @ (exhibit.codes - centre)).astype(np.float32)
