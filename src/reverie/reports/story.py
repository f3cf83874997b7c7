"""Story: one run as a report tells it, read from its folder alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from reverie.core.console import counted
from reverie.core.errors import WrongInput
from reverie.core.files import read_json
from reverie.core.run import Run
from reverie.reports import controller, world_model
from reverie.reports.chapter import Chapter

NETWORKS = {
    "squeezenet": "SqueezeNet 1.1, trained on ImageNet",
    "vgg19": "the first three blocks of VGG-19, trained on ImageNet",
    "alexnet": "the first two convolutions of AlexNet, trained on ImageNet",
    "clutter": "a small network of Reverie's own, trained on drawn shapes: a stand-in for ImageNet's",
    "random-squeezenet": "SqueezeNet with random weights: a control, it was trained on nothing",
}
PICTURES = ("strip-frames", "strip-rebuilt", "traversal", "map", "samples", "dream")
LARGEST_PICTURE = 1_500_000
"""Bytes; larger ones are left out, so that pages stay small."""
PNG = b"\x89PNG\r\n\x1a\n"

Point = tuple[float, float]


@dataclass(frozen=True)
class Story:
    """What a run was asked, what it did, and what was found out about it."""

    name: str
    folder: str
    settings: Mapping[str, str]
    """Method and fields, data and conditions, as words."""
    network: str | None
    """The feature network that the loss looked through, in a sentence."""
    told: str
    """Data, epochs and seed, in a sentence without its stop; empty where the job knows of none."""
    command: str
    """How to do it again."""
    versions: Mapping[str, str]
    training: Sequence[Point]
    """(epoch, loss) of the training batches that were logged."""
    validation: Sequence[Point]
    """(epoch, loss) after each epoch."""
    probe: dict[str, Any] | None
    """What `reverie probe` wrote, if it was asked."""
    warnings: Sequence[str]
    pictures: Mapping[str, bytes]
    """PNG files by name."""
    chapters: Sequence[Chapter] = ()
    """What there is to tell of a world model or a controller; none of a representation."""


def read_story(run: Run, command: str) -> Story:
    """Read a run's folder. Raises WrongInput where a file is damaged."""
    written = run.job()
    try:
        return _read(run, written, command)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(f"a file in {run.folder} is damaged ({type(error).__name__}: {error})") from None


def _read(run: Run, written: dict[str, Any], command: str) -> Story:
    events = run.events()
    network = written.get("uses", {}).get("feature_network")
    warnings = [str(event["text"]) for event in events if event.get("event") == "warning"]
    if not run.finished:
        warnings.append(f"the run is not finished; complete it with: reverie resume {run.folder.as_posix()}")
    pictures, skipped = _pictures(run.folder / "look")
    other = written["verb"] in ("model", "train")
    return Story(
        name=run.name,
        folder=run.folder.as_posix(),
        settings=_settings(written["job"], run.result() if run.finished else {}),
        network=_network(network) if network else None,
        told=_told(written["job"]),
        command=command,
        versions={str(name): str(version) for name, version in written.get("made_with", {}).items()},
        training=() if other else _points(events, "train"),
        validation=() if other else _points(events, "validation"),
        probe=_probe(run),
        warnings=[*warnings, *skipped],
        pictures=pictures,
        chapters=_chapters(run, events, pictures) if other else (),
    )


def _chapters(run: Run, events: Sequence[dict[str, Any]], pictures: Mapping[str, bytes]) -> list[Chapter]:
    """What there is to tell of a run of `reverie model` or `reverie train`."""
    folder, result = run.folder.as_posix(), run.result() if run.finished else {}
    written = run.job()
    if written["verb"] == "train":
        told = {"folder": folder, "temperature": _words(written["job"]["dream"]["temperature"])}
        return controller.chapters(events, result, _evaluations(run), told)
    file = run.folder / "audit.json"
    audit = read_json(file, f"audit of {run.folder}") if file.is_file() else None
    ask = [] if "dream" in pictures else [f"Nobody has looked yet: reverie look {folder}"]
    dreams = Chapter("What it dreams", ask, picture=pictures.get("dream", b""))
    return [*world_model.chapters(events, result, audit, folder), dreams]


def _evaluations(run: Run) -> dict[str, dict[str, Any]]:
    """What `reverie evaluate` found out about a controller, by folder; those that are done."""
    files = sorted((run.folder / "evaluations").glob("*/result.json"))
    return {file.parent.name: read_json(file, f"result of {file.parent}") for file in files}


def _points(events: Sequence[dict[str, Any]], kind: str) -> list[Point]:
    pairs = [(float(event["epoch"]), float(event["total"])) for event in events if event.get("event") == kind]
    return [pair for pair in pairs if all(isfinite(part) for part in pair)]


def _network(description: dict[str, Any]) -> str:
    name = str(description["name"])
    word, _, more = name.partition("=")
    sentence = NETWORKS.get(word, name) + (f" (draw {more})" if more and word in NETWORKS else "")
    file = f", from {description['file']}" if "file" in description else ""
    checksum = str(description.get("weights", ""))[:12]
    return sentence + file + (f" (sha256 {checksum}…)" if checksum else "")


def _settings(job: dict[str, Any], result: dict[str, Any]) -> dict[str, str]:
    """Everything of the job on one level, then what it came to."""
    found = {"method": _words(job.get("method", "")), "data": _words(job.get("data", ""))}
    for part, content in job.items():
        inside = content.items() if isinstance(content, dict) else ((part, content),)
        found |= {name.replace("_", " "): _words(value) for name, value in inside if name not in found}
    found = {name: words for name, words in found.items() if words}
    names = {"parameters": "", "training_frames": "", "best_epoch": "", "seconds": " s"}
    for name, unit in names.items():
        if result.get(name) is not None:
            found[name.replace("_", " ")] = f"{_words(result[name])}{unit}"
    return found


def _told(job: dict[str, Any]) -> str:
    plan = job.get("plan", {})
    conditions = job.get("conditions") or job.get("circumstances") or {}
    parts = [f"Fitted to {_words(job['data'])}"] if job.get("data") else []
    if job.get("world_model"):
        heat = _words(job["dream"]["temperature"])
        parts.append(f"Trained in the dream of {_words(job['world_model'])} at temperature {heat}")
    for unit in ("epoch", "generation"):
        if f"{unit}s" in plan:
            parts.append(counted(plan[f"{unit}s"], unit))
    if "seed" in conditions:
        parts.append(f"seed {conditions['seed']}")
    return ", ".join(parts)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    if isinstance(value, list):
        return " ".join(map(_words, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _probe(run: Run) -> dict[str, Any] | None:
    file = run.folder / "probe.json"
    if not file.is_file():
        return None
    probe = read_json(file, f"probe of {run.folder}")
    # The folder may have been renamed since.
    rows = [row | ({"label": run.name} if row["subject"] == "run" else {}) for row in probe["rows"]]
    return probe | {"run": run.name, "rows": rows}


def _pictures(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    found, skipped = {}, []
    for name in PICTURES:
        file = folder / f"{name}.png"
        if not file.is_file():
            continue
        content = file.read_bytes() if file.stat().st_size <= LARGEST_PICTURE else b""
        if content.startswith(PNG):
            found[name] = content
        else:
            skipped.append(f"{file.as_posix()} was left out: it is too large or no PNG")
    return found, skipped
