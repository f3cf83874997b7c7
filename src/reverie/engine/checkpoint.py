"""Checkpoints: everything for a bit-exact resume, in safetensors and JSON, written whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.files import read_json, sha256, sync_folder, write_bytes, write_json
from reverie.core.run import Run

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state of a fit: tensors by group ("weights", "optimiser", "best", "generators") and counters."""

    tensors: Mapping[str, Mapping[str, Tensor]]
    counters: Mapping[str, Any]


def save(folder: Path, step: int, checkpoint: Checkpoint) -> None:
    """Write a checkpoint under a temporary name, sync it, rename it; keep the last two."""
    place = folder / f"step-{step:09d}"
    temporary = folder / f"step-{step:09d}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    sums = {}
    for group, tensors in checkpoint.tensors.items():
        file = temporary / f"{group}.safetensors"
        write_tensors(file, tensors)
        sums[group] = sha256(file)
    state = {"sha256": sums, "counters": dict(checkpoint.counters)}
    write_json(temporary / "state.json", state | {"digest": _digest(state)})
    shutil.rmtree(place, ignore_errors=True)
    temporary.rename(place)
    sync_folder(folder)
    for old in places(folder)[KEPT:]:
        shutil.rmtree(old)


def write_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file atomically; a full disk is an OSError that names the file."""
    write_bytes(file, to_bytes({name: tensor.contiguous() for name, tensor in tensors.items()}))


def places(folder: Path) -> list[Path]:
    """Checkpoints in a folder, the newest first."""
    return sorted((place for place in folder.glob("step-*[0-9]") if place.is_dir()), reverse=True)


def newest(folder: Path, console: Console) -> Checkpoint | None:
    """The newest whole checkpoint; a damaged one is named, and the one before it used.

    None when there is none at all; WrongInput when every one is damaged.
    """
    found = places(folder)
    for place in found:
        try:
            return read(place)
        except WrongInput as error:
            console.warn(f"{error}; using the checkpoint before it")
    if found:
        raise WrongInput(f"no checkpoint in {folder} is whole; remove the run and fit again")
    return None


def read(place: Path) -> Checkpoint:
    """Read one checkpoint; WrongInput names the file that is missing, truncated or altered."""
    state = read_json(place / "state.json", f"state of checkpoint {place.name}")
    given = state.pop("digest", None) if isinstance(state, dict) else None
    if given is None or given != _digest(state):
        raise WrongInput(f"the checkpoint file {place / 'state.json'} is altered")
    sums, counters = state.get("sha256"), state.get("counters")
    if not (isinstance(sums, dict) and isinstance(counters, dict)):
        raise WrongInput(f"the checkpoint file {place / 'state.json'} has no checksums or counters")
    if not all(isinstance(total, str) for total in sums.values()):
        raise WrongInput(f"the checkpoint file {place / 'state.json'} has no checksums or counters")
    tensors = {group: read_tensors(_inside(place, group), total) for group, total in sums.items()}
    return Checkpoint(tensors, counters)


def read_tensors(file: Path, expected_sha256: str | None = None) -> dict[str, Tensor]:
    """Read a safetensors file; WrongInput when it is missing, truncated or altered."""
    if not file.is_file():
        raise WrongInput(f"the weight file {file} is missing")
    if expected_sha256 is not None and sha256(file) != expected_sha256:
        raise WrongInput(f"the weight file {file} is altered or truncated")
    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise WrongInput(f"the weight file {file} is damaged ({str(error)[:80]})") from None


def optimiser_tensors(optimisers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The tensors of all optimisers, named player/parameter/entry."""
    return {
        f"{player}/{index}/{entry}": tensor
        for player, optimiser in optimisers.items()
        for index, entries in optimiser.state_dict()["state"].items()
        for entry, tensor in entries.items()
    }


def restore_optimisers(
    optimisers: Mapping[str, torch.optim.Optimizer], tensors: Mapping[str, Tensor]
) -> None:
    """Put saved tensors back into freshly made optimisers."""
    for player, optimiser in optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            owner, index, entry = name.rsplit("/", 2)
            if owner == player:
                state.setdefault(int(index), {})[entry] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def clear_halves(folder: Path) -> None:
    """Remove what a kill or a full disk left half-written."""
    for half in folder.glob("*.tmp"):
        shutil.rmtree(half)


def cut_events(run: Run, size: Any) -> None:
    """Cut off what was written to the log of a run after its checkpoint, when it had `size` bytes.

    WrongInput when the log is no file, or the size no size.
    """
    events = run.folder / "events.jsonl"
    if events.exists() and not events.is_file():
        raise WrongInput(f"{events} is not a file; remove it")
    if type(size) is not int or size < 0:
        raise WrongInput(
            f"the checkpoint of {run.folder} is damaged: its log has {size!r} bytes; remove the run"
        )
    if events.exists() and events.stat().st_size > size:
        with events.open("rb+") as file:
            file.truncate(size)


def _digest(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _inside(place: Path, group: str) -> Path:
    if not group.isidentifier():
        raise WrongInput(f"the checkpoint {place} names the group {group!r}, which no checkpoint has")
    return place / f"{group}.safetensors"
