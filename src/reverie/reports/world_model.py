"""Chapters on a world model: how it learned, what it knows of what comes next, how its dreams compare."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from reverie.reports.chapter import Chapter, Chart, Table, number
from reverie.reports.charts import Axes, Series, line_chart

Point = tuple[float, float]

TERMS = {
    "code": "nats per unit of the next code",
    "reward": "reward, in its variance",
    "end": "end, nats a step",
}
NATS = {
    "trained": "this world model",
    "untrained": "itself, untrained",
    "previous_code": "the code before, with fitted deviations",
    "no_memory": "the mean code, with fitted deviations",
}


def chapters(
    events: Sequence[Mapping[str, Any]],
    result: Mapping[str, Any],
    audit: Mapping[str, Any] | None,
    folder: str,
) -> list[Chapter]:
    """What there is to tell of a run of `reverie model`, from its log, its result and its audit."""
    forecast = result.get("forecast") or {}
    told = [_learning(events)]
    if forecast:
        told += [_nats(forecast, result), _open_loop(forecast["open_loop"])]
    told.append(_nobody_asked(folder) if audit is None else _audited(audit))
    return told


def _learning(events: Sequence[Mapping[str, Any]]) -> Chapter:
    charts = []
    for place, (term, words) in enumerate(TERMS.items()):
        validation = _points(events, "validation", term)
        training = _settled(_points(events, "train", term), validation)
        lines = [Series("training", training, place, faint=True), Series("validation", validation, place)]
        if any(cost for line in lines for _, cost in line.points):
            charts.append(Chart(line_chart(lines, Axes(term, "epoch", words))))
    note = (
        "Thin lines are training batches (the first steps, far above, are left out), lines with dots the "
        "validation after each epoch. "
        "In this loss an end counts for more than another step."
    )
    return Chapter("How it learned", charts=charts, notes=[note])


def _settled(training: list[Point], validation: list[Point]) -> list[Point]:
    """Training costs without the first steps, whose height would press everything else flat."""
    if not validation:
        return training
    costs = [cost for _, cost in validation]
    ceiling = max(costs) + 0.5 * (max(costs) - min(costs))
    return [point for point in training if point[1] <= ceiling]


def _points(events: Sequence[Mapping[str, Any]], kind: str, term: str) -> list[Point]:
    pairs = [
        (float(event["epoch"]), float(event["terms"][term]))
        for event in events
        if event.get("event") == kind and term in event.get("terms", {})
    ]
    return [pair for pair in pairs if all(isfinite(part) for part in pair)]


def _nats(forecast: Mapping[str, Any], result: Mapping[str, Any]) -> Chapter:
    nats, end, reward = forecast["nats_per_unit"], forecast["end"], forecast["reward"]
    where = "held-out episodes" if result.get("held_out_steps") else "the episodes that it learnt from"
    known = [name for name in NATS if name in nats]
    table = Table(
        ("who predicts", "nats per unit of the next code"),
        [(NATS[name], number(nats[name])) for name in known],
        [known.index("trained")] if "trained" in known else [],
    )
    calibrated = Table(
        ("end of the episode", ""),
        [
            ("area under the curve (0.5 is chance)", number(end["auc"])),
            ("ends that happened", number(end["happened"], 4)),
            ("ends that it expected", number(end["expected"], 4)),
            ("nats a step", number(end["nats"])),
            ("nats a step of the ends' frequency alone", number(end["base_nats"])),
        ],
    )
    if reward["variance"]:
        gain = f"Of the variance of the rewards it explains {number(reward['r2'])} (R²)."
    else:
        gain = "All recorded rewards are the same, so that there is nothing to know of them."
    text = (
        f"Minus log-density, teacher-forced, on {where}: less is better, and a world model that has "
        f"learnt something is below all others. {gain}"
    )
    return Chapter(
        "What it knows of the next step",
        [text],
        tables=[table, calibrated],
    )


def _open_loop(loop: Mapping[str, Any]) -> Chapter:
    heading = "How far it can see"
    if not loop["horizons"]:
        return Chapter(heading, ["Its episodes are too short for an open loop."])
    horizons = loop["horizons"]
    lines = [
        Series("dream", list(zip(horizons, loop["dreamed"], strict=True)), 0),
        Series("last code seen", list(zip(horizons, loop["frozen"], strict=True)), 1),
        Series(
            "unrelated code",
            [(horizons[0], loop["unrelated"]), (horizons[-1], loop["unrelated"])],
            2,
            faint=True,
        ),
    ]
    axes = Axes("distance from the real code", "steps dreamt", "in its deviations", (0.0,))
    chart = Chart(line_chart(lines, axes), [(line.name, line.number) for line in lines])
    rows = [
        (f"{horizon}", number(dreamt), number(frozen))
        for horizon, dreamt, frozen in zip(horizons, loop["dreamed"], loop["frozen"], strict=True)
    ]
    return Chapter(
        heading,
        [
            "Codes dreamt at temperature 1 after 16 recorded frames, under the recorded actions, against "
            "what was real: root mean square over units, each in its deviations over the recordings. A dream "
            "is one of many futures, so that even a perfect one lies as far off as chance takes it."
        ],
        [chart],
        [Table(("steps dreamt", "dream", "last code seen"), rows)],
    )


def _audited(audit: Mapping[str, Any]) -> Chapter:
    rows = audit["known"]
    policies = list(dict.fromkeys(str(row["policy"]) for row in rows))
    heats = sorted({float(row["temperature"]) for row in rows})
    found = {(str(row["policy"]), float(row["temperature"])): row for row in rows}
    lines = [
        Series(
            policy, [(heat, found[policy, heat]["ratio"]) for heat in heats if (policy, heat) in found], place
        )
        for place, policy in enumerate(policies)
    ]
    axes = Axes("dreamt length / real length", "temperature", "1 is reality", (0.0, 1.0), 0.1)
    chart = Chart(line_chart(lines, axes), [(line.name, line.number) for line in lines])
    table = Table(
        ("policy", "real length", *(f"dreamt at {heat:g}" for heat in heats)),
        [
            (policy, _real(found, policy), *(_length(found.get((policy, heat))) for heat in heats))
            for policy in policies
        ],
    )
    strange = Table(
        ("temperature", "mean |log(dreamt / real)|", "distance to recorded codes, in that of held-out ones"),
        [
            (heat, number(miss), number((audit["strangeness"].get(heat) or {}).get("ratio")))
            for heat, miss in audit["misses"].items()
        ],
        [place for place, heat in enumerate(audit["misses"]) if float(heat) == audit["temperature"]],
    )
    return Chapter(
        "Whether its dreams are like reality",
        [
            f"How long policies that look at nothing last, in {audit['episodes']} dreams and as many real "
            f"episodes each, of at most {audit['max_steps']} steps. Temperature {audit['temperature']:g} "
            "comes nearest; no controller had a say in that. An exclamation mark: more than a quarter off."
        ],
        [chart],
        [table, strange],
    )


def _real(found: Mapping[tuple[str, float], Mapping[str, Any]], policy: str) -> str:
    real = next(row["real"] for (name, _), row in found.items() if name == policy)
    interval = real["length_interval"]
    return f"{real['length']:.0f}" + (f" [{interval[0]:.0f}, {interval[1]:.0f}]" if interval else "")


def _length(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    return f"{row['dreamt']['length']:.0f} (× {row['ratio']:.2f})" + ("" if row["fine"] else " !")


def _nobody_asked(folder: str) -> Chapter:
    return Chapter("Whether its dreams are like reality", [f"Nobody has asked yet: reverie audit {folder}"])
