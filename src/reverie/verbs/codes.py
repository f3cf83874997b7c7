"""Codes: what an encoder believes about every frame of a data set, worked out once and kept."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.files import read_json, sha256, write_json
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import Representation
from reverie.core.run import Run
from reverie.data.batches import to_frames
from reverie.data.store import DataSet
from reverie.engine.checkpoint import read_tensors, write_tensors
from reverie.verbs.load import Adopted, Loaded

BATCH = 256

Beliefs = tuple[Float32[np.ndarray, "frame code"], Float32[np.ndarray, "frame code"]]
"""Mean and standard deviation of the belief about the code of each frame; deviation 0 where it is certain."""


def encoder_hash(run: Run) -> str:
    """What tells one encoder from another: the checksum of its weights; WrongInput for a damaged result."""
    sums = run.result().get("sha256")
    if not isinstance(sums, dict) or not sums:
        raise WrongInput(f"the result of {run.folder} names no weights; fit the run anew")
    name = "weights.safetensors"
    return str(sums.get(name) or sums[sorted(sums)[0]])


def beliefs(subject: Loaded | Adopted, data: DataSet, console: Console = QUIET) -> Beliefs:
    """What the encoder of a run believes about every frame of a data set.

    Kept in the run's `codes/`, named by the checksums of the recordings and of the encoder's weights, and
    compared with its own checksum when it is read. Where the run cannot be written to, it is worked out anew.
    Raises WrongInput for frames of another shape than the encoder's.
    """
    check_frames(subject, data)
    if isinstance(subject, Adopted):
        means = subject.codes(data, np.arange(data.frame_count))
        return means, np.zeros_like(means)
    file = _place(subject, data)
    kept = _kept(file, data, console)
    if kept is not None:
        return kept
    worked_out = _encode(subject, data, console)
    with suppress(OSError):
        _keep(file, worked_out)
    return worked_out


@torch.no_grad()
def belief(
    representation: Representation, frames: Float[torch.Tensor, "frame channel height width"]
) -> tuple[Float[torch.Tensor, "frame code"], Float[torch.Tensor, "frame code"]]:
    """Mean and standard deviation of what an encoder believes about the code of each frame."""
    posterior: Any = representation.encode(frames)
    mean = posterior.mean.flatten(1)
    if isinstance(posterior, DiagonalGaussian):
        return mean, torch.exp(0.5 * posterior.log_variance).flatten(1)
    return mean, torch.zeros_like(mean)


def check_frames(subject: Loaded | Adopted, data: DataSet) -> None:
    """Refuse recordings whose frames the encoder cannot see."""
    if tuple(subject.frame_shape) != tuple(data.frame_shape):
        wanted, got = (" x ".join(map(str, shape)) for shape in (subject.frame_shape, data.frame_shape))
        raise WrongInput(
            f"{subject.run.folder} encodes frames of {wanted}, and {data.path} has {got}; "
            "capture with the same --size and --frame-stack"
        )


def code_size(subject: Loaded | Adopted, data: DataSet) -> int:
    """Numbers in a code of these frames."""
    if isinstance(subject, Adopted):
        return subject.codes(data, np.arange(1)).shape[1]
    return subject.representation.code_size


def _place(loaded: Loaded, data: DataSet) -> Path:
    name = f"beliefs-{data.fingerprint[:16]}-{encoder_hash(loaded.run)[:16]}.safetensors"
    return loaded.run.folder / "codes" / name


def _kept(file: Path, data: DataSet, console: Console) -> Beliefs | None:
    note = file.with_suffix(".json")
    if not (file.is_file() and note.is_file()):
        return None
    try:
        written = read_json(note, f"note of {file.name}")
        found = read_tensors(file, written.get("sha256") if isinstance(written, dict) else "")
    except WrongInput as error:
        console.warn(f"{error}; encoding anew")
        return None
    parts = tuple(found[name].numpy() for name in ("mean", "deviation") if name in found)
    fine = len(parts) == 2 and all(part.ndim == 2 and len(part) == data.frame_count for part in parts)
    return (parts[0], parts[1]) if fine else None


def _keep(file: Path, found: Beliefs) -> None:
    file.parent.mkdir(exist_ok=True)
    write_tensors(file, {"mean": torch.from_numpy(found[0]), "deviation": torch.from_numpy(found[1])})
    write_json(file.with_suffix(".json"), {"sha256": sha256(file)})


def _encode(loaded: Loaded, data: DataSet, console: Console) -> Beliefs:
    representation, count = loaded.representation, data.frame_count
    mean = np.empty((count, representation.code_size), dtype=np.float32)
    deviation = np.zeros_like(mean)
    with console.track(f"encode {data.path.name}", count) as tracker:
        for start in range(0, count, BATCH):
            rows = slice(start, min(start + BATCH, count))
            found = belief(representation, to_frames(np.array(data.pixels[rows])))
            mean[rows], deviation[rows] = (part.numpy() for part in found)
            tracker.advance(rows.stop - rows.start, "frames")
    return mean, deviation
