"""Pictures of dreams: what `reverie look` draws of a world model's run, and the films beside them."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path

import numpy as np
import torch

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.files import read_json, write_bytes
from reverie.core.lens import DreamExhibit, DreamLensConfig, OpenLoop
from reverie.lenses import _style
from reverie.reports import video
from reverie.reports.film import side_by_side
from reverie.verbs import audit
from reverie.verbs._open_loop import Plan, open_loop
from reverie.verbs.load_model import LoadedModel

RATE = 15.0
"""Steps a second that a film shows."""
LONGEST = 120
"""Most instants of a film; of longer stretches every so many-th is shown."""


def draw_dreams(
    loaded: LoadedModel, lenses: Mapping[str, DreamLensConfig], plan: Plan, console: Console
) -> list[Path]:
    """Draw a world model's run through lenses into its `look/`; the dream as a film too. Returns the paths.

    The film is a GIF, and MP4 where that is installed. Raises WrongInput for lenses that show frames where
    the run's representation decodes nothing.
    """
    folder = loaded.run.folder
    exhibit = _exhibit(loaded, any(lens.decodes for lens in lenses.values()), plan)
    place = folder / "look"
    place.mkdir(exist_ok=True)
    paths = []
    with console.track(f"look at {exhibit.name}", len(lenses)) as tracker:
        for word, lens in lenses.items():
            paths.append(place / f"{word}.png")
            write_bytes(paths[-1], _style.png(lens.draw(exhibit)))
            tracker.advance(note=word)
    if exhibit.open_loop is not None and "dream" in lenses:
        paths += _films(exhibit.open_loop, place / "dream")
    return paths


def _exhibit(loaded: LoadedModel, frames: bool, plan: Plan) -> DreamExhibit:
    file = loaded.run.folder / audit.NAME
    found = read_json(file, f"audit of {loaded.run.folder}") if file.is_file() else None
    forecast = loaded.run.result().get("forecast", {})
    return DreamExhibit(loaded.run.name, open_loop(loaded, plan) if frames else None, forecast, found)


def _films(loop: OpenLoop, file: Path) -> list[Path]:
    stride = ceil(len(loop.real) / LONGEST)
    pictures = {"real": _bytes(loop.real), "rebuilt": _bytes(loop.rebuilt)}
    for heat, frames in loop.dreamt.items():
        pictures[f"dreamt, t = {heat:g}"] = _faint_after(_bytes(frames), loop.ends[heat])
    captions = [_caption(loop, frame) for frame in range(0, len(loop.real), stride)]
    film = side_by_side({name: frames[::stride] for name, frames in pictures.items()}, captions)
    written = [file.with_suffix(".gif")]
    video.write_gif(written[0], film, RATE / stride)
    try:
        video.check_video("mp4")
    except WrongInput:
        return written
    video.write_mp4(file.with_suffix(".mp4"), film, RATE / stride)
    return [*written, file.with_suffix(".mp4")]


def _caption(loop: OpenLoop, frame: int) -> str:
    if frame <= loop.warm_up:
        return f"{loop.source}: frame {frame} of {loop.warm_up} that the dreams have seen"
    return f"{loop.source}: dreamt step {frame - loop.warm_up}"


def _bytes(frames: torch.Tensor) -> np.ndarray:
    """RGB of frames; of stacked ones the latest, of grey ones three times the same."""
    channels = frames.shape[1]
    latest = frames[:, -3:] if channels % 3 == 0 else frames[:, -1:].expand(-1, 3, -1, -1)
    return latest.mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def _faint_after(frames: np.ndarray, end: int | None) -> np.ndarray:
    """Frames after the dream's end nearly white, as the picture shows them."""
    if end is None:
        return frames
    late = frames[end + 1 :].astype(np.float32)
    return np.concatenate((frames[: end + 1], (255 - 0.3 * (255 - late)).astype(np.uint8)))
