"""Charts as inline SVG: they take the page's colours, light or dark, and print sharply."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 28, 34


Number = int | float


@dataclass(frozen=True)
class Series:
    """One line of a chart; its number chooses its colour."""

    name: str
    points: Sequence[tuple[Number, Number]]
    number: int
    faint: bool = False


@dataclass(frozen=True)
class Axes:
    """Words around a chart, and the values that it must at least show."""

    title: str
    across: str
    up: str
    must_show: tuple[Number, ...] = ()
    apart: Number = 1.0
    """Smallest distance between two numbers below."""


def line_chart(series: Sequence[Series], axes: Axes) -> Markup:
    """Lines over a common axis; "" where there are no points."""
    points = np.array([point for one in series for point in one.points], dtype=np.float64)
    if len(points) == 0:
        return Markup("")
    across = _Scale.around(points[:, 0], LEFT, WIDTH - RIGHT)
    up = _Scale.around(np.array([*points[:, 1], *axes.must_show]), HEIGHT - BOTTOM, TOP)
    parts = [_text(0, 13, axes.title, "title"), *_grid(across, up, axes.apart)]
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, axes.across, "end"))
    parts.append(_text(WIDTH - RIGHT, 13, axes.up, "end"))
    for one in series:
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in one.points)
        kind = f"line c{one.number % 6}" + (" faint" if one.faint else "")
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(kind, path))
        if not one.faint and len(one.points) <= 40:
            parts += [_dot(across(x), up(y), one) for x, y in one.points]
    return _svg(parts, (WIDTH, HEIGHT), axes.title)


@dataclass(frozen=True)
class Interval:
    """A value with its interval, one row of a dot plot."""

    label: str
    values: Sequence[tuple[Number, Number, Number] | None]
    """Value, low and high end for each panel; None where there is none."""
    number: int | None
    """Colour; None for baselines."""


def dot_plot(rows: Sequence[Interval], panels: Sequence[str], title: str) -> Markup:
    """Values and intervals of all rows, one panel beside the other, between -0.2 and 1."""
    left, panel, step, top = 190, 240, 21, 44
    # Room for three panels always, so that charts below each other have one scale.
    width, height = left + max(3, len(panels)) * panel, top + len(rows) * step + 26
    parts = []
    for column, name in enumerate(panels):
        scale = _Scale(-0.2, 1.0, left + column * panel + 8, left + (column + 1) * panel - 16)
        parts.append(_text(scale(0.0), 16, name, "title"))
        for tick in (0.0, 0.5, 1.0):
            x = scale(tick)
            parts.append(_line((x, top - 12, x, height - 20), "zero" if tick == 0 else "grid"))
            parts.append(_text(x, height - 6, f"{tick:g}", "middle"))
    for place, row in enumerate(rows):
        y = top + place * step
        parts.append(_text(left - 12, y + 4, row.label, "end" if row.number is None else "end strong"))
        for column, value in enumerate(row.values):
            if value is not None:
                scale = _Scale(-0.2, 1.0, left + column * panel + 8, left + (column + 1) * panel - 16)
                parts += _interval(value, scale, y, row.number)
    return _svg(parts, (width, height), title)


def _interval(
    value: tuple[Number, Number, Number], scale: "_Scale", y: Number, number: int | None
) -> list[Markup]:
    kind = "base" if number is None else f"c{number % 6}"
    middle, low, high = (scale(float(np.clip(part, -0.2, 1.0))) for part in value)
    parts = [_line((low, y, high, y), f"whisker {kind}")]
    label = f"{value[0]:.2f} [{value[1]:.2f}, {value[2]:.2f}]"
    if value[0] < -0.2:
        # An arrow: the value lies beyond the left edge.
        corners = f"{middle - 4:.1f},{y:.1f} {middle + 4:.1f},{y - 4:.1f} {middle + 4:.1f},{y + 4:.1f}"
        shape = Markup('<polygon class="dot {}" points="{}">').format(kind, corners)
        return [*parts, shape + Markup("<title>{}</title></polygon>").format(label)]
    shape = Markup('<circle class="dot {}" cx="{}" cy="{}" r="4">').format(kind, f"{middle:.1f}", f"{y:.1f}")
    return [*parts, shape + Markup("<title>{}</title></circle>").format(label)]


@dataclass(frozen=True)
class _Scale:
    low: Number
    high: Number
    start: Number
    end: Number

    @classmethod
    def around(cls, values: np.ndarray, start: Number, end: Number) -> "_Scale":
        low, high = float(values.min()), float(values.max())
        room = 0.04 * (high - low) or max(1e-9, 0.05 * abs(high))
        return cls(low - room, high + room, start, end)

    def __call__(self, value: Number) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, smallest: Number = 0.0, count: int = 5) -> list[float]:
        """Round values inside, at least `smallest` apart."""
        rough = max((self.high - self.low) / count, smallest)
        size = 10.0 ** np.floor(np.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= 0.999 * rough)
        first = np.ceil(self.low / step) * step
        return [float(tick) for tick in np.arange(first, self.high, step)]


def _grid(across: _Scale, up: _Scale, apart: Number) -> list[Markup]:
    parts = []
    for tick in up.ticks():
        parts.append(
            _line((LEFT, up(tick), WIDTH - RIGHT, up(tick)), "zero" if abs(tick) < 1e-12 else "grid")
        )
        parts.append(_text(LEFT - 6, up(tick) + 4, _short(tick), "end"))
    for tick in across.ticks(smallest=apart):
        parts.append(_text(across(tick), HEIGHT - BOTTOM + 16, _short(tick), "middle"))
    return parts


def _short(tick: Number) -> str:
    text = f"{tick:.4g}"
    return "0" if float(text) == 0 else text


def _dot(x: Number, y: Number, one: Series) -> Markup:
    shape = '<circle class="dot c{}" cx="{}" cy="{}" r="2.6"/>'
    return Markup(shape).format(one.number % 6, f"{x:.1f}", f"{y:.1f}")


def _line(ends: tuple[Number, Number, Number, Number], kind: str) -> Markup:
    places = [f"{end:.1f}" for end in ends]
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(*places, kind)


def _text(x: Number, y: Number, text: str, kind: str = "") -> Markup:
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(f"{x:.1f}", f"{y:.1f}", kind, text)


def _svg(parts: Sequence[Markup], size: tuple[Number, Number], title: str) -> Markup:
    head = Markup('<svg viewBox="0 0 {} {}" width="{}" role="img" aria-label="{}">').format(
        *(f"{part:.0f}" for part in size), f"{size[0]:.0f}", escape(title)
    )
    return head + Markup("").join(parts) + Markup("</svg>")
