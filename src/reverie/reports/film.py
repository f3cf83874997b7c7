"""Films of several moving pictures side by side, each under its name."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

PICTURE = 128
"""Smallest width of one picture, in pixels; frames are enlarged in whole steps, so that they stay sharp."""
GAP, LINE, LETTERS = 6, 22, 13
PAGE, INK = (255, 255, 255), (27, 31, 36)

Moving = UInt8[np.ndarray, "frame height width colour"]


def side_by_side(pictures: Mapping[str, Moving], captions: Sequence[str]) -> list[np.ndarray]:
    """Pictures of one length and size in one film, names above, the caption of each instant below."""
    first = next(iter(pictures.values()))
    _, height, width, _ = first.shape
    scale = max(1, -(-PICTURE // width))
    size = (len(pictures) * (width * scale + GAP) + GAP, height * scale + 2 * LINE)
    font = ImageFont.load_default(LETTERS)
    film = []
    for instant, caption in enumerate(captions):
        sheet = Image.new("RGB", size, PAGE)
        pen = ImageDraw.Draw(sheet)
        for column, (name, frames) in enumerate(pictures.items()):
            left = GAP + column * (width * scale + GAP)
            pen.text((left, 3), name, INK, font)
            frame = Image.fromarray(frames[instant])
            sheet.paste(frame.resize((width * scale, height * scale), Image.Resampling.NEAREST), (left, LINE))
        pen.text((GAP, height * scale + LINE + 3), caption, INK, font)
        film.append(np.asarray(sheet))
    return film
