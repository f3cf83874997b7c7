"""Archive: writing a data set so that what is committed never changes and a crash loses nothing of it."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from reverie.core.episode import Episode
from reverie.core.errors import BrokeWhileWorking
from reverie.core.files import sync_folder, write_json
from reverie.core.run import check_free
from reverie.data.chunks import read_chunk
from reverie.data.layout import GROUP_PATH, encode, group_header
from reverie.data.manifest import EpisodeEntry, FileEntry, Manifest, write_manifest
from reverie.data.manifest_reader import read_manifest

SYNCERS = 8
"""Threads that wait for the disk: one wait can serve many files, so side by side they take far less time."""


def create_archive(folder: Path, manifest: Manifest, job: Mapping[str, Any] | None) -> "ArchiveWriter":
    """A new data set without episodes, born in one rename; `job` becomes its job.json.

    Raises WrongInput when something is there already.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    cradle = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        cradle.mkdir()
        files = {}
        if job is not None:
            write_json(cradle / "job.json", job)
            files["job.json"] = _entry((cradle / "job.json").read_bytes())
        manifest = manifest.with_episodes((), files, complete=False)
        write_manifest(cradle, manifest)
        if folder.is_dir():
            folder.rmdir()
        cradle.rename(folder)
    finally:
        shutil.rmtree(cradle, ignore_errors=True)
    return ArchiveWriter(folder, manifest)


class ArchiveWriter:
    """Appends episodes; a chunk is written once it is full, an episode is committed once its chunks are.

    Nothing that a manifest lists is ever written again with other content. A full chunk is compressed and
    written beside the caller, who fills the next one meanwhile; what fails there is raised at the chunk after
    it, or at the commit.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Go on after the last committed episode of `manifest`."""
        self.folder = folder
        self._manifest = manifest
        self._files = dict(manifest.files)
        self._episodes = list(manifest.episodes)
        self._rows = manifest.rows
        self._full = manifest.rows - manifest.rows % manifest.chunk
        """Rows in chunks that are full and written."""
        self._unsynced: set[Path] = set()
        self._pending, self._spare = self._blank(), self._blank()
        self._beside = ThreadPoolExecutor(1)
        self._writing: Future[dict[str, FileEntry]] | None = None
        if self._filled:
            for spec in manifest.specs:
                self._pending[spec.name][:] = read_chunk(folder, manifest, spec, self._rows // manifest.chunk)

    @property
    def episodes(self) -> int:
        """Episodes appended so far, committed or not."""
        return len(self._episodes)

    @property
    def frames(self) -> int:
        """Frames appended so far."""
        return self._rows

    @property
    def frame_bytes(self) -> float | None:
        """Bytes on disk for each frame with all that belongs to it; None before the first chunk is full."""
        if not self._full:
            self._settle()
        return sum(entry.size for entry in self._files.values()) / self._full if self._full else None

    @property
    def manifest(self) -> Manifest:
        """The manifest as last committed."""
        return self._manifest

    def append(self, episode: Episode) -> None:
        """Add an episode behind the others."""
        self._episodes.append(EpisodeEntry(self._rows, len(episode), episode.ending))
        self._add(_rows_of(episode))

    def append_frames(self, blocks: Iterable[UInt8[np.ndarray, "frame height width channel"]]) -> None:
        """Add an episode of which only the frames are known, block by block; there must be one frame."""
        start = self._rows
        for frames in blocks:
            blank = {
                spec.name: np.zeros((len(frames), *spec.tail), dtype=spec.dtype)
                for spec in self._manifest.specs
            }
            self._add(blank | {"frames": frames, "visible": np.ones(len(frames), dtype=bool)})
        self._episodes.append(EpisodeEntry(start, self._rows - start - 1, "unfinished"))

    def _add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Fill the pending chunks with rows, and write them when they are full."""
        count, done = len(arrays["frames"]), 0
        while done < count:
            take = min(count - done, self._manifest.chunk - self._filled)
            for spec in self._manifest.specs:
                part = arrays[spec.name][done : done + take]
                self._pending[spec.name][self._filled : self._filled + take] = part
            done += take
            self._rows += take
            if not self._filled:
                self._write_chunks(self._rows // self._manifest.chunk - 1)

    def commit(self) -> int:
        """Rename a manifest into place that lists every episode whose chunks are all full; their number."""
        self._settle()
        # What a manifest listed before stays listed, also while the chunk that it ends in is filled anew.
        safe = max(self._full, self._manifest.rows)
        whole = tuple(entry for entry in self._episodes if entry.rows.stop <= safe)
        self._publish(self._manifest.with_episodes(whole, self._files, complete=False))
        return len(whole)

    def finish(self) -> Manifest:
        """Write the last chunk and the Zarr metadata, and commit everything."""
        if self._filled:
            for rows in self._pending.values():
                rows[self._filled :] = 0
            self._write_chunks(self._rows // self._manifest.chunk)
        self._settle()
        for spec in self._manifest.specs:
            path, header = spec.header_path(), spec.header(self._rows, self._manifest.chunk)
            self._list({path: self._write(path, header)})
        self._list({GROUP_PATH: self._write(GROUP_PATH, group_header())})
        self._publish(self._manifest.with_episodes(tuple(self._episodes), self._files, complete=True))
        return self._manifest

    def abandon(self) -> None:
        """Write nothing any more, so that the folder can be removed."""
        self._beside.shutdown(wait=True, cancel_futures=True)

    @property
    def _filled(self) -> int:
        return self._rows % self._manifest.chunk

    def _blank(self) -> dict[str, np.ndarray]:
        chunk = self._manifest.chunk
        return {spec.name: np.zeros((chunk, *spec.tail), dtype=spec.dtype) for spec in self._manifest.specs}

    def _write_chunks(self, index: int) -> None:
        """Have the pending rows written once those before them are."""
        self._settle()
        self._writing = self._beside.submit(self._written, self._pending, index)
        self._pending, self._spare = self._spare, self._pending

    def _settle(self) -> None:
        """Wait until the rows that are being written are; raises what went wrong with them, once."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self._list(writing.result())
            self._full = min(self._full + self._manifest.chunk, self._rows)

    def _list(self, files: Mapping[str, FileEntry]) -> None:
        self._files.update(files)
        self._unsynced.update(self.folder / path for path in files)

    def _written(self, rows: Mapping[str, np.ndarray], index: int) -> dict[str, FileEntry]:
        """Write a chunk of every array, but what the manifest lists already; the new files."""
        files = {}
        for spec in self._manifest.specs:
            path, content = spec.chunk_path(index), encode(rows[spec.name], spec)
            listed = self._manifest.files.get(path)
            if listed is None:
                files[path] = self._write(path, content)
            elif listed != _entry(content):
                episode = self._manifest.episodes[-1].rows.stop
                raise BrokeWhileWorking(
                    f"the episode from frame {episode} of {self.folder} came out differently this time: the "
                    "environment or its version changed, or does not obey its seed; capture into a new folder"
                )
        return files

    def _write(self, path: str, content: bytes) -> FileEntry:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(file.name + ".tmp")
        temporary.write_bytes(content)
        temporary.replace(file)
        return _entry(content)

    def _publish(self, manifest: Manifest) -> None:
        # The files reach the disk before the manifest that promises them.
        if self._unsynced:
            with ThreadPoolExecutor(SYNCERS) as pool:
                list(pool.map(_sync, self._unsynced))
        for folder in {file.parent for file in self._unsynced}:
            sync_folder(folder)
        self._unsynced.clear()
        write_manifest(self.folder, manifest)
        self._manifest = manifest


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def reopen_archive(folder: Path) -> ArchiveWriter:
    """The writer of a data set that is not complete."""
    return ArchiveWriter(folder, read_manifest(folder))


def _rows_of(episode: Episode) -> dict[str, np.ndarray]:
    """The arrays of an episode with one row a frame: the last has neither action nor reward."""
    actions = np.asarray(episode.actions)
    return {
        "frames": episode.frames,
        "actions": np.concatenate([actions, np.zeros((1, *actions.shape[1:]), dtype=actions.dtype)]),
        "rewards": np.concatenate([episode.rewards, np.zeros(1, dtype=np.float32)]),
        "factors": episode.factors,
        "visible": episode.visible,
    }


def _entry(content: bytes) -> FileEntry:
    return FileEntry(len(content), hashlib.sha256(content).hexdigest())
