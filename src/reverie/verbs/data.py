"""Data: what a data set holds, whether it is whole, and data sets from images."""

from pathlib import Path
from typing import Any

from reverie.core.console import QUIET, Console
from reverie.data.check import check_data
from reverie.data.images import import_images
from reverie.data.store import DataSet, open_data


def info(path: Path) -> dict[str, Any]:
    """What a data set holds and where it comes from, as numbers and words."""
    data = open_data(path)
    source = data.manifest.source
    world = source.get("world", {})
    about = {"env": world.get("env")} if isinstance(world, dict) and world else {}
    kept = ("seed", "stride", "max_steps") if about else ()
    return about | summary(data) | {name: source.get(name) for name in kept} | {"source": dict(source)}


def check(path: Path) -> list[str]:
    """What is wrong with a data set, one sentence each; empty when it is whole."""
    return check_data(path)


def import_frames(folder: Path, data: Path, size: int = 64, console: Console = QUIET) -> dict[str, Any]:
    """Make a data set of a folder of images; subfolders are episodes."""
    import_images(folder, data, size, console)
    return summary(open_data(data))


def summary(data: DataSet) -> dict[str, Any]:
    """What a data set holds, as numbers."""
    manifest = data.manifest
    size = sum(entry.size for entry in manifest.files.values())
    raw = data.frame_count * manifest.spec("frames").row_bytes
    endings = [entry.ending for entry in manifest.episodes]
    channel, height, width = data.frame_shape
    return {
        "data": str(data.path),
        "episodes": len(data),
        "planned_episodes": manifest.source.get("episodes", len(data)),
        "complete": manifest.complete,
        "frames": data.frame_count,
        "visible_frames": int(data.visible.sum()),
        "frame_shape": [height, width, channel],
        "factors": [f"{factor.name} [{factor.unit}]" for factor in data.factors],
        "bytes": size,
        "raw_bytes": raw,
        "ratio": round(raw / size, 1) if size else 0.0,
        "endings": {ending: endings.count(ending) for ending in sorted(set(endings))},
    }
