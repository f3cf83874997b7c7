"""Stripes of one pixel: how far a shift by one pixel and a grey picture are, by pixels and by features."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.data.sets.stripes import StripesConfig
from reverie.studies._shifted_digits import Distance

PAIRS = {"upright": (0, 1), "lying": (30, 31)}
"""Numbers in the set of two pictures with stripes of one pixel; the second is the first, shifted by one."""


def stripes(way: str) -> Float[Tensor, "3 1 row column"]:
    """Stripes, the same shifted by one pixel, and mid-grey all over."""
    frames, _ = StripesConfig().build().draw(np.array(PAIRS[way]))
    pictures = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255.0
    return torch.cat([pictures, torch.full_like(pictures[:1], 0.5)])


def shift_and_grey(distance: Distance, way: str) -> tuple[float, float]:
    """Distances of the shifted and of the grey picture from the stripes."""
    picture, shifted, grey = stripes(way).split(1)
    return distance(shifted, picture).item(), distance(grey, picture).item()


def shift_over_grey(distance: Distance) -> float:
    """Ratio of these distances, the larger of upright and lying stripes; below one where grey is further."""
    found = [shift_and_grey(distance, way) for way in PAIRS]
    return max(shifted / grey for shifted, grey in found)
