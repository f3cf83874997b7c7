"""Load: the trained part of a run, ready to encode."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from reverie.core.errors import WrongInput
from reverie.core.family import word_of
from reverie.core.posterior import Posterior
from reverie.core.representation import (
    AutoencoderConfig,
    EncoderOnly,
    Player,
    Representation,
    RepresentationConfig,
)
from reverie.core.run import Run
from reverie.core.shapes import Pixels, Rows
from reverie.data.batches import to_frames
from reverie.data.store import DataSet
from reverie.engine.checkpoint import read_tensors
from reverie.nn.features import Features
from reverie.verbs.fit import FitJob, build, read_job


@dataclass(frozen=True)
class Loaded:
    """A finished run's representation, in evaluation mode, and what it came from."""

    run: Run
    job: FitJob
    representation: Representation
    frame_shape: tuple[int, ...]
    description: dict[str, Any]
    """Method, reconstruction and feature network (None where there is none): what every output says."""

    @property
    def config(self) -> RepresentationConfig:
        """The method and its fields."""
        return self.job.representation

    @property
    def seed(self) -> int:
        """Seed of the fit."""
        return self.job.conditions.seed

    @property
    def own_data(self) -> Path:
        """The recordings that it learnt from."""
        return self.job.data

    def codes(self, data: DataSet, rows: Rows) -> Float32[np.ndarray, "row code"]:
        """Mean codes of some frames of a data set."""
        return encode_rows(self.representation, data.pixels, rows)


class Elsewhere(EncoderOnly):
    """An encoder that is not here, only what it made of some recordings."""

    def encode(self, frames: Any) -> Posterior:
        """Always WrongInput: an adopted run keeps codes, no encoder."""
        raise WrongInput("an adopted run keeps the codes of its recordings, not the encoder")

    def players(self) -> Sequence[Player]:
        """Nobody learns."""
        return ()


@dataclass(frozen=True)
class Adopted:
    """The codes that an encoder from elsewhere made of some recordings."""

    run: Run
    own_data: Path
    """The first recordings that it encoded."""
    frame_shape: tuple[int, ...]
    description: dict[str, Any]
    representation: Representation

    def codes(self, data: DataSet, rows: Rows) -> Float32[np.ndarray, "row code"]:
        """Codes of some frames of a data set; WrongInput unless these recordings were encoded."""
        file = codes_file(self.run.folder, data)
        if not file.is_file():
            raise WrongInput(
                f"{self.run.folder} has no codes of {data.path}; adopt the encoder anew, with these"
            )
        codes = read_tensors(file, checksum(self.run, file)).get("codes")
        if codes is None or codes.ndim != 2 or len(codes) != data.frame_count or not codes.isfinite().all():
            raise WrongInput(
                f"{file} does not hold a code for every frame of {data.path}; adopt the encoder anew"
            )
        return codes.numpy()[rows].astype(np.float32)


def codes_file(folder: Path, data: DataSet) -> Path:
    """Where an adopted run keeps the codes of a data set."""
    return folder / "codes" / f"{data.fingerprint[:16]}.safetensors"


def load_subject(folder: Path) -> Loaded | Adopted:
    """What a run folder has to show: a representation that was fitted, or codes that were adopted."""
    run = Run.open(folder)
    written = run.job()
    if written["verb"] != "adopt":
        return load(folder)
    run.result()
    job, shape = written["job"], _frame_shape(written["uses"], folder)
    data = job.get("data")
    if not isinstance(data, list) or not data or not all(isinstance(path, str) for path in data):
        raise WrongInput(f"the job of {folder} is damaged: it does not say which recordings were encoded")
    description = {"method": str(job.get("encoder")), "reconstruction": None, "feature_network": None}
    return Adopted(run, Path(data[0]), shape, description, Elsewhere())


def load(folder: Path, snapshot: Path | None = None) -> Loaded:
    """The representation of a finished run, or as it was at one of its snapshots.

    Raises WrongInput when the run is not finished, or its weights are missing, altered or of another shape.
    """
    run = Run.open(folder)
    job = read_job(run)
    file = snapshot or folder / "weights.safetensors"
    tensors = read_tensors(file, checksum(run, file))
    uses = run.job().get("uses", {})
    frame_shape = _frame_shape(uses, folder)
    representation = build(job.representation, frame_shape, job.conditions.seed)
    try:
        representation.load_state_dict(tensors)
    except RuntimeError:
        raise WrongInput(f"the weights in {file} do not fit the job of {folder}; fit the run anew") from None
    config = job.representation
    description = {
        "method": word_of(config),
        "reconstruction": config.reconstruction if isinstance(config, AutoencoderConfig) else None,
        "feature_network": uses.get("feature_network"),
    }
    return Loaded(run, job, representation.eval(), frame_shape, description)


def untrained(loaded: Loaded) -> Representation:
    """The representation as it was before its first step, with the frozen features that it had then too."""
    first = build(loaded.config, loaded.frame_shape, loaded.seed)
    for name, part in first.named_modules():
        if isinstance(part, Features):
            part.load_state_dict(loaded.representation.get_submodule(name).state_dict())
    return first.eval()


@torch.no_grad()
def encode_rows(
    representation: Representation, pixels: Pixels, rows: Rows, batch_size: int = 256
) -> Float32[np.ndarray, "row code"]:
    """Mean codes of some rows of a data set's pixels."""
    parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return np.concatenate([representation.encode(to_frames(pixels[part])).mean.numpy() for part in parts])


def checksum(run: Run, file: Path) -> str:
    """What the result says that a weight file's checksum is."""
    sums = run.result().get("sha256")
    name = file.relative_to(run.folder).as_posix()
    if not isinstance(sums, dict) or not isinstance(sums.get(name), str):
        raise WrongInput(f"the result of {run.folder} knows no weight file {name}; fit the run anew")
    return sums[name]


def _frame_shape(uses: Any, folder: Path) -> tuple[int, ...]:
    shape = uses.get("frame_shape") if isinstance(uses, dict) else None
    if not (
        isinstance(shape, list) and len(shape) == 3 and all(type(size) is int and size > 0 for size in shape)
    ):
        raise WrongInput(f"the job of {folder} is damaged: it does not say which frames it takes")
    return tuple(shape)
