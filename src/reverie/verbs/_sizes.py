"""Sizes: what a module would weigh, known before any of it is allocated."""

from collections.abc import Callable

import torch
from torch import nn

from reverie.core.errors import WrongInput
from reverie.core.family import word_of
from reverie.core.representation import RepresentationConfig
from reverie.core.world_model import Surroundings, WorldModelConfig

LARGEST_WEIGHTS = 4 << 30
"""Bytes of weights; a fit needs four times as much, more than the machines that this is made for have."""


def check_size(config: RepresentationConfig, frame_shape: tuple[int, ...]) -> None:
    """Refuse a representation whose weights no machine could hold, before they are allocated.

    Raises WrongInput when the sizes in its fields are too large, or frames of this shape cannot be seen.
    """
    shape = "x".join(map(str, frame_shape))
    _check(f"{word_of(config)} for frames of {shape}", lambda: config.build(frame_shape))


def check_model_size(config: WorldModelConfig, surroundings: Surroundings) -> None:
    """Refuse a world model whose weights no machine could hold, before they are allocated."""
    units = surroundings.code_size
    _check(f"{word_of(config)} for codes of {units} units", lambda: config.build(surroundings))


def _check(what: str, build: Callable[[], nn.Module]) -> None:
    try:
        with torch.device("meta"):
            module = build()
        size = sum(part.numel() * part.element_size() for part in module.state_dict().values())
    except (RuntimeError, TypeError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:80]
        raise WrongInput(f"{what} cannot be built ({reason}); choose smaller sizes") from None
    if size > LARGEST_WEIGHTS:
        raise WrongInput(f"{what} would have {size / 1e9:.3g} GB of weights; choose smaller sizes")
