"""Exchange: data sets to other tools' formats, and recordings from there."""

from pathlib import Path
from typing import Any

from reverie.core.config import from_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, members
from reverie.data.exchange import FormatConfig, Passport, Replay, import_recordings, whole_folder
from reverie.data.images import import_images
from reverie.data.store import DataSet, open_data
from reverie.verbs._replay import replay_of
from reverie.verbs.data import summary

FAMILY = "data.formats"
PICTURES = 64
"""Height and width that folders of plain pictures are scaled to, unless told otherwise."""


def export_data(data: Path, folder: Path, word: str, console: Console = QUIET) -> dict[str, Any]:
    """Write all episodes of a data set into a new folder, in the format `word`; what was written, as numbers.

    Raises WrongInput for an unknown format, a missing package (naming the extra), a damaged data set, and a
    folder that exists.
    """
    form = _format(word)
    form.check_place(folder)
    opened = open_data(data)
    form.check_data(opened)
    with whole_folder(folder) as cradle:
        replay = _replay(opened, console) if form.replays else None
        form.write(opened, cradle, Passport(folder.name, replay), console)
    return {"folder": str(folder), "format": word, "episodes": len(opened), "frames": opened.frame_count}


def import_data(
    folder: Path, data: Path, size: int | None = None, console: Console = QUIET
) -> dict[str, Any]:
    """Make a data set of recordings in any known format, or of a folder of pictures; what it holds.

    `size` scales the frames; without it recordings keep their own size and plain pictures become 64 by 64.
    """
    for word in members(FAMILY):
        form = _format(word)
        if form.recognises(folder):
            import_recordings(form.read(folder), data, size or 0, console)
            break
    else:
        import_images(folder, data, PICTURES if size is None else size, console)
    return summary(open_data(data))


def _replay(data: DataSet, console: Console) -> Replay | None:
    if not isinstance(data.manifest.source.get("world"), dict):
        return None
    try:
        return replay_of(data)
    except WrongInput as error:
        console.warn(f"no environment will play these recordings again from seeds and actions: {error}")
        return None


def _format(word: str) -> FormatConfig:
    return from_json(config_of(FAMILY, word, FormatConfig), {}, word)
