"""Data: what a data set holds, whether it is whole, and what goes in and out."""

from pathlib import Path
from typing import Any

from reverie.data.check import check_data
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
