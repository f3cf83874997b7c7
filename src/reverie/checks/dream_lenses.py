"""What every lens for dreams promises; run over our own in the tests, and by plugins over theirs.

Each check takes a lens and an exhibit with an open loop and an audit; it raises AssertionError with the
promise that is broken. `ALL` holds the checks by name.
"""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import torch
from PIL import Image

from reverie.core.lens import DreamExhibit, DreamLensConfig
from reverie.lenses._style import png


def a_picture_is_drawn(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """The picture has room for words and more than one colour."""
    pixels = np.asarray(Image.open(BytesIO(png(lens.draw(exhibit)))).convert("L"))
    assert min(pixels.shape) >= 100, f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels"
    assert np.ptp(pixels) > 100, "an empty picture"


def the_same_exhibit_gives_the_same_picture(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """Nothing is left to chance: the files are equal byte by byte."""
    assert png(lens.draw(exhibit)) == png(lens.draw(exhibit)), "the picture changes from call to call"


def the_picture_names_what_it_shows(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """The run's name stands in the picture."""
    texts = [text.get_text() for text in lens.draw(exhibit).texts]
    assert any(exhibit.name in text for text in texts), f"{exhibit.name} is not named"


def names_are_shown_as_they_are(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """A name that looks like a formula breaks nothing."""
    png(lens.draw(replace(exhibit, name=r"a_$\frac{$ <b>")))


def what_is_not_known_is_no_obstacle(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """Runs that nobody audited can be looked at, and, where no frames are needed, those without any."""
    loop = exhibit.open_loop if lens.decodes else None
    png(lens.draw(replace(exhibit, audit=None, open_loop=loop)))


def looking_changes_nothing(lens: DreamLensConfig, exhibit: DreamExhibit) -> None:
    """Frames are as they were."""
    assert exhibit.open_loop is not None
    before = exhibit.open_loop.real.clone()
    lens.draw(exhibit)
    assert torch.equal(before, exhibit.open_loop.real), "frames were changed in place"


Check = Callable[[DreamLensConfig, DreamExhibit], None]

ALL: dict[str, Check] = {
    check.__name__: check
    for check in (
        a_picture_is_drawn,
        the_same_exhibit_gives_the_same_picture,
        the_picture_names_what_it_shows,
        names_are_shown_as_they_are,
        what_is_not_known_is_no_obstacle,
        looking_changes_nothing,
    )
}
"""Every promise by name."""
