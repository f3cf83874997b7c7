"""What a command says when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Text for people, a result for programs, an exit status."""

    text: str = ""
    result: Any = None
    status: int = 0


def pairs(result: Mapping[str, Any]) -> Answer:
    """A result as aligned lines of name and value; nested objects are left to programs."""
    shown = {name: value for name, value in result.items() if not isinstance(value, dict)}
    width = max(map(len, shown), default=0)
    lines = [f"{name.replace('_', ' '):<{width}}  {_flat(value)}" for name, value in shown.items()]
    return Answer("\n".join(lines), result)


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
