"""The probe's table and ranking: who knows which factor, how surely, and who knows more than whom."""

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import numpy as np

from reverie.core.console import counted
from reverie.core.errors import WrongInput
from reverie.ops import bootstrap
from reverie.ops.bootstrap import Counts, EpisodeSums
from reverie.reports.likelihood import format_likelihoods

READERS = {"ridge": "linear reader (ridge)", "mlp": "network reader (one hidden layer of 64)"}
SCORES = {"r2": "R²", "rmse": "root mean squared error", "mae": "mean absolute error"}
KINDS = ("run", "untrained", "pca", "pixels", "permuted", "mean")
SHORT = {kind: kind for kind in KINDS} | {"pca": "PCA"}
COLUMNS, COLUMN = 3, 24

Result = dict[str, Any]


def compare(results: Sequence[Result], reference: str | None = None) -> dict[str, Any]:
    """Rank runs that sat the same exam, with paired intervals of the difference from the reference run.

    Without `reference`, the best run of each reader is it. Both sides of a difference use the same draws of
    episodes. Raises WrongInput where the runs were not asked the same.
    """
    _check_same_exam(results)
    ranking = {}
    for reader in READERS:
        rows = {result["run"]: _row(result, reader) for result in results}
        if all(row is not None for row in rows.values()):
            ranking[reader] = _ranked(results, rows, reference)
    return {"runs": list(results), "ranking": ranking}


def format_table(result: dict[str, Any]) -> str:
    """The comparison for a terminal: at most 100 columns wide."""
    runs = result["runs"]
    lines = [_heading(runs[0])]
    for reader, score in (("ridge", "r2"), ("mlp", "r2"), ("ridge", "rmse")):
        rows = table_rows(result, reader)
        if any(row["reader"] == reader for row in rows):
            for start in range(0, len(runs[0]["factors"]), COLUMNS):
                lines += ["", *_block(runs[0]["factors"], rows, (reader, score, start))]
    for reader in READERS:
        lines += _format_ranking(result, reader)
    lines += format_likelihoods(runs)
    constant = runs[0]["constant"]
    if constant:
        lines += ["", f"left out, because constant in these recordings: {', '.join(constant)}"]
    lines += [f"warning: {text}" for text in runs[0]["warnings"]]
    return "\n".join(lines)


def table_rows(result: dict[str, Any], reader: str) -> list[dict[str, Any]]:
    """The rows of one reader: runs, best first; then the baselines, those with the same scores only once."""
    order = [entry["run"] for entry in result["ranking"].get(reader, [])]
    runs = sorted(result["runs"], key=lambda one: order.index(one["run"]) if order else 0)
    found = []
    for kind in KINDS:
        rows = [
            row | {"run": one["run"]}
            for one in runs
            for row in one["rows"]
            if row["subject"] == kind and row["reader"] in (reader, None)
        ]
        if kind != "run":
            rows = _without_repeats(rows)
        labels = [row["label"] for row in rows]
        for row in rows:
            several = kind != "run" and labels.count(row["label"]) > 1
            found.append(row | {"label": f"{SHORT[kind]} ({row['run']})"} if several else row)
    return found


def _without_repeats(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for row in rows:
        if all(row["scores"] != other["scores"] for other in kept):
            kept.append(row)
    return kept


def _check_same_exam(results: Sequence[Result]) -> None:
    first = results[0]
    for other in results[1:]:
        for part in ("seed", "split", "factors", "fit", "test"):
            if other[part] != first[part]:
                raise WrongInput(
                    f"{first['run']} and {other['run']} were not probed alike ({part} differs); "
                    f"probe them together: reverie probe {first['run']} {other['run']}"
                )


def _row(result: Result, reader: str) -> dict[str, Any] | None:
    for row in result["rows"]:
        if row["subject"] == "run" and row["reader"] == reader:
            return row
    return None


def _ranked(results: Sequence[Result], rows: dict[str, Any], reference: str | None) -> list[dict[str, Any]]:
    truth = results[0]["truth"]
    sums = {name: sums_of(truth, row) for name, row in rows.items()}
    counts = _draws(results[0])
    single = bootstrap.once(counts.shape[1])
    mean = {name: float(np.nanmean(bootstrap.r2(part, single))) for name, part in sums.items()}
    order = sorted(mean, key=lambda name: -mean[name])
    base = reference or order[0]
    names = [factor["name"] for factor in results[0]["factors"]]
    entries = []
    for name in order:
        entry = {"run": name, "mean_r2": mean[name], "reference": base}
        entry["mean_r2_interval"] = _interval(bootstrap.r2(sums[name], counts).mean(1, keepdims=True))[0]
        if name != base:
            entry["difference"] = difference(sums[name], sums[base], counts, names)
        entries.append(entry)
    return entries


def difference(one: EpisodeSums, other: EpisodeSums, counts: Counts, names: Sequence[str]) -> dict[str, Any]:
    """How much more the one knows than the other, factor by factor and on average, with paired intervals."""
    single = bootstrap.once(counts.shape[1])
    found: dict[str, Any] = {"factors": {name: {} for name in names}}
    for word, score in (("r2", bootstrap.r2), ("mse", bootstrap.mse)):
        value = (score(one, single) - score(other, single))[0]
        spread = score(one, counts) - score(other, counts)
        for column, (name, ends) in enumerate(zip(names, _interval(spread), strict=True)):
            found["factors"][name] |= {word: _number(value[column]), f"{word}_interval": ends}
        if word == "r2":
            found["mean_r2"] = _number(value.mean())
            found["mean_r2_interval"] = _interval(spread.mean(1, keepdims=True))[0]
    return found


def sums_of(truth: dict[str, Any], row: dict[str, Any]) -> EpisodeSums:
    """A row's per-episode sums, as `probe.json` keeps them."""
    parts = truth["frames"], truth["targets"], truth["targets_squared"], *row["sums"].values()
    return EpisodeSums(*(np.asarray(part, dtype=np.float64) for part in parts))


def _draws(result: Result) -> Counts:
    return bootstrap.probe_draws(result["test"]["episodes"], result["seed"])


def _interval(values: bootstrap.Values) -> list[list[float | None]]:
    return [[_number(low), _number(high)] for low, high in bootstrap.interval(values).T]


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _heading(run: Result) -> str:
    fit, test = run["fit"], run["test"]
    return (
        f"probes fitted on {fit['frames']} frames of {counted(fit['episodes'], 'episode')}, "
        f"tested on {test['frames']} frames of {counted(test['episodes'], 'other')} ({run['split']});\n"
        "in brackets: 95 % intervals over test episodes only, without the luck of the fitting episodes\n"
        f"or of training{_pools(run)}"
    )


def pool_sentences(run: Result) -> list[str]:
    """A sentence for each side of the exam whose terrains came from a pool."""
    words = {"fit": "fitting", "test": "testing"}
    return [
        f"{words[side]} episodes share a pool of {run[side]['scenes']} terrains"
        for side in words
        if run[side].get("scenes")
    ]


def _pools(run: Result) -> str:
    return "".join(f"\n{sentence}" for sentence in pool_sentences(run))


def _block(
    factors: Sequence[dict[str, str]], rows: Sequence[dict[str, Any]], which: tuple[str, str, int]
) -> list[str]:
    reader, score, start = which
    shown = factors[start : start + COLUMNS]
    width = min(27, max(len(row["label"]) for row in rows)) + 2
    lines = [f"{SCORES[score]}, {READERS[reader]}"]
    lines.append(_columns(width, "", [factor["name"] for factor in shown]))
    if score != "r2" and any(factor["unit"] for factor in shown):
        lines += _units(width, [f"({factor['unit'] or 'no unit'})" for factor in shown])
    for row in rows:
        cells = [cell(part, score) for part in row["scores"][start : start + COLUMNS]]
        lines.append(_columns(width, row["label"], cells))
    return lines


def _units(width: int, units: Sequence[str]) -> list[str]:
    """Units under their columns, in several lines where one is too narrow; a cut one says nothing."""
    wrapped = [wrap(unit, COLUMN - 1) for unit in units]
    return [_columns(width, "", line) for line in zip_longest(*wrapped, fillvalue="")]


def _columns(width: int, label: str, cells: Sequence[str]) -> str:
    shown = "".join(f"{_short(text, COLUMN - 1):<{COLUMN}}" for text in cells)
    return f"{_short(label, width - 2):<{width}}{shown}".rstrip()


def cell(part: dict[str, Any], score: str) -> str:
    """A score and its interval: 0.84 [0.80, 0.88]."""
    if part[score] is None:
        return "-"
    low, high = part[f"{score}_interval"]
    # Shares of variance with two decimals; errors, which have a unit, with as many as their size asks for.
    size = abs(part[score]) if score in ("rmse", "mae") else 1.0
    places = int(np.clip(1 - np.floor(np.log10(size)), 0, 6)) if 0 < size < 1 else 2 if size < 100 else 0
    return f"{_decimal(part[score], places)} [{_decimal(low, places)}, {_decimal(high, places)}]"


def _decimal(value: float | None, places: int) -> str:
    if value is None:
        return "?"
    text = f"{value:.{places}f}" if abs(value) < 1e6 else f"{value:.3g}"
    return text.lstrip("-") if float(text) == 0 else text


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _format_ranking(result: dict[str, Any], reader: str) -> list[str]:
    entries = result["ranking"].get(reader, [])
    if len(entries) < 2:
        return []
    lines = ["", f"ranking by mean R², {READERS[reader]}; difference from {entries[0]['reference']}, paired"]
    for place, entry in enumerate(entries, start=1):
        line = f"{place:>2}. {_short(entry['run'], 28):<28}  {cell(entry, 'mean_r2'):<20}"
        if "difference" in entry:
            line += f"  {_signed(entry['difference'], 'mean_r2')}"
        lines.append(line.rstrip())
    return lines


def _signed(part: dict[str, Any], score: str) -> str:
    text = cell(part, score)
    return text if text.startswith(("-", "?")) else f"+{text}"
