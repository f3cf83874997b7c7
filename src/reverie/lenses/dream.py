"""Real frames, what is rebuilt of them, and what is dreamt in their place, at several temperatures."""

from dataclasses import dataclass
from typing import ClassVar

from matplotlib.figure import Figure

from reverie.core.errors import WrongInput
from reverie.core.lens import DreamExhibit, DreamLensConfig, OpenLoop
from reverie.lenses._style import QUIET_INK, Sheet, show

AFTER = 0.3
"""How strongly frames are drawn after the dream's end."""


@dataclass(frozen=True, kw_only=True)
class DreamConfig(DreamLensConfig):
    """One row for what was real, one for what is rebuilt, one for the dream of each temperature."""

    decodes: ClassVar[bool] = True

    columns: int = 10
    """How many frames to show: the last one that was seen, then ever later ones."""

    def __post_init__(self) -> None:
        self.check_positive("columns")

    def draw(self, exhibit: DreamExhibit) -> Figure:
        """The same instants of the recording and of its dreams. Raises WrongInput without an open loop."""
        loop = exhibit.open_loop
        if loop is None:
            raise WrongInput(f"{exhibit.name} has no frames to show; its representation decodes nothing")
        instants = later_and_later(len(loop.real) - 1 - loop.warm_up, self.columns)
        sheet = Sheet(2 + len(loop.dreamt), len(instants), left=1.45)
        note = f"From {loop.source}. The dreams see nothing after step 0; faint frames follow their end."
        sheet.title(f"Dreams of {exhibit.name}, under the recorded actions", note)
        sheet.beside(0, "real")
        sheet.beside(1, "rebuilt", "from its code")
        for row, heat in enumerate(loop.dreamt, start=2):
            sheet.beside(row, "dreamt", f"temperature {heat:g}")
        for column, step in enumerate(instants):
            _column(sheet, column, loop, step)
        return sheet.figure


def later_and_later(steps: int, count: int) -> list[int]:
    """At most `count` steps from 0 to `steps`, both of them included, further and further apart."""
    if count == 1 or steps == 0:
        return [0]
    shares = ((place / (count - 1)) ** 2 for place in range(count))
    return sorted({round(steps * share) for share in shares})


def _column(sheet: Sheet, column: int, loop: OpenLoop, step: int) -> None:
    frame = loop.warm_up + step
    first = sheet.cell(0, column)
    first.set_title(f"step {step}" if step == 0 else f"+{step}", size=8, color=QUIET_INK, pad=2)
    show(first, loop.real[frame])
    show(sheet.cell(1, column), loop.rebuilt[frame])
    for row, (heat, frames) in enumerate(loop.dreamt.items(), start=2):
        axes, end = sheet.cell(row, column), loop.ends[heat]
        show(axes, frames[frame])
        if end is not None and frame > end:
            axes.images[0].set_alpha(AFTER)
