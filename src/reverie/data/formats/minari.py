"""Minari: the exchange format of offline reinforcement learning, as HDF5 without loss.

`minari.load_dataset` opens what is written. Observations are the frames; every factor, and whether a frame
shows it, is an entry of `infos`; where an environment can play an episode again, its seed is there. Minari's
own default packs images as JPEG, which spoils them: it is switched off.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from reverie.core.config import to_json
from reverie.core.console import QUIET, Console, Tracker
from reverie.core.episode import Episode
from reverie.core.errors import WrongInput
from reverie.data import hdf5_reader
from reverie.data.exchange import FormatConfig, Passport, Recordings, Replay
from reverie.data.store import DataSet

NAME = re.compile(r"[-_\w]+-v\d+")
HOUSE = "reverie"
"""Entry of Minari's metadata for what only the house format knows: source, units, endings."""


@dataclass(frozen=True, kw_only=True)
class MinariConfig(FormatConfig):
    """A local Minari data set."""

    replays: ClassVar[bool] = True

    def recognises(self, folder: Path) -> bool:
        """Whether Minari's metadata lie in the folder, or in its `data`."""
        return any((place / hdf5_reader.METADATA).is_file() for place in (folder, folder / "data"))

    def check_place(self, folder: Path) -> None:
        """Refuse a name that is no name of a Minari data set, and a machine without Minari."""
        _minari()
        if not NAME.fullmatch(folder.name):
            raise WrongInput(
                f"{folder.name!r} is no name of a Minari data set; end it in -v0, as in lander-v0"
            )
        super().check_place(folder)

    def check_data(self, data: DataSet) -> None:
        """Refuse episodes of a single frame, and factors whose names HDF5 or Minari uses otherwise."""
        single = [index for index, entry in enumerate(data.manifest.episodes) if not entry.steps]
        if single:
            raise WrongInput(
                f"episode {single[0]} of {data.path} has a single frame, as {len(single)} of {len(data)} "
                "have, and Minari needs a step at least; export to png instead"
            )
        _check_names(data)

    def write(self, data: DataSet, folder: Path, passport: Passport, console: Console = QUIET) -> None:
        """Write every episode, one after the other."""
        minari = _minari()
        from minari.data_collector import EpisodeBuffer
        from minari.dataset.minari_storage import MinariStorage
        from minari.serialization import deserialize_space

        replay = passport.replay
        frames, actions = (deserialize_space(space) for space in _spaces(data, replay))
        place = (folder / "data").absolute()  # Minari stumbles over relative paths
        place.mkdir()
        storage = MinariStorage.new(
            place, frames, actions, replay.spec if replay else None, "hdf5", jpeg_encoding=False
        )
        storage.update_metadata(_metadata(data, passport.name) | {"minari_version": minari.__version__})
        with console.track(f"export {data.path}", len(data)) as tracker:
            buffers = (EpisodeBuffer(**part) for part in _buffers(data, replay, tracker))
            storage.update_episodes(buffers)

    def read(self, folder: Path) -> Recordings:
        """The recordings of a local Minari data set with image observations; no code of it is run."""
        try:
            import h5py  # noqa: F401
        except ImportError:
            raise _missing() from None
        place = folder / "data" if (folder / "data" / hdf5_reader.METADATA).is_file() else folder
        opened = hdf5_reader.open_minari(place)
        return Recordings(opened.manifest, opened.count, partial(hdf5_reader.episodes, opened))


def _minari() -> Any:
    try:
        import h5py  # noqa: F401
        import minari
    except ImportError:
        raise _missing() from None
    return minari


def _missing() -> WrongInput:
    return WrongInput("Minari is not installed; install it with: pip install 'reverie-worlds[minari]'")


def _spaces(data: DataSet, replay: Replay | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The spaces of frames and actions, as Minari writes them down."""
    shape = list(data.manifest.frame_shape)
    bounds = {"low": np.zeros(shape, int).tolist(), "high": np.full(shape, 255).tolist()}
    frames = {"type": "Box", "dtype": "uint8", "shape": shape, **bounds}
    space = data.manifest.action_space
    if space.count is not None:
        return frames, {"type": "Discrete", "n": space.count, "start": replay.first_action if replay else 0}
    assert space.low is not None and space.high is not None
    bounds = {"low": space.low.tolist(), "high": space.high.tolist()}
    return frames, {"type": "Box", "dtype": "float32", "shape": [len(space.low)], **bounds}


def _metadata(data: DataSet, name: str) -> dict[str, Any]:
    source = data.manifest.source
    policy, world = source.get("policy"), source.get("world")
    versions = world.get("versions", {}) if isinstance(world, dict) else {}
    return {
        "dataset_id": name,
        "algorithm_name": str(policy.get("word")) if isinstance(policy, dict) else "",
        "requirements": [f"{package}=={version}" for package, version in versions.items()],
        HOUSE: {
            "source": to_json(source),
            "factors": [to_json(factor) for factor in data.factors],
            "endings": [entry.ending for entry in data.manifest.episodes],
        },
    }


def _check_names(data: DataSet) -> None:
    for name in data.factor_names:
        if "/" in name or name in (".", "visible"):
            raise WrongInput(
                f"the factor {name!r} of {data.path} has a name that HDF5 or Minari uses otherwise"
            )


def _buffers(data: DataSet, replay: Replay | None, tracker: Tracker) -> Iterator[dict[str, Any]]:
    for index, episode in enumerate(data):
        yield _buffer(episode, data.factor_names, replay) | {"seed": replay.seeds[index] if replay else None}
        tracker.advance()


def _buffer(episode: Episode, names: tuple[str, ...], replay: Replay | None) -> dict[str, Any]:
    first = replay.first_action if replay and episode.actions.ndim == 1 else 0
    last = np.zeros(len(episode), dtype=bool)
    last[-1] = True
    return {
        "observations": episode.frames,
        "actions": episode.actions + first if first else episode.actions,
        "rewards": episode.rewards,
        "terminations": last & (episode.ending == "terminated"),
        "truncations": last & (episode.ending != "terminated"),
        "infos": {"visible": episode.visible, **dict(zip(names, episode.factors.T, strict=True))},
    }
