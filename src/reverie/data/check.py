"""Check: every file of a data set against its checksum, and every file that does not belong."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reverie.core.errors import WrongInput
from reverie.data import cache, manifest, stages
from reverie.data.chunks import read_chunk, read_listed
from reverie.data.manifest import Manifest
from reverie.data.manifest_reader import parse_manifest, read_manifest

_OWN = (cache.FOLDER, stages.FOLDER)


def check_data(path: Path | str) -> list[str]:
    """What is wrong with a data set, one sentence each, naming the file; empty when it is whole.

    Reads and decodes everything, and compares the frames decoded for training with it. Raises WrongInput
    when there is no data set at all.
    """
    folder = Path(path)
    if not (folder / manifest.NAME).is_file():
        read_manifest(folder)
    try:
        text = manifest.read_text(folder)
        listed = parse_manifest(folder, text)
    except WrongInput as error:
        return [str(error)]
    fingerprint = cache.digest(text)
    return [*_damaged(folder, listed), *_miscached(folder, listed, fingerprint), *_alien(folder, listed)]


def _damaged(folder: Path, listed: Manifest) -> Iterator[str]:
    for path in sorted(listed.files):
        try:
            read_listed(folder, listed, path)
        except WrongInput as error:
            yield str(error)
            continue
        yield from _unreadable(folder, listed, path)


def _unreadable(folder: Path, listed: Manifest, path: str) -> Iterator[str]:
    """A chunk that is what the manifest promises and still no chunk."""
    parts = path.split("/")
    if len(parts) < 4:
        return
    spec = next((spec for spec in listed.specs if spec.name == parts[1]), None)
    if spec is None or spec.chunk_path(int(parts[3])) != path:
        yield f"{folder / path} does not belong to the data set"
        return
    try:
        read_chunk(folder, listed, spec, int(parts[3]))
    except WrongInput as error:
        yield str(error)


def _miscached(folder: Path, listed: Manifest, fingerprint: str) -> Iterator[str]:
    with suppress(WrongInput):  # a damaged chunk, which is named already
        yield from cache.check_frames(folder, listed, fingerprint)


def _alien(folder: Path, listed: Manifest) -> Iterator[str]:
    """Files that the manifest does not know; a capture that goes on may be ahead of its manifest."""
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_dir() or path.split("/")[0] in _OWN or path == manifest.NAME or path in listed.files:
            continue
        if not listed.complete and (path.startswith("archive/") or path == f"{manifest.NAME}.tmp"):
            continue
        yield f"{file} does not belong to the data set"
