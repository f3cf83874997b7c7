"""Sizes: what a representation would weigh, known before any of it is allocated."""

import torch

from reverie.core.errors import WrongInput
from reverie.core.family import word_of
from reverie.core.representation import RepresentationConfig

LARGEST_WEIGHTS = 4 << 30
"""Bytes of weights; a fit needs four times as much, more than the machines that this is made for have."""


def check_size(config: RepresentationConfig, frame_shape: tuple[int, ...]) -> None:
    """Refuse a representation whose weights no machine could hold, before they are allocated.

    Raises WrongInput when the sizes in its fields are too large, or frames of this shape cannot be seen.
    """
    word, shape = word_of(config), "x".join(map(str, frame_shape))
    try:
        with torch.device("meta"):
            module = config.build(frame_shape)
        size = sum(part.numel() * part.element_size() for part in module.state_dict().values())
    except (RuntimeError, TypeError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:80]
        raise WrongInput(
            f"{word} cannot be built for frames of {shape} ({reason}); choose smaller sizes"
        ) from None
    if size > LARGEST_WEIGHTS:
        raise WrongInput(
            f"{word} for frames of {shape} would have {size / 1e9:.3g} GB of weights; choose smaller sizes"
        )
