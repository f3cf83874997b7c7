"""Fit: frames of a data set to a representation."""

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
from reverie.core.representation import Representation, RepresentationConfig, Term
from reverie.core.run import Run, check_free
from reverie.core.seeds import numpy_generator
from reverie.core.term import Materials
from reverie.data.batches import Batches
from reverie.data.pairs import Pairs, first_rows
from reverie.data.splits import rows_of, split_episodes
from reverie.data.store import DataSet, open_data
from reverie.engine import fit as engine
from reverie.engine.board import on_board
from reverie.engine.estimate import peak_memory
from reverie.engine.plan import Plan
from reverie.engine.ranks import Ranks, check_splits
from reverie.nn.feature_networks.network import FeatureNetwork
from reverie.ops.collapse import collapsed_units
from reverie.terms import parse
from reverie.verbs import _machine as machine
from reverie.verbs._conditions import Conditions, resolved
from reverie.verbs._sizes import check_size
from reverie.verbs._together import check_processes, together
from reverie.verbs.feature_network import feature_network

SAMPLE = 1000
"""Frames that data-dependent terms and the check for collapsed units look at."""


@dataclass(frozen=True, kw_only=True)
class FitJob(Config):
    """Which representation is fitted to which data, and how."""

    data: Path
    """Folder of the data set."""
    representation: RepresentationConfig
    """The method and its fields."""
    plan: Plan = field(default_factory=Plan)
    """How the fit proceeds."""
    conditions: Conditions = field(default_factory=Conditions)
    """Under which conditions it runs."""
    processes: int = 1
    """Processes of this machine that split every batch; more change weights by rounding alone."""


def fit(job: FitJob, folder: Path, console: Console = QUIET) -> dict[str, Any]:
    """Fit a representation into a new run folder; returns the run's result.

    Raises WrongInput before work starts, BrokeWhileWorking when a loss is not a number.
    """
    return resume_fit(prepare(job, folder, console), console)


def prepare(job: FitJob, folder: Path, console: Console = QUIET) -> Run:
    """A new run folder with everything decided and nothing done yet: what `resume` can start from."""
    check_free(folder)
    job = decided(job)
    data = open_data(job.data)
    check_size(job.representation, data.frame_shape)
    if job.processes > 1:
        check_splits(build(job.representation, data.frame_shape, seed=0))
    if not data.manifest.complete:
        console.warn(
            f"the capture of {job.data} is not complete; complete it with: reverie resume {job.data}"
        )
    return Run.create(folder, "fit", _to_json(job), _uses(data, _term(job, data, console)[1]))


def resume_fit(run: Run, console: Console = QUIET) -> dict[str, Any]:
    """Continue a fit from its newest whole checkpoint, to the same weights as if it had never stopped."""
    job = decided(read_job(run))
    data = open_data(job.data)
    with alone(run.folder), machine.threads(job.conditions.threads):
        term, networks = _term(job, data, console)
        for thing, value in to_json(_uses(data, networks)).items():
            if run.job().get("uses", {}).get(thing) != value:
                what = thing.replace("_", " ")
                raise WrongInput(f"the {what} of {run.folder} changed since it began; fit a new run")
        return _work(_Lesson(job, data, term), run, console)


def check_same(job: FitJob, run: Run) -> None:
    """Refuse to take the run of another job for this one's; WrongInput names the first difference."""
    wanted = to_json(_to_json(decided(job)))
    # Read as a job: fields that did not exist when it was written have their defaults.
    written = to_json(_to_json(read_job(run)))
    for part, value in wanted.items():
        if written.get(part) != value:
            found = written.get(part)
            raise WrongInput(
                f"{run.folder} was fitted with {part} {found}, not {value}; remove it to begin anew"
            )


def read_job(run: Run) -> FitJob:
    """The job of a run that `fit` made."""
    written = run.job()
    if written["verb"] != "fit":
        raise WrongInput(f"{run.folder} was made by `reverie {written['verb']}`, not by `reverie fit`")
    values = dict(written["job"])
    word = values.pop("method", "")
    kind = config_of("representations", str(word), RepresentationConfig)
    config = from_json(kind, values.get("representation"), str(word))
    return from_json(FitJob, values | {"representation": config}, f"job of {run.folder}")


def build(
    config: RepresentationConfig, frame_shape: tuple[int, ...], seed: int, term: Any = None
) -> Representation:
    """A new representation whose first weights depend on the seed alone; WrongInput for one too large."""
    check_size(config, frame_shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(numpy_generator(seed, "weights").integers(2**31)))
        return config.build(frame_shape, term)


@dataclass(frozen=True)
class _Lesson:
    """A job with its data opened and its reconstruction term built, where it has one."""

    job: FitJob
    data: DataSet
    term: Term | None


def _setup(lesson: _Lesson, training: np.ndarray, validation: np.ndarray) -> engine.Setup:
    job, data, conditions = lesson.job, lesson.data, lesson.job.conditions
    module = build(job.representation, data.frame_shape, conditions.seed, lesson.term).to(conditions.device)
    return engine.Setup(
        module,
        module.players(),
        _batches(lesson, module.pair_gap, training, conditions.workers),
        _batches(lesson, module.pair_gap, validation, workers=0) if len(validation) else None,
        conditions.seed,
        conditions.device,
        conditions.precision,
        conditions.compile,
    )


def _work(lesson: _Lesson, run: Run, console: Console) -> dict[str, Any]:
    job, data = lesson.job, lesson.data
    training, validation = _rows(job, data)
    setup = _setup(lesson, training, validation)
    with on_board(run, job.conditions.tensorboard), together(run, job.processes, _follow) as ranks:
        outcome = engine.fit(ranks.split(setup), job.plan, run, console)
    module: Any = setup.module
    collapsed = _collapsed(module, data, validation if len(validation) else training)
    if collapsed:
        names = "all" if len(collapsed) == module.code_size else ", ".join(map(str, collapsed))
        text = (
            f"units carry nothing ({names} of {module.code_size}): they collapsed, or had too little training"
        )
        run.emit(event="warning", text=text)
        console.warn(f"{run.name}: {text}")
    return run.finish(_result(outcome, module, collapsed, len(training)))


def _follow(run: Run, ranks: Ranks) -> None:
    """Fit as one of several ranks; what is written into this run is thrown away."""
    job = decided(read_job(run))
    data = open_data(job.data)
    with machine.threads(job.conditions.threads):
        setup = _setup(_Lesson(job, data, _term(job, data, QUIET)[0]), *_rows(job, data))
        engine.fit(ranks.split(setup), job.plan, run, QUIET)


def _batches(lesson: _Lesson, gap: int | None, rows: np.ndarray, workers: int) -> Batches | Pairs:
    """Batches of the frames in these rows, or of their pairs for a method that learns from pairs."""
    data, size, seed = lesson.data, lesson.job.plan.batch_size, lesson.job.conditions.seed
    if gap is None:
        return Batches(data.pixels, rows, size, seed, workers)
    return Pairs(data.pixels, first_rows(data.episode_of, rows, gap), gap, size, seed, workers)


def _result(
    outcome: engine.Outcome, module: Representation, collapsed: list[int], frames: int
) -> dict[str, Any]:
    clock = outcome.clock
    return {
        "epochs": clock.epoch,
        "steps": clock.step,
        "best_epoch": clock.best_epoch + 1 if clock.history else None,
        "validation": clock.history,
        "training_frames": frames,
        "parameters": sum(part.numel() for part in module.parameters()),
        "collapsed_units": collapsed,
        "seconds": round(clock.seconds, 1),
        "cpu_seconds": round(clock.cpu_seconds, 1),
        "peak_memory": peak_memory(),
        "sha256": outcome.sha256,
    }


def decided(job: FitJob) -> FitJob:
    """The job with its conditions resolved for all its processes; WrongInput for what cannot be had."""
    conditions = resolved(job.conditions)
    check_processes(job.processes, conditions.device, conditions.compile)
    if not job.conditions.threads:
        conditions = replace(conditions, threads=max(1, conditions.threads // job.processes))
    return replace(job, conditions=conditions)


def _rows(job: FitJob, data: DataSet) -> tuple[np.ndarray, np.ndarray]:
    part = job.conditions.validation if len(data) > 1 else 0.0
    training, validation = split_episodes(len(data), (1 - part, part), job.conditions.seed)
    rows = rows_of(data, training)
    if part == 0.0 and (job.plan.patience or job.plan.schedule == "plateau"):
        raise WrongInput(
            "patience and the plateau schedule need validation frames: "
            "give --validation, and data of two episodes or more"
        )
    if not len(rows):
        raise WrongInput(f"{job.data} shows nothing to learn from: it has no visible frames for training")
    return rows, rows_of(data, validation)


def _sample(rows: np.ndarray, seed: int) -> np.ndarray:
    chosen = numpy_generator(seed, "sample").permutation(len(rows))[:SAMPLE]
    return np.sort(rows[chosen])


def _term(job: FitJob, data: DataSet, console: Console) -> tuple[Term | None, list[FeatureNetwork]]:
    """The reconstruction term, where the method rebuilds, and the feature networks that it asked for."""
    config, conditions, asked = job.representation, job.conditions, []
    if config.term is None:
        return None, asked

    def find(name: str) -> FeatureNetwork:
        asked.append(feature_network(name, console, conditions.download))
        return asked[-1]

    sample = data.pixels[_sample(_rows(job, data)[0], conditions.seed)]
    term = parse(config.term).build(Materials(find, sample, conditions.device))
    return term, asked


def _uses(data: DataSet, networks: list[FeatureNetwork]) -> dict[str, Any]:
    described = networks[0].description if networks else None
    return {
        "data": data.fingerprint,
        "env": data.env,
        "frame_shape": data.frame_shape,
        "feature_network": described,
    }


@torch.no_grad()
def _collapsed(module: Representation, data: DataSet, rows: np.ndarray) -> list[int]:
    frames = next(Batches(data.pixels, rows, min(len(rows), SAMPLE), 0).epoch(0))
    posterior = module.cpu().encode(frames)
    return collapsed_units(posterior.mean, posterior.kl())


def _to_json(job: FitJob) -> dict[str, Any]:
    return {"method": word_of(job.representation)} | to_json(job)
