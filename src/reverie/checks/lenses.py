"""What every lens promises; run over our own in the tests, and by plugins over theirs.

Each check takes a lens and an exhibit with factors; it raises AssertionError with the promise that is broken.
`ALL` holds the checks by name.
"""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import torch
from PIL import Image

from reverie.core.lens import Exhibit, LensConfig
from reverie.lenses._style import png


def a_picture_is_drawn(lens: LensConfig, exhibit: Exhibit) -> None:
    """The picture has room for words and more than one colour."""
    pixels = np.asarray(Image.open(BytesIO(_draw(lens, exhibit))).convert("L"))
    assert min(pixels.shape) >= 100, f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels"
    assert np.ptp(pixels) > 100, "an empty picture"


def the_same_generator_gives_the_same_picture(lens: LensConfig, exhibit: Exhibit) -> None:
    """All chance comes from the generator: the files are equal byte by byte."""
    assert _draw(lens, exhibit) == _draw(lens, exhibit), "the picture changes from call to call"


def the_picture_names_what_it_shows(lens: LensConfig, exhibit: Exhibit) -> None:
    """The run's name stands in the picture."""
    texts = [text.get_text() for text in lens.draw(exhibit, _generator()).texts]
    assert any(exhibit.name in text for text in texts), f"{exhibit.name} is not named"


def names_are_shown_as_they_are(lens: LensConfig, exhibit: Exhibit) -> None:
    """A name that looks like a formula breaks nothing."""
    _draw(lens, replace(exhibit, name=r"a_$\frac{$ <b>"))


def unknown_factors_are_no_obstacle(lens: LensConfig, exhibit: Exhibit) -> None:
    """Recordings without a truth can be looked at."""
    _draw(lens, replace(exhibit, factors=(), truth=np.zeros((len(exhibit.frames), 0), dtype=np.float32)))


def looking_changes_nothing(lens: LensConfig, exhibit: Exhibit) -> None:
    """Frames, codes and weights are as they were."""
    frames, codes = exhibit.frames.clone(), exhibit.codes.copy()
    weights = {name: part.clone() for name, part in exhibit.representation.state_dict().items()}
    lens.draw(exhibit, _generator())
    assert torch.equal(frames, exhibit.frames), "frames were changed in place"
    assert np.array_equal(codes, exhibit.codes), "codes were changed in place"
    for name, part in exhibit.representation.state_dict().items():
        assert torch.equal(weights[name], part), f"{name} was changed"


Check = Callable[[LensConfig, Exhibit], None]

ALL: dict[str, Check] = {
    check.__name__: check
    for check in (
        a_picture_is_drawn,
        the_same_generator_gives_the_same_picture,
        the_picture_names_what_it_shows,
        names_are_shown_as_they_are,
        unknown_factors_are_no_obstacle,
        looking_changes_nothing,
    )
}
"""Every promise by name."""


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(7))


def _draw(lens: LensConfig, exhibit: Exhibit) -> bytes:
    return png(lens.draw(exhibit, _generator()))
