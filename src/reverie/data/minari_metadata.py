"""Metadata of a Minari data set, read with suspicion: what it holds, and where it comes from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args

import numpy as np

from reverie.core.episode import Ending
from reverie.core.errors import WrongInput
from reverie.core.files import read_json
from reverie.core.world import ActionSpace, Factor

METADATA = "metadata.json"
LARGEST = 1 << 27
MOST_EPISODES = 1 << 24
MOST_FACTORS = 1 << 14
LARGEST_FLOAT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Metadata:
    """What Minari says of a data set; what only the house format knows is empty for others' sets."""

    episodes: int
    jpeg: bool
    """Whether pictures are packed as JPEG files."""
    action_space: ActionSpace
    first_action: int
    source: dict[str, Any]
    factors: tuple[Factor, ...]
    endings: tuple[Ending, ...]


def read_metadata(folder: Path) -> Metadata:
    """The metadata of a local data set; WrongInput, in one sentence, for what cannot be."""
    file = folder / METADATA
    if not file.is_file():
        raise WrongInput(f"no Minari data set at {folder}: it has no {METADATA}")
    if file.stat().st_size > LARGEST:
        _refuse(file, f"it is {file.stat().st_size} bytes long")
    content = read_json(file, f"Minari metadata of {folder}")
    if not isinstance(content, dict):
        _refuse(file, "it is no object")
    if content.get("data_format", "hdf5") != "hdf5":
        _refuse(file, f"its data_format is {str(content['data_format'])[:40]!r}; Reverie reads 'hdf5'")
    count = _whole(content.get("total_episodes"), MOST_EPISODES, "total_episodes", file)
    if not count:
        _refuse(file, "it has no episodes")
    space, first = _action_space(content.get("action_space"), file)
    source, factors, endings = _house(content, count, file)
    jpeg = content.get("jpeg_encoding", True) is not False
    return Metadata(count, jpeg, space, first, source, factors, endings)


def _house(
    content: dict[str, Any], count: int, file: Path
) -> tuple[dict[str, Any], tuple[Factor, ...], tuple[Ending, ...]]:
    """Source, factors and endings, where Reverie wrote the data set."""
    house = content.get("reverie")
    if not isinstance(house, dict):
        spec = _json(content.get("env_spec"), file) if "env_spec" in content else {}
        env = spec.get("id") if isinstance(spec, dict) else None
        about = {"dataset_id": str(content.get("dataset_id", ""))[:200], "env": env and str(env)[:200]}
        return {"minari": about}, (), ()
    source, factors, endings = (house.get(name) for name in ("source", "factors", "endings"))
    if not isinstance(source, dict):
        _refuse(file, "its source is no object")
    if not isinstance(factors, list) or len(factors) > MOST_FACTORS or not all(map(_is_factor, factors)):
        _refuse(file, "its factors are no list of names and units")
    if (
        not isinstance(endings, list)
        or len(endings) != count
        or not set(map(str, endings)) <= set(get_args(Ending))
    ):
        _refuse(file, f"its endings are not {count} of {', '.join(get_args(Ending))}")
    return source, tuple(Factor(**factor) for factor in factors), tuple(endings)


def _is_factor(value: Any) -> bool:
    texts = isinstance(value, dict) and value.keys() == {"name", "unit"}
    return texts and all(isinstance(text, str) and len(text) < 1000 for text in value.values())


def _action_space(text: Any, file: Path) -> tuple[ActionSpace, int]:
    """The space, and what the environment calls its first action."""
    space = _json(text, file)
    kind = space.get("type") if isinstance(space, dict) else None
    if kind == "Discrete":
        count = _whole(space.get("n"), 1 << 40, "n", file)
        first = space.get("start", 0)
        if not count or type(first) is not int or abs(first) > 1 << 40:
            _refuse(file, "its action space is no Discrete one")
        return ActionSpace(count=count), first
    if kind != "Box":
        _refuse(file, f"its actions are {str(kind)[:40]}; Reverie takes Discrete and Box")
    low, high = (_bounds(space.get(name), file) for name in ("low", "high"))
    if len(low) != len(high) or not len(low) or len(low) > MOST_FACTORS:
        _refuse(file, "its action space has no bounds, or not as many low as high ones")
    return ActionSpace(count=None, low=low, high=high), 0


def _bounds(value: Any, file: Path) -> np.ndarray:
    try:
        bounds = np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        _refuse(file, "bounds of its actions are no numbers")
    if np.isnan(bounds).any():
        _refuse(file, "bounds of its actions are no numbers")
    return bounds.clip(-LARGEST_FLOAT, LARGEST_FLOAT).astype(np.float32)


def _json(text: Any, file: Path) -> Any:
    """Spaces and specifications are JSON texts inside JSON."""
    if not isinstance(text, str):
        _refuse(file, "it does not tell its action space; open it once with Minari, which writes it down")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        _refuse(file, "a space in it is no JSON")


def _whole(value: Any, most: int, name: str, file: Path) -> int:
    if type(value) is not int or not 0 <= value <= most:
        _refuse(file, f"{name} must be a whole number up to {most}, got {str(value)[:40]}")
    return value


def _refuse(file: Path, reason: str) -> NoReturn:
    raise WrongInput(f"cannot use {file}: {reason}")
