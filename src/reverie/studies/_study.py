"""What a study is: claims fixed before the run, one JSON per seed, a verdict that is stored either way."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Literal

from reverie.core.config import Config
from reverie.core.console import Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.family import config_of, members, word_of
from reverie.core.files import read_json, write_json
from reverie.core.run import made_with

Scale = Literal["cpu", "gpu"]
Status = Literal["supported", "not supported", "passed", "failed", "shown"]
EXIT: dict[str, int] = {"supported": 0, "passed": 0, "shown": 0, "failed": 1, "not supported": 3}


@dataclass(frozen=True)
class Verdict:
    """What became of a study's claims."""

    status: Status
    claims: dict[str, bool]
    """Each claim in words, and whether it held."""
    table: list[dict[str, Any]]
    """The numbers behind it, a row a line."""
    text: str
    """The verdict in a few sentences, with its numbers."""
    figures: dict[str, float] = field(default_factory=dict)
    """Numbers that `--json` gives by name, beside the rest."""


@dataclass(frozen=True, kw_only=True)
class StudyJob(Config):
    """How a study is run."""

    folder: Path = Path("runs/studies")
    """Where studies keep their runs."""
    scale: Scale = "cpu"
    """How large: cpu (two cores) or gpu."""
    seeds: int = 0
    """Number of seeds; 0 takes what the scale asks for."""
    record: Path | None = None
    """Folder to copy the verdict into, such as docs/results."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        self.check_not_negative("seeds")


@dataclass(frozen=True, kw_only=True)
class StudyConfig(Config, ABC):
    """An experiment that reruns a claim; its file's name is its word."""

    catalogue: ClassVar[str] = ""
    """Id in the catalogue of methods, which is an alias of the word."""
    seeds: ClassVar[dict[str, int]] = {"cpu": 3, "gpu": 5}
    """Seeds that count, by scale."""

    scale: Scale = "cpu"
    """How large: cpu is two cores, gpu the full size."""

    @abstractmethod
    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Everything for one seed; resumes what `folder` holds of it."""

    @abstractmethod
    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """The verdict over all seeds."""


def conduct(word: str, job: StudyJob, console: Console) -> tuple[Verdict, dict[str, Any]]:
    """Run the seeds that are not done yet, then judge; returns the verdict and the record of it."""
    word, study = find(word, job.scale)
    folder = job.folder / word / job.scale
    folder.mkdir(parents=True, exist_ok=True)
    count = job.seeds or study.seeds[job.scale]
    results = [_seed(study, seed, folder, console) for seed in range(count)]
    verdict = study.verdict(results)
    written = {
        "study": word,
        "catalogue": study.catalogue,
        "scale": study.scale,
        "seeds": list(range(count)),
        "status": verdict.status,
        "claims": verdict.claims,
        "table": verdict.table,
        "text": verdict.text,
        "thresholds": thresholds(word),
        "made_with": _made_with(results),
        **verdict.figures,
    }
    write_json(folder / "verdict.json", written)
    if job.record:
        record(written, job.record)
    return verdict, written


def find(word: str, scale: Scale) -> tuple[str, StudyConfig]:
    """The study that a word or a catalogue id names."""
    words = members("studies")
    if word not in words:
        # A catalogue id is rare; only then is every study imported.
        aliases = {config_of("studies", name, StudyConfig).catalogue: name for name in words}
        if word.upper() not in aliases:
            raise unknown("study", word, words)
        word = aliases[word.upper()]
    return word, config_of("studies", word, StudyConfig)(scale=scale)  # pyright: ignore[reportAbstractUsage]


def thresholds(word: str) -> dict[str, Any]:
    """The frozen thresholds of a study with their calibration; empty where it needs none."""
    file = files("reverie.studies") / "thresholds" / f"{word}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def record(written: dict[str, Any], results: Path) -> Path:
    """Copy a verdict into the folder of results, as JSON and as a page."""
    results.mkdir(parents=True, exist_ok=True)
    name = f"{written['study']}-{written['scale']}"
    write_json(results / f"{name}.json", written)
    page = results / f"{name}.md"
    page.write_text(page_of(written), encoding="utf-8")
    return page


def page_of(written: dict[str, Any]) -> str:
    """A verdict as a page of markdown."""
    seeds = ", ".join(map(str, written["seeds"]))
    command = f"reverie study {written['study']} --scale {written['scale']} --seeds {len(written['seeds'])}"
    lines = [
        f"# {written['study']} ({written['catalogue']}): {written['status']}",
        "",
        written["text"],
        "",
        *(f"- {'holds' if held else 'does not hold'}: {claim}" for claim, held in written["claims"].items()),
        "",
        *markdown_table(written["table"]),
        "",
        f"Seeds {seeds}; `{command}`; made with {_versions(written['made_with'])}.",
    ]
    if written["thresholds"]:
        frozen = json.dumps(written["thresholds"], indent=1)
        lines += ["", "Thresholds, frozen before the counted run:", "", "```json", frozen, "```"]
    return "\n".join(lines) + "\n"


def markdown_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Rows as lines of a markdown table; columns are the keys of the first row."""
    if not rows:
        return []
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([str(row.get(name, "")) for name in columns] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _seed(study: StudyConfig, seed: int, folder: Path, console: Console) -> dict[str, Any]:
    """One seed's result: from its file, which must have been made under the same thresholds, or made now."""
    file = folder / f"seed-{seed}.json"
    under = thresholds(word_of(study))
    if file.exists():
        found = read_json(file, f"result of seed {seed}")
        if found.get("under") != under:
            raise WrongInput(f"{file} was made under other thresholds; remove {folder} to begin anew")
        return found
    console.say(f"seed {seed}")
    result = study.one_seed(seed, folder / f"seed-{seed}", console)
    result |= {"under": under, "made_with": made_with()}
    write_json(file, result)
    return result


def _made_with(results: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Versions that the seeds were run with; several where they differ."""
    found: dict[str, list[str]] = {}
    for result in results:
        for name, number in result.get("made_with", {}).items():
            found.setdefault(name, []).append(number)
    return {name: " and ".join(dict.fromkeys(numbers)) for name, numbers in found.items()}


def _versions(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
