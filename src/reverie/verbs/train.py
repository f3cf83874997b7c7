"""Train: a controller on a world model's codes, evolved in its dream."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from reverie.core.config import Config, from_json, to_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, word_of
from reverie.core.lock import alone
from reverie.core.run import Run, check_free
from reverie.core.searcher import ControllerConfig, Controllers
from reverie.core.world_model import WorldModel
from reverie.data.sequences import CodedEpisodes
from reverie.engine.estimate import peak_memory
from reverie.engine.evolve import Evolution, EvolutionPlan, Outcome, evolve
from reverie.envs.dream import DreamConfig, dream
from reverie.verbs import _machine as machine
from reverie.verbs.load_model import LoadedModel, held_out_episodes, load_model, starts, training_episodes

MOST_THREADS = 1024


@dataclass(frozen=True, kw_only=True)
class Circumstances(Config):
    """Under which circumstances a controller is trained."""

    seed: int = 0
    """Everything random follows from it."""
    from_start: float = 0.5
    """Share of the dreams that begin with an episode; the others begin in the middle of one."""
    threads: int = 0
    """Threads of the computation; 0 is half of the cores. The same number gives the same bits."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        self.check_not_negative("seed", "threads")
        if not 0 <= self.from_start <= 1:
            raise WrongInput(f"from_start must be from 0 to 1, got {self.from_start}")
        if self.threads > MOST_THREADS:
            raise WrongInput(f"threads must be from 0 to {MOST_THREADS}, got {self.threads}")


@dataclass(frozen=True, kw_only=True)
class TrainJob(Config):
    """Which controller is trained on which world model, and how."""

    world_model: Path
    """Run folder of the world model."""
    agent: ControllerConfig
    """The method and its fields."""
    plan: EvolutionPlan = field(default_factory=EvolutionPlan)
    """How the evolution proceeds."""
    dream: DreamConfig = field(default_factory=DreamConfig)
    """How is dreamt."""
    circumstances: Circumstances = field(default_factory=Circumstances)
    """Under which circumstances."""


def train(job: TrainJob, folder: Path, console: Console = QUIET) -> dict[str, Any]:
    """Train a controller into a new run folder; returns the run's result.

    Raises WrongInput before work starts, BrokeWhileWorking when a score is not a number.
    """
    return resume_train(prepare(job, folder), console)


def prepare(job: TrainJob, folder: Path) -> Run:
    """A new run folder with everything decided and nothing done yet: what `resume` can start from."""
    check_free(folder)
    threads = job.circumstances.threads or max(1, (os.cpu_count() or 2) // 2)
    job = replace(job, circumstances=replace(job.circumstances, threads=threads))
    model = load_model(job.world_model)
    return Run.create(folder, "train", _to_json(job), _uses(model, controllers_of(job, model)))


def resume_train(run: Run, console: Console = QUIET) -> dict[str, Any]:
    """Continue from the newest whole checkpoint, to the same weights as if it had never stopped."""
    job = read_job(run)
    with alone(run.folder), machine.threads(job.circumstances.threads):
        model = load_model(job.world_model)
        controllers = controllers_of(job, model)
        for thing, value in to_json(_uses(model, controllers)).items():
            if run.job().get("uses", {}).get(thing) != value:
                what = thing.replace("_", " ")
                raise WrongInput(f"the {what} of {run.folder} changed since it began; train anew")
        evolution = Evolution(
            job.agent.searcher(controllers.size),
            Dreaming(job, model.world_model, controllers, training_episodes(model, console)),
            Dreaming(job, model.world_model, controllers, _held_out(model, console)),
            job.circumstances.seed,
        )
        return run.finish(_result(evolve(evolution, job.plan, run, console), controllers))


def read_job(run: Run) -> TrainJob:
    """The job of a run that `train` made."""
    written = run.job()
    if written["verb"] != "train":
        raise WrongInput(f"{run.folder} was made by `reverie {written['verb']}`, not by `reverie train`")
    values = dict(written["job"])
    word = str(values.pop("method", ""))
    config = from_json(config_of("agents", word, ControllerConfig), values.get("agent"), word)
    return from_json(TrainJob, values | {"agent": config}, f"job of {run.folder}")


def controllers_of(job: TrainJob, model: LoadedModel) -> Controllers:
    """The controllers among which is searched; WrongInput where they do not fit the world model."""
    world = model.world_model
    return job.agent.build(model.action_space, world.code_size, world.hidden_sizes)


@dataclass(frozen=True)
class Dreaming:
    """Fitness in a dream: what a controller gets in dreams that begin where recorded episodes were."""

    job: TrainJob
    world_model: WorldModel
    controllers: Controllers
    episodes: CodedEpisodes

    def __call__(
        self, candidates: Float[Tensor, "candidate parameter"], rollouts: int, seed: int
    ) -> Float[Tensor, "candidate rollout"]:
        """Return of each candidate in each dream; starts and noise are the same for all candidates."""
        share = self.job.circumstances.from_start
        begin = starts(self.world_model, self.episodes, rollouts, seed, from_start=share)
        actor = self.controllers.actor(candidates, rollouts)
        dreams = dream(self.world_model, begin, actor, self.job.dream, seed=seed, population=len(candidates))
        return dreams.returns


def _held_out(model: LoadedModel, console: Console) -> CodedEpisodes:
    """Episodes that the world model did not learn from, where some were kept; else all."""
    kept = model.job.conditions.validation > 0 and len(model.data) > 1
    return (held_out_episodes if kept else training_episodes)(model, console)


def _uses(model: LoadedModel, controllers: Controllers) -> dict[str, Any]:
    return {
        "world_model": model.run.result()["sha256"]["weights.safetensors"],
        "env": model.env,
        "parameters": controllers.size,
    }


def _result(outcome: Outcome, controllers: Controllers) -> dict[str, Any]:
    progress = outcome.progress
    told = {
        "generations": progress.generation,
        "episodes": progress.episodes,
        "parameters": controllers.size,
        "chosen_generation": outcome.chosen.generation,
        "dream": outcome.score,
        "held_out": progress.held_out,
        "seconds": round(progress.seconds, 1),
        "cpu_seconds": round(progress.cpu_seconds, 1),
        "peak_memory": peak_memory(),
        "sha256": outcome.sha256,
    }
    return to_json(told)


def _to_json(job: TrainJob) -> dict[str, Any]:
    return {"method": word_of(job.agent)} | to_json(job)
