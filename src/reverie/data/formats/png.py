"""PNG folders: a folder for each episode, a picture for each frame, all that is known of them in a CSV file.

    OUT/manifest.json               what the data set's own manifest says
    OUT/episode-0000/frame-00000.png
    OUT/episode-0000/steps.csv      frame, visible, action, reward, and every factor; a line for each frame

Lossless: a data set that is exported and imported again has the same frames, actions, rewards and factors.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from reverie.core.console import QUIET, Console
from reverie.core.episode import Episode
from reverie.core.errors import WrongInput
from reverie.data.exchange import FormatConfig, Passport, Recordings, check_length, picture
from reverie.data.layout import ARCHIVE
from reverie.data.manifest import NAME, EpisodeEntry, Manifest, write_manifest
from reverie.data.manifest_reader import read_manifest
from reverie.data.store import DataSet

STEPS = "steps.csv"
LONGEST_CELL = 64
"""Most characters of one number in a CSV file."""


@dataclass(frozen=True, kw_only=True)
class PngConfig(FormatConfig):
    """Folders of PNG files with a CSV file beside them."""

    def recognises(self, folder: Path) -> bool:
        """Whether there is a manifest, but no archive."""
        return (folder / NAME).is_file() and not (folder / ARCHIVE).exists()

    def write(self, data: DataSet, folder: Path, passport: Passport, console: Console = QUIET) -> None:
        """Write every episode, then the manifest."""
        names = _columns(data.manifest)
        with console.track(f"export {data.path}", data.frame_count) as tracker:
            for index, episode in enumerate(data):
                place = folder / _folder(index)
                place.mkdir()
                for number, frame in enumerate(episode.frames):
                    picture(frame).save(place / _frame(number), format="PNG")
                (place / STEPS).write_text(_table(names, episode), encoding="utf-8")
                tracker.advance(len(episode.frames))
        write_manifest(folder, data.manifest)

    def read(self, folder: Path) -> Recordings:
        """The recordings of a folder that `write` made; pictures and numbers may have been changed since."""
        manifest = read_manifest(folder)
        blank = replace(manifest, episodes=(), files={}, complete=False)
        return Recordings(blank, len(manifest.episodes), partial(_episodes, folder, manifest))


def _folder(index: int) -> str:
    return f"episode-{index:04d}"


def _frame(number: int) -> str:
    return f"frame-{number:05d}.png"


def _columns(manifest: Manifest) -> list[str]:
    space = manifest.action_space
    actions = ["action"] if space.low is None else [f"action_{index}" for index in range(len(space.low))]
    return ["frame", "visible", *actions, "reward", *(factor.name for factor in manifest.factors)]


def _table(names: list[str], episode: Episode) -> str:
    """A line for each frame; the last has neither action nor reward. Written floats are read as the same."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    actions = np.asarray(episode.actions).reshape(len(episode), -1)
    for index, (factors, visible) in enumerate(zip(episode.factors, episode.visible, strict=True)):
        last = index == len(episode)
        done = [""] * (actions.shape[1] + 1) if last else [*actions[index], episode.rewards[index]]
        table.writerow([_frame(index), int(visible), *map(str, done), *map(str, factors)])
    return text.getvalue()


def _episodes(folder: Path, manifest: Manifest) -> Iterator[Episode]:
    for index, entry in enumerate(manifest.episodes):
        check_length(folder / _folder(index), entry.steps, manifest)
        yield _episode(folder / _folder(index), entry, manifest)


def _episode(place: Path, entry: EpisodeEntry, manifest: Manifest) -> Episode:
    rows = _rows(place / STEPS, entry, _columns(manifest))
    factors = len(manifest.factors)
    steps, end = rows[:-1], len(rows[0]) - factors
    discrete = manifest.action_space.count is not None
    actions = _numbers([row[2 : end - 1] for row in steps], np.int64 if discrete else np.float32, place)
    return Episode(
        rewards=_numbers([row[end - 1] for row in steps], np.float32, place),
        frames=np.stack([_read_frame(place / _frame(index), manifest) for index in range(len(rows))]),
        actions=actions.reshape(len(steps)) if discrete else actions.reshape(len(steps), end - 3),
        ending=entry.ending,
        factors=_numbers([row[end:] for row in rows], np.float32, place).reshape(len(rows), factors),
        visible=_numbers([row[1] for row in rows], np.int64, place).astype(bool),
    )


def _rows(file: Path, entry: EpisodeEntry, names: list[str]) -> list[list[str]]:
    """The lines of a CSV file, as many cells and lines as the manifest says."""
    wanted = entry.steps + 1
    most = (wanted + 1) * (len(names) * LONGEST_CELL) + sum(map(len, names))
    try:
        if file.stat().st_size > most:
            _refuse(file, f"it is longer than {wanted} lines can be")
        rows = list(csv.reader(StringIO(file.read_text(encoding="utf-8")), strict=True))
    except FileNotFoundError:
        raise WrongInput(f"{file} is missing; export the recordings again") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _refuse(file, str(error)[:80])
    if not rows or rows[0] != names:
        _refuse(file, f"its columns are not {', '.join(names)[:200]}")
    if len(rows) != wanted + 1 or any(len(row) != len(names) for row in rows):
        _refuse(file, f"it does not have {wanted} lines of {len(names)} cells")
    return rows[1:]


def _numbers(cells: list[Any], kind: Any, place: Path) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):
            return np.array(cells, dtype=str).astype(kind) if cells else np.zeros(0, dtype=kind)
    except (ValueError, OverflowError) as error:
        _refuse(place / STEPS, str(error)[:80])


def _read_frame(file: Path, manifest: Manifest) -> np.ndarray:
    """One picture, of the size and the channels that the manifest says, or WrongInput."""
    height, width, channel = manifest.frame_shape
    try:
        with Image.open(file, formats=["PNG"]) as opened:
            # Before a single pixel is unpacked: a small file may claim to be a huge picture.
            if opened.size != (width, height) or opened.mode != ("L", "LA", "RGB", "RGBA")[channel - 1]:
                found = f"{opened.mode} {opened.height} x {opened.width}"
                _refuse(file, f"it is {found}, not {height} x {width} with {channel} channels")
            return np.asarray(opened).reshape(height, width, channel)
    except FileNotFoundError:
        raise WrongInput(f"{file} is missing; export the recordings again") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, WrongInput):
            raise
        _refuse(file, " ".join(str(error).split())[:80])


def _refuse(file: Path, reason: str) -> NoReturn:
    raise WrongInput(f"cannot read {file}: {reason}; export the recordings again")
