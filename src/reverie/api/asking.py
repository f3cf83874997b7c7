"""Asking: what runs know, how they look, and what they are worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.api._given import Place, console, paths, taken
from reverie.core.config import from_json
from reverie.core.family import config_of


def probe(runs: Place | Sequence[Place], data: Place, **choices: Any) -> dict[str, Any]:
    """Measure what the codes of one or several runs know; `choices` are the fields of ProbeJob."""
    from reverie.verbs import probe as verb

    job = from_json(verb.ProbeJob, {"runs": paths(runs), "data": Path(data), **choices}, "probe")
    return verb.probe(job, console())


def evaluate(subject: Place, env: str = "", into: Place | None = None, **choices: Any) -> dict[str, Any]:
    """Play held-out episodes of an environment; mean, deviation, interval, and a folder with every score.

    `subject` is a run of `train`, or the words of a policy such as "held:1-60"; `choices` are the fields of
    EvaluateJob (episodes, seed, ...) and of the crew (workers, executor, ...).
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import evaluate as verb

    crew = from_json(Crew, taken(Crew, choices), "crew")
    others = {name: value for name, value in choices.items() if name not in taken(Crew, choices)}
    job = from_json(verb.EvaluateJob, {"subject": str(subject), "env": env, **others}, "evaluate")
    return verb.evaluate(job, Path(into) if into is not None else None, console(), crew)


def audit(run: Place, **choices: Any) -> dict[str, Any]:
    """Compare the dreams of a world model with reality; `choices` are the fields of AuditJob."""
    from reverie.verbs import audit as verb

    return verb.audit(from_json(verb.AuditJob, {"run": Path(run), **choices}, "audit"), console())


def look(run: Place, **choices: Any) -> list[Path]:
    """Draw pictures of what a run's representation sees; `choices` are the fields of LookJob."""
    from reverie.verbs import look as verb

    return verb.look(from_json(verb.LookJob, {"run": Path(run), **choices}, "look"), console())


def report(runs: Place | Sequence[Place], **choices: Any) -> Path:
    """Put runs side by side on one self-contained page; returns its path."""
    from reverie.verbs import report as verb

    return verb.report(from_json(verb.ReportJob, {"runs": paths(runs), **choices}, "report"), console())


def metric(word: str, **choices: Any) -> Any:
    """A score by name: `metric("probe")(codes, factors, episodes).value`; `choices` are its fields."""
    from reverie.core.metric import MetricConfig

    return from_json(config_of("metrics", word, MetricConfig), choices, word).build()
