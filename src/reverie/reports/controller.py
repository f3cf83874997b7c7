"""Chapters on a controller: how it evolved, what it gets in dreams, and what in the real environment."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from reverie.reports.chapter import Chapter, Chart, Table
from reverie.reports.charts import Axes, Series, line_chart

LINES = {"best": "best candidate", "mean": "mean candidate"}


def chapters(
    events: Sequence[Mapping[str, Any]],
    result: Mapping[str, Any],
    evaluations: Mapping[str, Mapping[str, Any]],
    told: Mapping[str, str],
) -> list[Chapter]:
    """What there is to tell of a run of `reverie train`: its log, its result, and evaluations by folder.

    `told` has its `folder`, and the `temperature` of its dream.
    """
    return [_evolution(events), _scores(result, evaluations, told)]


def _evolution(events: Sequence[Mapping[str, Any]]) -> Chapter:
    lines = [
        Series(words, _points(events, "generation", name), place, faint=name == "best")
        for place, (name, words) in enumerate(LINES.items())
    ]
    lines.append(Series("mean of the distribution, held out", _points(events, "held out", "mean"), 2))
    lines = [line for line in lines if line.points]
    charts = [
        Chart(
            line_chart(lines, Axes("score in the dream", "generation", "")),
            [(line.name, line.number) for line in lines],
        )
    ]
    spread = Series("sigma", _points(events, "generation", "sigma"), 3)
    if spread.points:
        charts.append(
            Chart(line_chart([spread], Axes("how far candidates lie apart", "generation", "", (0.0,))))
        )
    return Chapter(
        "How it evolved",
        charts=charts if lines else [],
        notes=[
            "The best candidate of a generation owes its score partly to luck. Held-out dreams are the same "
            "in every generation, and none of them chose a candidate."
        ],
    )


def _points(events: Sequence[Mapping[str, Any]], kind: str, name: str) -> list[tuple[float, float]]:
    pairs = [
        (float(event["generation"]), float(event[name]))
        for event in events
        if event.get("event") == kind and name in event
    ]
    return [pair for pair in pairs if all(isfinite(part) for part in pair)]


def _scores(
    result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]], told: Mapping[str, str]
) -> Chapter:
    rows = []
    if result:
        dream = result["dream"]
        score = f"{dream['mean']:.1f} ± {dream['deviation']:.1f}"
        where = f"new dreams at temperature {told['temperature']}"
        rows.append((where, f"{dream['episodes']}", score, "–", f"generation {dream['generation']}"))
    for name, found in evaluations.items():
        spread = "" if found["deviation"] is None else f" ± {found['deviation']:.1f}"
        interval = "–" if found["low"] is None else f"{found['low']:.1f} to {found['high']:.1f}"
        where = f"{found['env']}, from seed {found['seed']}"
        rows.append((where, f"{found['n']}", f"{found['mean']:.1f}{spread}", interval, name))
    text = [] if evaluations else [f"Nobody saw it act for real yet: reverie evaluate {told['folder']}"]
    head = ("where", "episodes", "mean ± deviation", "95 % interval", "")
    real = [place for place, row in enumerate(rows) if not row[0].startswith("new dreams")]
    return Chapter("What it gets", text, tables=[Table(head, rows, real)] if rows else [])
