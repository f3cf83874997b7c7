"""Model: the codes of a representation to a world model of their dynamics."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.config import Config, from_json, to_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, word_of
from reverie.core.lock import alone
from reverie.core.run import Run, check_free
from reverie.core.seeds import numpy_generator
from reverie.core.world_model import Surroundings, WorldModel, WorldModelConfig, action_size
from reverie.data.sequences import AllStretches, CodedEpisodes, RandomStretches, Stretch
from reverie.data.store import DataSet
from reverie.engine import fit as engine
from reverie.engine.board import on_board
from reverie.engine.checkpoint import read_tensors
from reverie.engine.estimate import peak_memory
from reverie.engine.plan import Plan
from reverie.verbs import _machine as machine
from reverie.verbs._forecast import forecast
from reverie.verbs._recorded import open_recordings, split_recordings
from reverie.verbs._sizes import check_model_size
from reverie.verbs.codes import code_size, encoder_hash
from reverie.verbs.fit import Conditions, resolved
from reverie.verbs.load import checksum, load_subject

PLAN = Plan(epochs=20, batch_size=48, schedule="cosine", final_learning_rate=1e-5, clip=1.0)
"""How a world model learns unless told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Sources(Config):
    """What a world model learns from beside its data set, and what it starts from."""

    more: tuple[Path, ...] = ()
    """Further data sets of the same environment, for instance what a controller met."""
    begin: Path | None = None
    """World-model run whose weights it starts from; without it they are random."""


@dataclass(frozen=True, kw_only=True)
class ModelJob(Config):
    """Which world model is fitted to which codes, and how."""

    representation: Path
    """Run folder of the representation that makes the codes."""
    data: Path
    """Folder of the data set."""
    model: WorldModelConfig
    """The method and its fields."""
    sources: Sources = field(default_factory=Sources)
    """What it learns from beside the data set, and what it starts from."""
    stretch: Stretch = field(default_factory=Stretch)
    """How stretches are cut out of episodes."""
    plan: Plan = PLAN
    """How the fit proceeds; a batch is so many stretches."""
    conditions: Conditions = field(default_factory=Conditions)
    """Under which conditions it runs."""

    @property
    def recordings(self) -> list[Path]:
        """Folders of all data sets that it learns from."""
        return [self.data, *self.sources.more]


def model(job: ModelJob, folder: Path, console: Console = QUIET) -> dict[str, Any]:
    """Fit a world model into a new run folder; returns the run's result.

    Raises WrongInput before work starts, BrokeWhileWorking when a loss is not a number.
    """
    return resume_model(prepare(job, folder), console)


def prepare(job: ModelJob, folder: Path) -> Run:
    """A new run folder with everything decided and nothing done yet: what `resume` can start from."""
    check_free(folder)
    job = replace(job, conditions=resolved(job.conditions))
    subject = load_subject(job.representation)
    recordings = open_recordings(job.recordings, subject)
    _check_validation(job, recordings)
    surroundings = _surroundings(code_size(subject, recordings[0]), recordings[0], np.zeros(1))
    check_model_size(job.model, surroundings)
    if job.sources.begin is not None:
        _begin(job, surroundings)
    return Run.create(folder, "model", _to_json(job), _uses(job, recordings))


def resume_model(run: Run, console: Console = QUIET) -> dict[str, Any]:
    """Continue from the newest whole checkpoint, to the same weights as if it had never stopped."""
    job = read_job(run)
    resolved(job.conditions)
    recordings = open_recordings(job.recordings, load_subject(job.representation))
    with alone(run.folder), machine.threads(job.conditions.threads):
        for thing, value in to_json(_uses(job, recordings)).items():
            if run.job().get("uses", {}).get(thing) != value:
                what = thing.replace("_", " ")
                raise WrongInput(f"the {what} of {run.folder} changed since it began; model anew")
        return _work(job, recordings, run, console)


def read_job(run: Run) -> ModelJob:
    """The job of a run that `model` made."""
    written = run.job()
    if written["verb"] != "model":
        raise WrongInput(f"{run.folder} was made by `reverie {written['verb']}`, not by `reverie model`")
    values = dict(written["job"])
    word = str(values.pop("method", ""))
    kind = config_of("worldmodels", word, WorldModelConfig)
    config = from_json(kind, values.get("model"), word)
    return from_json(ModelJob, values | {"model": config}, f"job of {run.folder}")


def build(config: WorldModelConfig, surroundings: Surroundings, seed: int) -> WorldModel:
    """A new world model whose first weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(numpy_generator(seed, "weights").integers(2**31)))
        return config.build(surroundings)


def _work(job: ModelJob, recordings: Sequence[DataSet], run: Run, console: Console) -> dict[str, Any]:
    conditions, plan = job.conditions, job.plan
    subject = load_subject(job.representation)
    training, validation = split_recordings(
        recordings, subject, conditions.validation, conditions.seed, console=console
    )
    surroundings = _surroundings(training.mean.shape[1], recordings[0], _rewards(training))
    module = _first(job, surroundings).to(conditions.device)
    setup = engine.Setup(
        module,
        module.players(),
        RandomStretches(training, job.stretch, plan.batch_size, conditions.seed),
        AllStretches(validation, job.stretch, plan.batch_size) if validation else None,
        conditions.seed,
        conditions.device,
        conditions.precision,
        conditions.compile,
    )
    with on_board(run, conditions.tensorboard):
        outcome = engine.fit(setup, plan, run, console)
    untrained = build(job.model, surroundings, conditions.seed).eval()
    told = forecast(module.cpu(), untrained, training, validation or training, stretch=job.stretch)
    clock = outcome.clock
    return run.finish(
        {
            "epochs": clock.epoch,
            "steps": clock.step,
            "best_epoch": clock.best_epoch + 1 if clock.history else None,
            "validation": clock.history,
            "training_steps": training.steps,
            "held_out_steps": validation.steps if validation else 0,
            "parameters": sum(part.numel() for part in module.parameters()),
            "forecast": told,
            "surroundings": to_json(surroundings),
            "seconds": round(clock.seconds, 1),
            "cpu_seconds": round(clock.cpu_seconds, 1),
            "peak_memory": peak_memory(),
            "sha256": outcome.sha256,
        }
    )


def _first(job: ModelJob, surroundings: Surroundings) -> WorldModel:
    """The world model before its first step."""
    module = build(job.model, surroundings, job.conditions.seed)
    if job.sources.begin is not None:
        # What is fitted starts where the other ended; the scale of the rewards is that of these recordings.
        own = dict(module.named_buffers())
        begin = _begin(job, surroundings)
        module.load_state_dict({name: own.get(name, tensor) for name, tensor in begin.items()})
    return module


def _begin(job: ModelJob, surroundings: Surroundings) -> dict[str, torch.Tensor]:
    """The weights to start from; WrongInput where they are of another world model, or of other codes."""
    assert job.sources.begin is not None
    run = Run.open(job.sources.begin)
    before = read_job(run)
    known = from_json(Surroundings, run.result().get("surroundings"), f"surroundings of {run.folder}")
    same = (known.code_size, known.action_size) == (surroundings.code_size, surroundings.action_size)
    if before.model != job.model or not same:
        raise WrongInput(f"{run.folder} is another world model than is to be fitted; use the same fields")
    file = run.folder / "weights.safetensors"
    return read_tensors(file, checksum(run, file))


def _check_validation(job: ModelJob, recordings: Sequence[DataSet]) -> None:
    none = job.conditions.validation == 0.0 or all(len(data) == 1 for data in recordings)
    if none and (job.plan.patience or job.plan.schedule == "plateau"):
        raise WrongInput(
            "patience and the plateau schedule need validation episodes: "
            "give --validation, and data of two episodes or more"
        )


def _surroundings(code_size: int, data: DataSet, rewards: np.ndarray) -> Surroundings:
    return Surroundings(
        code_size=code_size,
        action_size=action_size(data.manifest.action_space),
        reward_mean=float(rewards.mean()),
        reward_deviation=float(rewards.std()),
    )


def _rewards(episodes: CodedEpisodes) -> np.ndarray:
    """The rewards of real steps: what follows an episode's last frame is none."""
    last = episodes.first + episodes.lengths
    return np.delete(episodes.rewards.astype(np.float64), last)


def _uses(job: ModelJob, recordings: Sequence[DataSet]) -> dict[str, Any]:
    begin = job.sources.begin
    return {
        "data": [data.fingerprint for data in recordings],
        "env": recordings[0].env,
        "frame_shape": recordings[0].frame_shape,
        "representation": encoder_hash(Run.open(job.representation)),
        "begin": encoder_hash(Run.open(begin)) if begin else None,
    }


def _to_json(job: ModelJob) -> dict[str, Any]:
    return {"method": word_of(job.model)} | to_json(job)
