"""Doors to world models: model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie.cli.answer import Answer
from reverie.core.console import Console, counted


@dataclass(frozen=True)
class _Where:
    """What is modelled, and where to."""

    representation: Path
    """Run folder of the representation that makes the codes."""
    data: Path
    """Folder of the data set."""
    run: Path
    """New folder for the run."""
    more: tuple[Path, ...] = ()
    """Further data sets of the same environment, for instance what a controller met."""
    begin: Path | None = None
    """World-model run whose weights it starts from; without it they are random."""


def model_door(word: str) -> Callable[..., Any]:
    """The door to `reverie model WORD`."""

    from reverie.core.family import config_of
    from reverie.core.world_model import WorldModelConfig
    from reverie.data.sequences import Stretch
    from reverie.engine.plan import Plan
    from reverie.verbs.fit import Conditions
    from reverie.verbs.model import PLAN, ModelJob, Sources
    from reverie.verbs.model import model as verb

    kind = config_of("worldmodels", word, WorldModelConfig)

    def door(
        where: _Where,
        model: kind = kind(),  # pyright: ignore
        stretch: Stretch = Stretch(),
        plan: Plan = PLAN,
        conditions: Conditions = Conditions(),
    ):
        sources = Sources(more=where.more, begin=where.begin)
        job = ModelJob(
            representation=where.representation, data=where.data, model=model, sources=sources,
            stretch=stretch, plan=plan, conditions=conditions,
        )  # fmt: skip

        def call(console: Console) -> Answer:
            result = verb(job, where.run, console)
            return Answer(_told(result, where.run), result)

        return call

    door.__doc__ = "Fit a world model to the codes that a representation makes of a data set."
    return door


def _told(result: dict[str, Any], run: Path) -> str:
    forecast = result["forecast"]
    nats, end = forecast["nats_per_unit"], forecast["end"]
    where = "held-out" if result["held_out_steps"] else "its own"
    lines = [
        f"{run}: {counted(result['epochs'], 'epoch')} in {result['seconds']} s",
        f"nats per unit of the next code, {where} episodes (less is better):",
        *(f"  {name.replace('_', ' '):<14}{_number(value)}" for name, value in nats.items()),
    ]
    if end["auc"] is not None:
        happened, expected = end["happened"], end["expected"]
        lines.append(f"end: AUC {end['auc']:.3f}, {happened:.0f} happened, {expected:.1f} expected")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:8.3f}"


def audit_door() -> Callable[..., Any]:
    """The door to `reverie audit`."""

    from reverie.engine.crew import Crew
    from reverie.verbs.audit import AuditJob, audit

    def door(job: AuditJob, crew: Crew = Crew()):
        def call(console: Console) -> Answer:
            result = audit(job, console, crew)
            return Answer(_audited(result), result)

        return call

    door.__doc__ = "Compare the dreams of a world model with reality, before anything is trained in them."
    return door


def _audited(result: dict[str, Any]) -> str:
    lines = [f"length of episodes, {result['episodes']} each, at most {result['max_steps']} steps:"]
    rows = [("policy", "temperature", "dreamt", "real", "ratio")]
    rows += [
        (
            row["policy"],
            f"{row['temperature']:g}",
            f"{row['dreamt']['length']:.0f}",
            f"{row['real']['length']:.0f}",
            f"{row['ratio']:.2f}" + ("" if row["fine"] else " !"),
        )
        for row in result["known"]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += [
        "  " + "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)) for row in rows
    ]
    strange = result["strangeness"]
    lines.append("distance of dreamt codes to recorded ones, in that of held-out ones:")
    lines += [f"  temperature {heat}: {_number(found['ratio'])}" for heat, found in strange.items()]
    return "\n".join([*lines, f"nearest to reality: temperature {result['temperature']:g}"])
