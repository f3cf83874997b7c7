"""Chapter: a part of a page about one run, in sentences, charts and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Chart:
    """A drawing with the names of its lines."""

    picture: Markup
    names: Sequence[tuple[str, int]] = ()
    """Name and colour of each line; none where there is but one."""


@dataclass(frozen=True)
class Table:
    """Words in rows and columns; the first of each row names it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: Sequence[int] = ()
    """Rows that matter most."""


@dataclass(frozen=True)
class Chapter:
    """What is told under one heading, in this order."""

    heading: str
    text: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    picture: bytes = b""
    """A PNG file, the last thing shown."""
    notes: Sequence[str] = field(default=())
    """How to read it, below."""


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that matter; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}g}"
