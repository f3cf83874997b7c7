"""How far a dream can be trusted: its error by horizon, and how long dreams last beside reality."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reverie.core.lens import DreamExhibit, DreamLensConfig
from reverie.lenses._style import INK, LINE, QUIET_INK, RESOLUTION, literal

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#B5578F", "#8A7400", "#4B4F9E")
WIDTH, HEIGHT = 9.6, 4.1


@dataclass(frozen=True, kw_only=True)
class AuditConfig(DreamLensConfig):
    """Left, what `reverie model` found out; right, what `reverie audit` did."""

    def draw(self, exhibit: DreamExhibit) -> Figure:
        """Open-loop error by horizon, and the length of dreams by temperature, in real lengths."""
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=RESOLUTION, facecolor="white")
        title = literal(f"How far the dream of {exhibit.name} can be trusted")
        figure.text(0.2 / WIDTH, 1 - 0.12 / HEIGHT, title, size=11, weight="bold", va="top", color=INK)
        left, right = (figure.add_axes((x, 0.13, 0.395, 0.64)) for x in (0.07, 0.575))
        _errors(left, exhibit.forecast.get("open_loop", {}))
        if exhibit.audit is None:
            _words(right, "nobody compared its dreams with reality yet:\nreverie audit RUN")
        else:
            _lengths(right, exhibit.audit)
        return figure


def _errors(axes: Axes, loop: Mapping[str, Any]) -> None:
    """Distance of dreamt codes from real ones, beside those that know less."""
    axes.set_title(
        "distance from the real code, in its deviations,\nunder recorded actions, temperature 1",
        size=8.5, color=QUIET_INK, loc="left",
    )  # fmt: skip
    horizons = loop.get("horizons", [])
    if not horizons:
        _words(axes, "its episodes are too short for an open loop")
        return
    axes.plot(horizons, loop["dreamed"], "o-", color=COLOURS[0], label="dream", markersize=4)
    axes.plot(horizons, loop["frozen"], "o-", color=COLOURS[1], label="last code seen", markersize=4)
    axes.axhline(loop["unrelated"], color=QUIET_INK, ls="--", lw=1, label="unrelated code")
    axes.set_xscale("log", base=2)
    axes.set_xticks(horizons, [str(horizon) for horizon in horizons])
    axes.set_ylim(bottom=0)
    _plain(axes, "steps dreamt")


def _lengths(axes: Axes, audit: Mapping[str, Any]) -> None:
    """One line for each policy: dreamt length by real length, which is 1 in a good dream."""
    count, longest = audit["episodes"], audit["max_steps"]
    axes.set_title(
        f"dreamt length / real length of policies that look at nothing,\n"
        f"{count} episodes each, at most {longest} steps",
        size=8.5, color=QUIET_INK, loc="left",
    )  # fmt: skip
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in audit["known"]:
        lines.setdefault(str(row["policy"]), []).append((float(row["temperature"]), float(row["ratio"])))
    axes.axhline(1.0, color=QUIET_INK, ls="--", lw=1, label="reality")
    for number, (policy, points) in enumerate(lines.items()):
        heats, ratios = zip(*sorted(points), strict=True)
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(heats, ratios, "o-", color=colour, label=literal(_short(policy)), markersize=4)
    axes.set_ylim(0, 1.15 * max(1.0, *(ratio for points in lines.values() for _, ratio in points)))
    axes.set_xticks(sorted({heat for points in lines.values() for heat, _ in points}))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _plain(axes, "temperature")


def _plain(axes: Axes, across: str) -> None:
    axes.set_xlabel(across, size=8.5, color=QUIET_INK)
    axes.tick_params(labelsize=8, colors=QUIET_INK, length=0)
    axes.grid(color=LINE, lw=0.6)
    axes.spines[:].set_visible(False)
    axes.legend(fontsize=7.5, frameon=False)


def _short(policy: str) -> str:
    return policy if len(policy) <= 28 else policy[:27] + "…"


def _words(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, size=9, color=QUIET_INK, ha="center", va="center")
