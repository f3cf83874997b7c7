"""Video: frames as a GIF, which everything shows, or as MP4, which is smaller."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from reverie.core.errors import WrongInput
from reverie.core.files import write_bytes

Film = Sequence[UInt8[np.ndarray, "height width channel"]] | UInt8[np.ndarray, "frame height width channel"]
SHORTEST = 2
"""Hundredths of a second that a GIF shows a picture at least; viewers take shorter ones for mistakes."""


def check_video(kind: str) -> None:
    """Refuse a kind of video for which something is not installed."""
    if kind == "mp4":
        try:
            import imageio_ffmpeg  # noqa: F401
        except ImportError:
            raise WrongInput(
                "MP4 needs imageio-ffmpeg; install it with: pip install 'reverie-worlds[video]', "
                "or choose --video gif"
            ) from None


def write_gif(path: Path, frames: Film, rate: float) -> None:
    """Write frames (RGB or grey) as a GIF that repeats for ever, `rate` pictures a second."""
    pictures = [Image.fromarray(_colours(frame)).quantize() for frame in frames]
    content = BytesIO()
    span = 10 * max(SHORTEST, round(100 / rate))
    pictures[0].save(
        content, "GIF", save_all=True, append_images=pictures[1:], duration=span, loop=0, optimize=False
    )
    write_bytes(path, content.getvalue())


def write_mp4(path: Path, frames: Film, rate: float) -> None:
    """Write frames (RGB or grey) as MP4; an odd row or column is doubled, which the format wants even."""
    check_video("mp4")
    import imageio_ffmpeg

    whole = [_even(_colours(frame)) for frame in frames]
    height, width, _ = whole[0].shape
    temporary = path.with_name(f"{path.stem}.tmp.mp4")
    writer = imageio_ffmpeg.write_frames(
        str(temporary),
        (width, height),
        fps=rate,  # pyright: ignore[reportArgumentType]
        macro_block_size=2,
    )
    writer.send(None)
    for frame in whole:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
    temporary.replace(path)


def _colours(frame: np.ndarray) -> np.ndarray:
    """RGB of a frame; of stacked ones the latest."""
    channels = frame.shape[2]
    if channels % 3 == 0:
        return np.ascontiguousarray(frame[..., -3:])
    return np.repeat(frame[..., -1:], 3, axis=2)


def _even(frame: np.ndarray) -> np.ndarray:
    return np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge")
