"""Train: a controller on a world model's codes, evolved in its dream, or in the environment."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.config import Config, from_json, to_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, word_of
from reverie.core.lock import alone
from reverie.core.run import Run, check_free
from reverie.core.searcher import ControllerConfig, Controllers, Fitness
from reverie.core.world_model import WorldModel
from reverie.data.sequences import CodedEpisodes
from reverie.engine.checkpoint import read_tensors
from reverie.engine.crew import ALONE, Crew
from reverie.engine.estimate import peak_memory
from reverie.engine.evolve import WEIGHTS, Evolution, EvolutionPlan, Outcome, evolve
from reverie.envs.dream import DreamConfig, dream
from reverie.verbs import _machine as machine
from reverie.verbs._recorded import split_recordings
from reverie.verbs.load import checksum
from reverie.verbs.load_model import LoadedModel, load_model, starts

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
    start: Path | None = None
    """Run of a controller of the same size, where the search begins; without one it begins at zero."""
    where: Literal["dream", "env"] = "dream"
    """Where candidates are scored: in the dream, or in the environment of the recordings."""


def train(job: TrainJob, folder: Path, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Train a controller into a new run folder; returns the run's result.

    The crew plays where candidates are scored in the environment; who plays changes no score.
    Raises WrongInput before work starts, BrokeWhileWorking when a score is not a number.
    """
    return resume_train(prepare(job, folder), console, crew)


def prepare(job: TrainJob, folder: Path) -> Run:
    """A new run folder with everything decided and nothing done yet: what `resume` can start from."""
    check_free(folder)
    threads = job.circumstances.threads or max(1, (os.cpu_count() or 2) // 2)
    job = replace(job, circumstances=replace(job.circumstances, threads=threads))
    model = load_model(job.world_model)
    controllers = controllers_of(job, model)
    if job.where == "env":
        from reverie.verbs._playing import world_maker

        world_maker(model.data)
    if job.start is not None:
        controllers.actor(read_parameters(Run.open(job.start))[None], 1)
    return Run.create(folder, "train", _to_json(job), _uses(job, model, controllers))


def resume_train(run: Run, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Continue from the newest whole checkpoint, to the same weights as if it had never stopped."""
    job = read_job(run)
    with alone(run.folder), machine.threads(job.circumstances.threads):
        model = load_model(job.world_model)
        controllers = controllers_of(job, model)
        for thing, value in to_json(_uses(job, model, controllers)).items():
            if run.job().get("uses", {}).get(thing) != value:
                what = thing.replace("_", " ")
                raise WrongInput(f"the {what} of {run.folder} changed since it began; train anew")
        with _fitness(job, model, console, crew) as (fitness, held_out):
            searcher = job.agent.searcher(controllers.size, _start(job))
            evolution = Evolution(searcher, fitness, held_out, job.circumstances.seed)
            return run.finish(_result(evolve(evolution, job.plan, run, console), job, controllers))


@contextmanager
def _fitness(
    job: TrainJob, model: LoadedModel, console: Console, crew: Crew
) -> Iterator[tuple[Fitness, Fitness]]:
    """What scores candidates, and what scores the mean."""
    if job.where == "env":
        from reverie.verbs._playing import Playing

        with crew.open(partial(stage_of, job), "group of episodes", console) as executor:
            yield Playing(executor), Playing(executor)
        return
    controllers = controllers_of(job, model)
    training, held_out = _episodes(model, console)
    dreaming = partial(Dreaming, job, model.world_model, controllers)
    yield dreaming(training), dreaming(held_out)


def stage_of(job: TrainJob, worker: int) -> Callable[[int, Any], Float[Tensor, " episode"]]:
    """What a worker does: play episodes of a candidate."""
    from reverie.envs.coded import Sight
    from reverie.verbs._playing import Stage, world_maker

    torch.set_num_threads(job.circumstances.threads)
    model = load_model(job.world_model)
    representation = model.representation.representation
    controllers = controllers_of(job, model)
    sight = Sight(representation, model.world_model)
    stage = Stage(world_maker(model.data), sight, model.action_space, job.dream.max_steps, [])

    def work(number: int, errand: Any) -> Float[Tensor, " episode"]:
        return stage.play(controllers.actor(errand.parameters[None], errand.count), errand)

    return work


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


def read_parameters(run: Run) -> Float[Tensor, " parameter"]:
    """Parameters of the controller of a finished run; WrongInput when its weights are altered."""
    read_job(run)
    file = run.folder / WEIGHTS
    parameters = read_tensors(file, checksum(run, file)).get("parameters")
    if parameters is None or parameters.ndim != 1 or not parameters.isfinite().all():
        raise WrongInput(f"{file} does not hold the parameters of a controller; train anew")
    return parameters


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


def _episodes(model: LoadedModel, console: Console) -> tuple[CodedEpisodes, CodedEpisodes]:
    """Episodes that the world model learnt from, and others; the same where none were kept."""
    kept = model.job.conditions.validation, model.job.conditions.seed
    training, held_out = split_recordings(model.recordings, model.representation, *kept, console=console)
    return training, training if held_out is None else held_out


def _start(job: TrainJob) -> Float[Tensor, " parameter"] | None:
    """Where the search begins, if not at zero."""
    return None if job.start is None else read_parameters(Run.open(job.start))


def _uses(job: TrainJob, model: LoadedModel, controllers: Controllers) -> dict[str, Any]:
    start = None if job.start is None else Run.open(job.start)
    return {
        "world_model": checksum(model.run, model.run.folder / WEIGHTS),
        "env": model.env,
        "parameters": controllers.size,
        "start": start and checksum(start, start.folder / WEIGHTS),
    }


def _result(outcome: Outcome, job: TrainJob, controllers: Controllers) -> dict[str, Any]:
    progress = outcome.progress
    told = {
        "generations": progress.generation,
        "episodes": progress.episodes,
        "parameters": controllers.size,
        "chosen_generation": outcome.chosen.generation,
        job.where: outcome.score,
        "held_out": progress.held_out,
        "seconds": round(progress.seconds, 1),
        "cpu_seconds": round(progress.cpu_seconds, 1),
        "peak_memory": peak_memory(),
        "sha256": outcome.sha256,
    }
    return to_json(told)


def _to_json(job: TrainJob) -> dict[str, Any]:
    return {"method": word_of(job.agent)} | to_json(job)
