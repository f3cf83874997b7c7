"""Page: finished runs side by side on one self-contained HTML page."""

import shlex
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from reverie.core.errors import WrongInput
from reverie.reports.charts import Axes, Interval, Series, dot_plot, line_chart
from reverie.reports.story import Story
from reverie.reports.table import READERS, SCORES, cell, compare, pool_sentences, table_rows

SECTIONS = {
    "strip-rebuilt": "What they see",
    "traversal": "What each unit stands for",
    "map": "Where the codes lie",
    "samples": "What they imagine",
}
"""Headings of the sections of pictures, by the picture."""
PANELS = 3
FEW_POINTS = 300
SETTLED = 1.5
"""Times the largest validation loss above which training losses are left out of a chart."""


def render(stories: Sequence[Story], title: str) -> str:
    """The page. Raises WrongInput where a probe's file is damaged.

    Everything that comes from files is escaped.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["picture"] = _picture
    home = files("reverie.reports")
    template = environment.from_string((home / "page.jinja").read_text(encoding="utf-8"))
    try:
        return template.render(
            title=title,
            stories=stories,
            plain=[story for story in stories if not story.chapters],
            colours={story.name: number % 6 for number, story in enumerate(stories)},
            style=Markup((home / "page.css").read_text(encoding="utf-8")),
            settings=_settings(stories),
            sections=_probe_sections(stories),
            losses=[_loss_chart(story, number) for number, story in enumerate(stories)],
            curves=_probe_curves(stories),
            strips=_strips(stories),
            headings={name: words for name, words in SECTIONS.items() if name != "strip-rebuilt"},
            notes=[(story.name, text) for story in stories for text in _notes(story, stories)],
        )
    except (jinja2.UndefinedError, KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(
            f"a probe.json is damaged ({type(error).__name__}: {error}); probe the runs again"
        ) from None


def _picture(content: bytes) -> str:
    """A PNG file as an address that holds it."""
    return "data:image/png;base64," + b64encode(content).decode()


def _settings(stories: Sequence[Story]) -> list[dict[str, Any]]:
    """One row a setting: what the runs share once, what they do not share marked."""
    names = list(dict.fromkeys(name for story in stories for name in story.settings))
    rows = []
    for name in names:
        values = [story.settings.get(name, "") for story in stories]
        rows.append({"name": name, "values": values, "differs": len(set(values)) > 1})
    return sorted(rows, key=lambda row: not row["differs"])


def _notes(story: Story, stories: Sequence[Story]) -> list[str]:
    """What a reader must know of a run before comparing it."""
    if story.chapters:
        return list(story.warnings)
    missing = []
    if story.probe is None and any(other.probe is not None for other in stories):
        missing.append("it was not probed: what its codes know is not among the scores")
    for name, section in SECTIONS.items():
        if name not in story.pictures and any(name in other.pictures for other in stories):
            missing.append(f"it is missing under “{section}”: nobody looked at it so")
    return list(dict.fromkeys([*story.warnings, *(story.probe or {}).get("warnings", []), *missing]))


def _strips(stories: Sequence[Story]) -> list[dict[str, Any]]:
    """Groups of runs that were shown the same frames, each with the frames once."""
    groups: dict[bytes, list[Story]] = {}
    for story in stories:
        if "strip-frames" in story.pictures and "strip-rebuilt" in story.pictures:
            groups.setdefault(story.pictures["strip-frames"], []).append(story)
    return [{"frames": frames, "stories": group} for frames, group in groups.items()]


def _probe_sections(stories: Sequence[Story]) -> list[dict[str, Any]]:
    """One section for runs that were probed alike; one each where they were not."""
    probed = [story.probe for story in stories if story.probe is not None]
    if not probed:
        return []
    try:
        return [_probe_section(compare(probed), stories)]
    except WrongInput:
        return [_probe_section(compare([one]), stories) for one in probed]


def _probe_section(comparison: dict[str, Any], stories: Sequence[Story]) -> dict[str, Any]:
    number = {story.name: place for place, story in enumerate(stories)}
    first = comparison["runs"][0]
    readers = []
    for reader, words in READERS.items():
        rows = table_rows(comparison, reader)
        if any(row["reader"] == reader for row in rows):
            readers.append(
                {
                    "words": words,
                    "plots": _plots(rows, first["factors"], number),
                    "tables": [_table(rows, first["factors"], score) for score in SCORES],
                    "ranking": comparison["ranking"].get(reader, []),
                }
            )
    folders = [
        story.folder for story in stories if any(story.name == one["run"] for one in comparison["runs"])
    ]
    return {
        "first": first,
        "readers": readers,
        "cell": cell,
        "factors": first["factors"],
        "pools": pool_sentences(first),
        "command": _probe_command(first, folders),
    }


def _probe_command(first: dict[str, Any], folders: Sequence[str]) -> str:
    words = ["reverie", "probe", *folders, "--data", str(first["fit"]["data"])]
    if first["test"]["data"] != first["fit"]["data"]:
        words += ["--test", str(first["test"]["data"])]
    words += ["--factors", *(str(factor["name"]) for factor in first["factors"])]
    readers = {row["reader"] for row in first["rows"] if row["subject"] == "run"}
    if len(readers) == 1:
        words += ["--probe", *readers]
    if not any(row["subject"] == "mean" for row in first["rows"]):
        words.append("--no-baselines")
    if first.get("over_training_asked") is False:
        words.append("--no-over-training")
    return shlex.join([*words, "--seed", str(first["seed"])])


def _table(rows: Sequence[dict[str, Any]], factors: Sequence[dict[str, str]], score: str) -> dict[str, Any]:
    best = [_best(rows, column, score) for column in range(len(factors))]
    lines = [
        {
            "label": row["label"],
            "run": row["run"] if row["subject"] == "run" else None,
            "cells": [
                {"value": cell(part, score).partition(" ")[0], "ends": cell(part, score).partition(" ")[2],
                 "best": row["subject"] == "run" and part[score] == best[column]}
                for column, part in enumerate(row["scores"])
            ],
        }
        for row in rows
    ]  # fmt: skip
    units = [factor["unit"] if score != "r2" else "" for factor in factors]
    return {"score": score, "words": SCORES[score], "units": units, "rows": lines}


def _best(rows: Sequence[dict[str, Any]], column: int, score: str) -> float | None:
    """The best run's score, where several compete."""
    found = [row["scores"][column][score] for row in rows if row["subject"] == "run"]
    found = [value for value in found if value is not None]
    if len(found) < 2:
        return None
    return max(found) if score == "r2" else min(found)


def _plots(
    rows: Sequence[dict[str, Any]], factors: Sequence[dict[str, str]], number: dict[str, int]
) -> list[Markup]:
    plots = []
    for start in range(0, len(factors), PANELS):
        intervals = []
        for row in rows:
            values = [_ends(part) for part in row["scores"][start : start + PANELS]]
            colour = number[row["run"]] if row["subject"] == "run" else None
            intervals.append(Interval(row["label"], values, colour))
        names = [f"R² of {factor['name']}" for factor in factors[start : start + PANELS]]
        plots.append(dot_plot(intervals, names, "R² of every factor with 95 % intervals"))
    return plots


def _ends(part: dict[str, Any]) -> tuple[float, float, float] | None:
    numbers = [part["r2"], *part["r2_interval"]]
    if any(value is None for value in numbers):
        return None
    value, low, high = (float(one) for one in numbers)
    return value, low, high


def _loss_chart(story: Story, number: int) -> Markup:
    training = Series("training", _thinned(_settled(story)), number, faint=True)
    validation = Series("validation", story.validation, number)
    return line_chart([training, validation], Axes(f"Loss of {story.name}", "epoch", "per frame"))


def _settled(story: Story) -> Sequence[tuple[float, float]]:
    """Training losses without the first steps, whose height would press everything else flat."""
    if not story.validation:
        return story.training
    ceiling = SETTLED * max(loss for _, loss in story.validation)
    return [(epoch, loss) for epoch, loss in story.training if loss <= ceiling]


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Means of neighbours, where there are more points than a chart can show."""
    if len(points) <= FEW_POINTS:
        return points
    parts = np.array_split(np.array(points), FEW_POINTS)
    return [(float(part[:, 0].mean()), float(part[:, 1].mean())) for part in parts]


def _probe_curves(stories: Sequence[Story]) -> list[Markup]:
    """R^2 after each epoch, a chart for each factor, a line for each run."""
    names: dict[str, None] = {}
    for story in stories:
        for point in (story.probe or {}).get("over_training", []):
            names |= dict.fromkeys(point["scores"])
    charts = []
    for name in names:
        series = [Series(story.name, _curve(story, name), number) for number, story in enumerate(stories)]
        charts.append(line_chart(series, Axes(f"R² of {name} over training", "epoch", "", (0.0, 1.0))))
    return charts


def _curve(story: Story, factor: str) -> list[tuple[float, float]]:
    points = (story.probe or {}).get("over_training", [])
    found = [(float(point["epoch"]), point["scores"].get(factor)) for point in points]
    return [(epoch, float(score)) for epoch, score in found if score is not None]
