"""Doors to what acts: train."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from reverie.cli.answer import Answer
from reverie.core.console import Console, counted


@dataclass(frozen=True)
class _Where:
    """What is trained on, and where to."""

    world_model: Path
    """Run folder of the world model in whose dream is trained."""
    run: Path
    """New folder for the run."""
    start: Path | None = None
    """Run of a controller of the same size, where the search begins; without one it begins at zero."""
    where: Annotated[Literal["dream", "env"], tyro.conf.arg(name="in")] = "dream"
    """Where candidates are scored: in the dream, or in the environment of the recordings."""


def train_door(word: str) -> Callable[..., Any]:
    """The door to `reverie train WORD`."""

    from reverie.core.family import config_of
    from reverie.core.searcher import ControllerConfig
    from reverie.engine.crew import ALONE, Crew
    from reverie.engine.evolve import EvolutionPlan
    from reverie.envs.dream import DreamConfig
    from reverie.verbs.train import Circumstances, TrainJob, train

    kind = config_of("agents", word, ControllerConfig)

    def door(
        where: _Where,
        agent: kind = kind(),  # pyright: ignore
        plan: EvolutionPlan = EvolutionPlan(),
        dream: DreamConfig = DreamConfig(),
        circumstances: Circumstances = Circumstances(),
        *,
        crew: Crew = ALONE,
    ):
        job = TrainJob(
            world_model=where.world_model, agent=agent, plan=plan, dream=dream, circumstances=circumstances,
            start=where.start, where=where.where,
        )  # fmt: skip

        def call(console: Console) -> Answer:
            result = train(job, where.run, console, crew)
            return Answer(_told(result, where.run), result)

        return call

    door.__doc__ = "Train a controller in the dream of a world model, or on its codes in the environment."
    return door


def _told(result: dict[str, Any], run: Path) -> str:
    place = "dream" if "dream" in result else "env"
    score, kind = result[place], {"dream": "new dream", "env": "new episode"}[place]
    took = f"{counted(result['generations'], 'generation')} in {result['seconds']} s"
    return (
        f"{run}: {took}; the mean of generation {score['generation']} gets {score['mean']:.4g} "
        f"± {score['deviation']:.4g} in {counted(score['episodes'], kind)}"
    )
