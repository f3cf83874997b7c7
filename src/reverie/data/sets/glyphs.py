"""Glyphs: printed digits, turned, slanted, scaled and shifted at random; a stand-in for handwritten ones."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float64, Int64
from PIL import Image, ImageDraw, ImageFont
from PIL import __version__ as pillow

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world import Factor
from reverie.data.image_set import Frames, ImageSet, SetConfig, Truth

SIDE, FINER = 28, 4
"""Height and width of a picture; how many times larger it is drawn before it is averaged."""
FONT_SIZE = 104
WEIGHTS = 5
"""Widths of the pen that are drawn, from thin to bold."""
FACTORS = (
    Factor("digit", "0 to 9"),
    Factor("weight", "pen width, quarter pixels"),
    Factor("orientation", "rad anticlockwise"),
    Factor("slant", "right for each up"),
    Factor("scale", "of a digit 18 pixels high"),
    Factor("x", "pixels right of the middle"),
    Factor("y", "pixels below the middle"),
)
LOW = np.array([0.0, 0.0, -0.2, -0.2, 0.8, -2.0, -2.0])
HIGH = np.array([10.0, WEIGHTS, 0.2, 0.2, 1.1, 2.0, 2.0])


@dataclass(frozen=True, kw_only=True)
class GlyphsConfig(SetConfig):
    """Digits of the font inside Pillow, 28 by 28 pixels, light on dark as in MNIST.

    There is always another: 10 000 are drawn when nothing else is asked for. Other seeds, other pictures.
    """

    count: int = 10_000
    """Number of pictures."""

    def build(self) -> ImageSet:
        """Pictures without end, each with a generator of its own."""
        self.check_positive("count")
        return ImageSet(
            frame_shape=(SIDE, SIDE, 1),
            factors=FACTORS,
            total=None,
            draw=self.draw,
            about={"versions": {"pillow": pillow}},
        )

    def draw(self, numbers: Int64[np.ndarray, " image"]) -> tuple[Frames, Truth]:
        """The pictures with these numbers, and how each was made."""
        truth = np.stack([numpy_generator(self.seed, "glyph", int(number)).uniform(LOW, HIGH)
                          for number in numbers])  # fmt: skip
        truth[:, :2] = np.floor(truth[:, :2])
        truth = truth.astype(np.float32)
        return render(truth.astype(np.float64)), truth


def render(truth: Float64[np.ndarray, "image 7"]) -> Frames:
    """Pictures of digits with these factors."""
    return np.stack([_picture(row) for row in truth])[..., None]


def _picture(row: Float64[np.ndarray, " factor"]) -> np.ndarray:
    side = SIDE * FINER
    upright = _digit(int(row[0]), int(row[1]))
    (a, b), (d, e) = np.linalg.inv(_shape(row))
    # Pillow asks where each pixel of the new picture comes from, measured from the upper left corner.
    x, y = side / 2 + FINER * row[5], side / 2 + FINER * row[6]
    coefficients = (a, b, side / 2 - a * x - b * y, d, e, side / 2 - d * x - e * y)
    moved = upright.transform(
        (side, side), Image.Transform.AFFINE, coefficients, resample=Image.Resampling.BILINEAR
    )
    return np.asarray(moved.reduce(FINER))


def _shape(row: Float64[np.ndarray, " factor"]) -> Float64[np.ndarray, "2 2"]:
    """Slant, then turn, then scale; coordinates go right and down."""
    angle, slant, scale = row[2:5]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return scale * turn @ np.array([[1.0, -slant], [0.0, 1.0]])


@cache
def _digit(digit: int, weight: int) -> Image.Image:
    """A digit in the middle of a picture that is `FINER` times too large."""
    try:
        font = ImageFont.load_default(FONT_SIZE)
    except (ImportError, OSError) as error:
        raise WrongInput(f"glyphs need a Pillow with FreeType, as its wheels have: {error}") from None
    side = SIDE * FINER
    image = Image.new("L", (side, side), 0)
    canvas = ImageDraw.Draw(image)
    left, top, right, bottom = canvas.textbbox((0, 0), str(digit), font=font)
    middle = ((side - left - right) / 2, (side - top - bottom) / 2)
    canvas.text(middle, str(digit), fill=255, font=font, stroke_width=weight)
    return image
