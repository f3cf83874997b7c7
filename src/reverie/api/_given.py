"""Given: what the verbs for Python are given, made into jobs."""

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from reverie.core.config import from_json
from reverie.core.console import Console, PlainConsole
from reverie.core.errors import unknown

Place = str | Path


def parts(kinds: dict[str, Any], choices: dict[str, Any], method: str) -> dict[str, Any]:
    """The configs among which the choices are divided, by their fields; WrongInput for one that none has."""
    known = {field.name for kind in kinds.values() for field in fields(kind)}
    for word in choices.keys() - known:
        raise unknown(f"{method} field", word, known)
    return {part: from_json(kind, taken(kind, choices), method) for part, kind in kinds.items()}


def taken(kind: type, choices: dict[str, Any]) -> dict[str, Any]:
    """The choices that are fields of a config."""
    return {field.name: choices[field.name] for field in fields(kind) if field.name in choices}


def paths(runs: Place | Sequence[Place]) -> list[str]:
    """One place or several, as text."""
    single = isinstance(runs, str | Path)
    return [str(run) for run in ([runs] if single else runs)]  # pyright: ignore[reportGeneralTypeIssues]


def console() -> Console:
    """Where a verb speaks: lines on standard error."""
    return PlainConsole(sys.stderr)
