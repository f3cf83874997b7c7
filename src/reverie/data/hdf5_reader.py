"""Reading a Minari data set that anybody may have written: every part is checked before it is used.

Only plain arrays inside the file are read: no link to other files, nothing that declares much more than it
holds, no object that would have to be unpickled; and nothing that the metadata name is imported or made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from reverie.core.episode import Ending, Episode
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Factor
from reverie.data.exchange import check_length
from reverie.data.layout import LARGEST_CHUNK, chunk_frames
from reverie.data.manifest import Manifest
from reverie.data.minari_metadata import METADATA, Metadata, read_metadata

__all__ = ["METADATA", "MinariFile", "episodes", "open_minari"]

FILE = "main_data.hdf5"
MOST_PACKING = 1100
"""How many times its stored size an array may have: what zlib reaches at most, and a little."""


@dataclass(frozen=True)
class MinariFile:
    """A data set as its first episode and its metadata describe it."""

    path: Path
    metadata: Metadata
    manifest: Manifest
    picture: str
    """Name of the observation that is the picture; "" where observations are nothing else."""

    @property
    def count(self) -> int:
        """Episodes in it."""
        return self.metadata.episodes


def open_minari(folder: Path) -> MinariFile:
    """What a local data set holds: the folder of metadata.json and main_data.hdf5.

    Raises WrongInput where it has no picture among its observations, or is not what it says.
    """
    metadata = read_metadata(folder)
    path = folder / FILE
    with _opened(path) as file:
        group = _group(file, "episode_0", path)
        frames, picture = _picture(group, metadata, path)
        shape = _frame_shape(frames, path)
        factors = metadata.factors or tuple(Factor(name, "") for name, _ in _numbers(group, frames, path))
    manifest = Manifest(
        source=metadata.source,
        frame_shape=shape,
        action_space=metadata.action_space,
        factors=factors,
        chunk=chunk_frames(shape),
        files={},
    )
    return MinariFile(path, metadata, manifest, picture)


def episodes(opened: MinariFile) -> Iterator[Episode]:
    """All episodes in order. Raises WrongInput, naming the episode, for one that is not like the first."""
    with _opened(opened.path) as file:
        for index in range(opened.count):
            with _named(f"episode {index} of {opened.path}"):
                yield _episode(_group(file, f"episode_{index}", opened.path), index, opened)


def _episode(group: Any, index: int, opened: MinariFile) -> Episode:
    path, manifest, metadata = opened.path, opened.manifest, opened.metadata
    rewards = _read(group, "rewards", path).astype(np.float32)
    steps = len(rewards)
    check_length(path, steps, manifest)
    place = _group(group, "observations", path) if opened.picture else group
    frames = _frames(_dataset(place, opened.picture or "observations", path), steps, path)
    if len(frames) != steps + 1 or frames.shape[1:] != manifest.frame_shape or rewards.ndim != 1 or not steps:
        _refuse(path, f"episode {index} has {steps} steps and frames of shape {frames.shape}")
    found = dict(_numbers(group, _dataset(place, opened.picture or "observations", path), path))
    missing = [factor.name for factor in manifest.factors if factor.name not in found]
    if missing:
        _refuse(path, f"episode {index} does not tell {missing[0]!r}")
    columns = [found[factor.name] for factor in manifest.factors]
    return Episode(
        rewards=rewards,
        frames=frames,
        actions=_actions(_read(group, "actions", path), steps, metadata, path),
        ending=metadata.endings[index] if metadata.endings else _ending(group, path),
        factors=np.stack(columns, 1) if columns else np.zeros((steps + 1, 0), np.float32),
        visible=_visible(group, steps, path),
    )


def _picture(group: Any, metadata: Metadata, path: Path) -> tuple[Any, str]:
    """The dataset of the frames, and its name among several observations."""
    import h5py

    if isinstance(group.get("observations"), h5py.Dataset):
        frames = _dataset(group, "observations", path)
        if not _is_picture(frames, metadata):
            _refuse(path, "its observations are no images; let the environment render, and capture it anew")
        return frames, ""
    inner = _group(group, "observations", path)
    names = [name for name in inner if isinstance(inner.get(name), h5py.Dataset)]
    found = [name for name in names if _is_picture(_dataset(inner, name, path), metadata)]
    if len(found) != 1:
        _refuse(path, f"{len(found)} of its observations are images; one is needed")
    return _dataset(inner, found[0], path), found[0]


def _is_picture(dataset: Any, metadata: Metadata) -> bool:
    if metadata.jpeg and (dataset.dtype.kind == "O" or (dataset.dtype == np.uint8 and dataset.ndim == 2)):
        return True
    channels = dataset.ndim == 3 or (dataset.ndim == 4 and dataset.shape[3] <= 4)
    return dataset.dtype == np.uint8 and channels and min(dataset.shape[1:3]) >= 2


def _frame_shape(frames: Any, path: Path) -> tuple[int, int, int]:
    if frames.ndim >= 3:
        height, width = frames.shape[1:3]
        return int(height), int(width), int(frames.shape[3]) if frames.ndim == 4 else 1
    height, width, channel = _unpacked(frames[0], path).shape
    return height, width, channel


def _frames(dataset: Any, steps: int, path: Path) -> np.ndarray:
    """Frames with a channel, unpacked where they are JPEG files."""
    if len(dataset) != steps + 1:
        _refuse(path, f"{len(dataset)} observations belong to {steps} steps")
    if dataset.ndim >= 3:
        frames = dataset[()]
        return frames[..., None] if frames.ndim == 3 else frames
    return np.stack([_unpacked(content, path) for content in dataset])


def _unpacked(content: Any, path: Path) -> np.ndarray:
    try:
        with Image.open(BytesIO(np.asarray(content, dtype=np.uint8).tobytes()), formats=["JPEG"]) as picture:
            if prod(picture.size) * 4 > LARGEST_CHUNK:
                _refuse(path, f"an image of {picture.height} x {picture.width} is too large")
            array = np.asarray(picture)
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        if isinstance(error, WrongInput):
            raise
        _refuse(path, f"an image cannot be unpacked: {' '.join(str(error).split())[:80]}")
    return array[..., None] if array.ndim == 2 else array


def _numbers(group: Any, frames: Any, path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """What else is known of every frame: numbers among the observations and the infos, a column each."""
    import h5py

    for part in ("observations", "infos"):
        inner = group.get(part)
        if not isinstance(inner, h5py.Group):
            continue
        inner = _group(group, part, path)
        for name in inner:
            dataset = inner.get(name)
            if not isinstance(dataset, h5py.Dataset) or dataset == frames or name == "visible":
                continue
            if dataset.dtype.kind in "uif" and dataset.ndim in (1, 2) and len(dataset) == len(frames):
                yield from _columns(name, _read(inner, name, path))


def _columns(name: str, values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if values.ndim == 1:
        yield name, values
    else:
        yield from ((f"{name}_{column}", values[:, column]) for column in range(values.shape[1]))


def _visible(group: Any, steps: int, path: Path) -> np.ndarray:
    import h5py

    infos = group.get("infos")
    if not isinstance(infos, h5py.Group) or "visible" not in infos:
        return np.ones(steps + 1, dtype=bool)
    visible = _read(_group(group, "infos", path), "visible", path)
    if visible.shape != (steps + 1,) or visible.dtype != bool:
        return np.ones(steps + 1, dtype=bool)
    return visible


def _actions(actions: np.ndarray, steps: int, metadata: Metadata, path: Path) -> np.ndarray:
    space: ActionSpace = metadata.action_space
    size = 1 if space.low is None else len(space.low)
    if len(actions) != steps or actions.size != steps * size:
        _refuse(path, f"actions of shape {actions.shape} do not fit {steps} steps of its action space")
    if space.count is not None:
        return actions.reshape(steps).astype(np.int64) - metadata.first_action
    return actions.reshape(steps, size).astype(np.float32)


def _ending(group: Any, path: Path) -> Ending:
    for name, ending in (("terminations", "terminated"), ("truncations", "truncated")):
        flags = _read(group, name, path)
        if len(flags) and flags[-1]:
            return ending  # pyright: ignore[reportReturnType]
    return "unfinished"


def _group(parent: Any, name: str, path: Path) -> Any:
    """A group inside this very file."""
    import h5py

    if not isinstance(parent.get(name, getlink=True), h5py.HardLink) or not isinstance(
        parent[name], h5py.Group
    ):
        _refuse(path, f"{parent.name}/{name} is missing, or no group of this file")
    return parent[name]


def _read(parent: Any, name: str, path: Path) -> np.ndarray:
    dataset = _dataset(parent, name, path)
    if dataset.dtype.kind not in "uifb" or dataset.ndim not in (1, 2, 3):
        _refuse(path, f"{dataset.name} holds no numbers")
    if dataset.nbytes > LARGEST_CHUNK:
        _refuse(path, f"{dataset.name} would take {dataset.nbytes} bytes")
    return np.asarray(dataset[()])


def _dataset(parent: Any, name: str, path: Path) -> Any:
    """An array inside this very file that holds about as much as it declares."""
    import h5py

    if not isinstance(parent.get(name, getlink=True), h5py.HardLink) or not isinstance(
        parent[name], h5py.Dataset
    ):
        _refuse(path, f"{parent.name}/{name} is missing, or no array of this file")
    dataset = parent[name]
    if dataset.is_virtual or dataset.external:
        _refuse(path, f"{dataset.name} lies in another file")
    if dataset.nbytes > MOST_PACKING * (dataset.id.get_storage_size() + 64):
        _refuse(path, f"{dataset.name} declares {dataset.nbytes} bytes and does not hold them")
    if dataset.chunks and prod(dataset.chunks) * dataset.dtype.itemsize > LARGEST_CHUNK:
        _refuse(path, f"{dataset.name} has chunks of {prod(dataset.chunks) * dataset.dtype.itemsize} bytes")
    return dataset


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import h5py

    if not path.is_file():
        raise WrongInput(f"{path} is missing; Reverie reads Minari data sets in HDF5")
    with _named(str(path)), h5py.File(path, "r") as file:
        yield file


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Whatever HDF5 complains of, as one sentence that names the place."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(f"{what} cannot be read: {' '.join(str(error).split())[:120]}") from None


def _refuse(path: Path, reason: str) -> NoReturn:
    raise WrongInput(f"cannot import {path}: {reason}")
