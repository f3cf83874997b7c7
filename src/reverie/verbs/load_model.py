"""Load model: the world model of a run, with the representation whose codes it knows."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from reverie.core.config import from_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.core.world import ActionSpace
from reverie.core.world_model import Starts, Surroundings, WorldModel
from reverie.data.sequences import CodedEpisodes
from reverie.data.store import DataSet
from reverie.engine.checkpoint import read_tensors
from reverie.verbs._recorded import open_recordings, split_recordings
from reverie.verbs.codes import encoder_hash
from reverie.verbs.load import Adopted, Loaded, checksum, load_subject
from reverie.verbs.model import ModelJob, build, read_job

WARM_UP = 40
"""Recorded steps that warm up the hidden state of a start in the middle of an episode."""


@dataclass(frozen=True)
class LoadedModel:
    """A finished run's world model, in evaluation mode, and what it stands on."""

    run: Run
    job: ModelJob
    world_model: WorldModel
    surroundings: Surroundings
    representation: Loaded | Adopted
    action_space: ActionSpace
    env: str | None
    """Id of the environment that the recordings show."""
    recordings: list[DataSet] = field(repr=False)
    """What it learnt from; the first is the data set of its job."""

    @property
    def data(self) -> DataSet:
        """The data set of its job."""
        return self.recordings[0]


def load_model(folder: Path) -> LoadedModel:
    """The world model of a finished run.

    Raises WrongInput when the run is not finished or its weights are altered, and when its representation
    or recordings are gone, or not those that it learnt from.
    """
    run = Run.open(folder)
    job = read_job(run)
    file = folder / "weights.safetensors"
    tensors = read_tensors(file, checksum(run, file))
    surroundings = from_json(Surroundings, run.result().get("surroundings"), f"surroundings of {folder}")
    uses = run.job().get("uses", {})
    representation = _unchanged_representation(job.representation, uses.get("representation"), folder)
    recordings = _unchanged_recordings(job, representation, uses.get("data"), folder)
    world_model = build(job.model, surroundings, job.conditions.seed)
    try:
        world_model.load_state_dict(tensors)
    except RuntimeError:
        raise WrongInput(f"the weights in {file} do not fit the job of {folder}; model anew") from None
    space, env = recordings[0].manifest.action_space, recordings[0].env
    return LoadedModel(run, job, world_model.eval(), surroundings, representation, space, env, recordings)


def untrained_model(loaded: LoadedModel) -> WorldModel:
    """The world model as it was before its first step."""
    return build(loaded.job.model, loaded.surroundings, loaded.job.conditions.seed).eval()


def training_episodes(loaded: LoadedModel, console: Console = QUIET) -> CodedEpisodes:
    """The episodes that the world model learnt from, as beliefs about codes."""
    return _split(loaded, console)[0]


def held_out_episodes(loaded: LoadedModel, console: Console = QUIET) -> CodedEpisodes:
    """The episodes that it did not learn from; WrongInput where none were kept."""
    held = _split(loaded, console)[1]
    if held is None:
        raise WrongInput(f"{loaded.run.folder} kept no episodes for validation; model anew with --validation")
    return held


@torch.no_grad()
def starts(
    model: WorldModel, episodes: CodedEpisodes, count: int, seed: int, *, from_start: float = 0.5
) -> Starts:
    """So many places in recorded episodes where dreams may begin.

    A share `from_start` begins with an episode and the initial hidden state; the others begin at a random
    step, with a hidden state warmed up on the `WARM_UP` steps before. Codes on the way are drawn.
    """
    generator = numpy_generator(seed, "starts")
    at_start = round(count * from_start)
    firsts = episodes.first[generator.integers(len(episodes.first), size=at_start)]
    hidden = model.initial(at_start)
    parts = [(episodes.mean[firsts], episodes.deviation[firsts], hidden)]
    if count > at_start:
        parts.append(_warmed(model, episodes, count - at_start, generator))
    mean, deviation = (torch.from_numpy(np.concatenate([part[i] for part in parts])) for i in (0, 1))
    states = tuple(torch.cat(tensors) for tensors in zip(*(part[2] for part in parts), strict=True))
    return Starts(mean, deviation, states)


def _warmed(
    model: WorldModel, episodes: CodedEpisodes, count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, tuple[torch.Tensor, ...]]:
    """Starts in the middle: shorter warm-ups begin with the episode, where nothing came before."""
    ends_of = np.cumsum(episodes.lengths)
    steps = np.sort(generator.integers(episodes.steps, size=count))
    episode = np.searchsorted(ends_of, steps, side="right")
    within = steps - (ends_of - episodes.lengths)[episode]
    begin = np.maximum(within - WARM_UP, 0)
    rows = episodes.first[episode] + within
    hidden = tuple(torch.empty(count, size) for size in model.hidden_sizes)
    noise = torch_generator(int(generator.integers(2**31)), "warm up")
    for size in np.unique(within - begin):
        chosen = np.flatnonzero(within - begin == size)
        state = model.initial(len(chosen))
        if size:
            batch = episodes.cut(rows[chosen] - size, rows[chosen], rows[chosen])
            state, _ = model.follow(state, batch.codes(noise)[:, :-1], batch.actions)
        for whole, part in zip(hidden, state, strict=True):
            whole[torch.from_numpy(chosen)] = part
    return episodes.mean[rows], episodes.deviation[rows], hidden


def _split(loaded: LoadedModel, console: Console) -> tuple[CodedEpisodes, CodedEpisodes | None]:
    conditions = loaded.job.conditions
    return split_recordings(
        loaded.recordings, loaded.representation, conditions.validation, conditions.seed, console=console
    )


def _unchanged_representation(place: Path, expected: object, folder: Path) -> Loaded | Adopted:
    if not (place / "job.json").is_file():
        raise WrongInput(f"the representation {place} of {folder} is gone; put it back, or model anew")
    subject = load_subject(place)
    if encoder_hash(subject.run) != expected:
        raise WrongInput(f"the representation {place} changed since {folder} was fitted to it; model anew")
    return subject


def _unchanged_recordings(
    job: ModelJob, subject: Loaded | Adopted, expected: object, folder: Path
) -> list[DataSet]:
    for place in job.recordings:
        if not place.is_dir():
            raise WrongInput(f"the data set {place} of {folder} is gone; put it back, or model anew")
    found = open_recordings(job.recordings, subject)
    known = expected if isinstance(expected, list) else []
    for data, fingerprint in zip(found, [*known, *[None] * len(found)], strict=False):
        if data.fingerprint != fingerprint:
            raise WrongInput(f"the data set {data.path} changed since {folder} was fitted to it; model anew")
    return found
