"""Codes on a plane, by principal components and by t-SNE, coloured by what the simulator knew."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from reverie.core.errors import WrongInput
from reverie.core.lens import Exhibit, LensConfig
from reverie.core.world import Factor
from reverie.lenses._style import ACCENT, INK, QUIET_INK, RESOLUTION, SEQUENTIAL, bare, literal

PLOT, LEFT, TOP, BAR = 2.9, 0.45, 1.0, 0.75


@dataclass(frozen=True, kw_only=True)
class MapConfig(LensConfig):
    """PCA above t-SNE, one column for each factor."""

    factors: int = 3
    """How many factors to colour by, in the order of the recordings."""
    points: int = 1000
    """How many codes to place."""
    perplexity: float = 30.0
    """Number of neighbours that t-SNE keeps together."""

    def __post_init__(self) -> None:
        self.check_positive("factors", "points", "perplexity")

    def draw(self, exhibit: Exhibit, generator: np.random.Generator) -> Figure:
        """Both maps of the same codes, in the colours of each factor.

        Raises WrongInput for fewer than 5 frames.
        """
        codes, truth = exhibit.codes[: self.points], exhibit.truth[: self.points]
        if len(codes) < 5:
            raise WrongInput(f"a map needs at least 5 frames, got {len(codes)}")
        colours = [Colour(*pair) for pair in zip(exhibit.factors, truth.T, strict=True)][: self.factors]
        page = _Page(max(1, len(colours)))
        page.title(f"Map of {exhibit.name}", f"{len(codes)} frames. t-SNE shows neighbours, not distances.")
        planes = {"PCA": _pca(codes), "t-SNE": _tsne(codes, self.perplexity, generator)}
        for row, (way, plane) in enumerate(planes.items()):
            for column, colour in enumerate(colours or [None]):
                axes = page.axes(row, column)
                if column == 0:
                    axes.set_ylabel(way, size=9, color=INK)
                if row == 0 and colour is not None:
                    axes.set_title(literal(colour.label), size=9, color=INK, pad=4)
                scatter(axes, plane, colour)
        return page.figure


@dataclass(frozen=True)
class Colour:
    """What the colour of each point says."""

    factor: Factor
    values: Float32[np.ndarray, " frame"]

    @property
    def label(self) -> str:
        """Name and unit."""
        return self.factor.name + (f" ({self.factor.unit})" if self.factor.unit else "")


def scatter(axes: Axes, plane: Float[np.ndarray, "frame 2"], colour: Colour | None) -> None:
    """Draw the points, with a scale for their colours; in one colour where nothing is known."""
    if colour is None:
        axes.scatter(*plane.T, s=7, color=ACCENT, linewidths=0, alpha=0.7)
        return
    low, high = np.quantile(colour.values, [0.01, 0.99])
    points = axes.scatter(
        *plane.T, c=colour.values, s=7, cmap=SEQUENTIAL, vmin=low, vmax=high, linewidths=0, alpha=0.85
    )
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(points, cax=axes.inset_axes((1.02, 0.0, 0.035, 1.0)))
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(labelsize=7, length=0, pad=2, colors=QUIET_INK)


class _Page:
    """Two rows of square plots, measured in inches."""

    def __init__(self, columns: int) -> None:
        self.width, self.height = max(LEFT + columns * (PLOT + BAR), 5.2), TOP + 2 * PLOT + 0.3
        self.figure = Figure(figsize=(self.width, self.height), dpi=RESOLUTION, facecolor="white")

    def title(self, text: str, note: str) -> None:
        x, y = 0.2 / self.width, 1 - 0.12 / self.height
        self.figure.text(x, y, literal(text), size=11, weight="bold", va="top", color=INK)
        self.figure.text(x, y - 0.26 / self.height, note, size=8.5, va="top", color=QUIET_INK)

    def axes(self, row: int, column: int) -> Axes:
        x, y = LEFT + column * (PLOT + BAR), self.height - TOP - (row + 1) * PLOT - row * 0.15
        box = (x / self.width, y / self.height, PLOT / self.width, PLOT / self.height)
        axes = self.figure.add_axes(box)
        bare(axes)
        return axes


def _pca(codes: Float32[np.ndarray, "frame unit"]) -> Float[np.ndarray, "frame 2"]:
    if codes.shape[1] == 1:
        return np.repeat(codes, 2, axis=1)
    return PCA(2, svd_solver="full").fit_transform(codes)


def _tsne(
    codes: Float32[np.ndarray, "frame unit"], perplexity: float, generator: np.random.Generator
) -> Float[np.ndarray, "frame 2"]:
    """Source: van der Maaten & Hinton 2008, as scikit-learn computes it."""
    state = int(generator.integers(2**31))
    perplexity = min(perplexity, (len(codes) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="random", random_state=state, n_jobs=1).fit_transform(codes)
