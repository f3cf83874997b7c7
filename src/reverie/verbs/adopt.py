"""Make a run of any encoder from elsewhere, by its codes of chosen recordings."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.files import sha256
from reverie.core.run import Run, check_free
from reverie.data.batches import to_frames
from reverie.data.store import DataSet, open_data
from reverie.engine.checkpoint import write_tensors
from reverie.verbs.load import codes_file

Encode = Callable[[torch.Tensor], Any]
"""Frames (batch, channel, height, width), float in [0, 1], to codes: a tensor or an array, batch first."""
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class AdoptJob(Config):
    """Which encoder is adopted, and the recordings that it will be asked about."""

    encoder: str
    """An ONNX file, a layer of a feature network such as squeezenet@fire3, or, from Python, any name."""
    data: tuple[Path, ...]
    """Recordings whose frames are encoded."""
    pool: int = 4
    """Features with rows and columns are averaged over a grid of so many by so many places."""

    def __post_init__(self) -> None:
        self.check_positive("pool")
        if not self.data:
            raise WrongInput("name at least one data set whose frames are to be encoded")


def adopt(encode: Encode, job: AdoptJob, folder: Path, console: Console = QUIET) -> dict[str, Any]:
    """Encode every frame of the recordings into a new run folder; what it holds, as numbers.

    The encoder itself is not kept: it may be anything that turns frames into numbers. Raises WrongInput for
    recordings of several frame shapes, and an encoder whose answer is no finite code for each frame.
    """
    check_free(folder)
    recordings = [open_data(path) for path in job.data]
    shapes = {data.frame_shape for data in recordings}
    if len(shapes) > 1:
        raise WrongInput(f"the recordings have frames of several shapes ({', '.join(map(str, shapes))})")
    began = time.monotonic()
    with _frozen(encode):
        size = _codes(encode, recordings[0], np.arange(1), job).shape[1]
        uses = {"data": None, "env": None, "frame_shape": recordings[0].frame_shape}
        run = Run.create(folder, "adopt", {"method": job.encoder, **vars(job)}, uses)
        try:
            for data in recordings:
                _encode_all(encode, data, (job, run), console)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # without all codes it is no run
            raise
    files = [codes_file(folder, data) for data in recordings]
    return run.finish(
        {
            "code_size": size,
            "frames": sum(data.frame_count for data in recordings),
            "seconds": round(time.monotonic() - began, 1),
            "sha256": {file.relative_to(folder).as_posix(): sha256(file) for file in files},
        }
    )


def _encode_all(encode: Encode, data: DataSet, work: tuple[AdoptJob, Run], console: Console) -> None:
    job, run = work
    rows = np.arange(data.frame_count)
    with console.track(f"encode {data.path}", len(rows)) as tracker:

        def parts() -> Iterator[np.ndarray]:
            for start in range(0, len(rows), BATCH):
                yield _codes(encode, data, rows[start : start + BATCH], job)
                tracker.advance(min(BATCH, len(rows) - start))

        codes = np.concatenate(list(parts()))
    file = codes_file(run.folder, data)
    file.parent.mkdir(exist_ok=True)
    write_tensors(file, {"codes": torch.from_numpy(codes)})


@torch.no_grad()
def _codes(encode: Encode, data: DataSet, rows: np.ndarray, job: AdoptJob) -> Float32[np.ndarray, "row unit"]:
    """The codes of some frames, or WrongInput where the encoder gives something else."""
    found = torch.as_tensor(encode(to_frames(data.pixels[rows]))).detach().to("cpu", torch.float32)
    if found.ndim < 2 or len(found) != len(rows):
        shape = tuple(found.shape)
        raise WrongInput(
            f"{job.encoder} made {shape} of {len(rows)} frames; it must give a code for each of them"
        )
    if found.ndim == 4:
        found = nn.functional.adaptive_avg_pool2d(
            found, (min(job.pool, found.shape[2]), min(job.pool, found.shape[3]))
        )
    codes = found.flatten(1)
    if not codes.isfinite().all():
        raise WrongInput(f"the codes of {job.encoder} are not all numbers; nothing was adopted")
    return codes.numpy()


@contextmanager
def _frozen(encode: Any) -> Iterator[None]:
    """A module is in evaluation mode for as long as it encodes, and as it was afterwards."""
    training = isinstance(encode, nn.Module) and encode.training
    if training:
        encode.eval()
    try:
        yield
    finally:
        if training:
            encode.train()
