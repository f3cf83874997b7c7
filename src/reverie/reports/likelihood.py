"""Log-likelihoods of runs in words: what a terminal shows of them beside the probe's table."""

from collections.abc import Sequence
from typing import Any


def format_likelihoods(results: Sequence[dict[str, Any]]) -> list[str]:
    """What a terminal shows of it; nothing where nobody asked."""
    asked = {result["run"]: result["log_likelihood"] for result in results if "log_likelihood" in result}
    if not asked:
        return []
    first = next(iter(asked.values()))
    lines = [
        "",
        f"log-likelihood of {first['frames']} test frames in nats a frame, bounded from below by "
        f"{first['samples']} samples;",
        "in brackets: 95 % intervals over test episodes",
    ]
    for name, found in asked.items():
        cells = [f"{word} {_shown(found[word])}" for word in ("bound", "elbo")]
        lines.append(f"{name[:28]:<28}  {'  '.join(cells)}")
    return lines


def _shown(part: dict[str, Any]) -> str:
    ends = ", ".join(f"{end:.2f}" for end in part["interval"] or ()) or "?"
    return f"{part['mean']:.2f} [{ends}]"
