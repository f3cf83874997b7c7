"""Dense autoencoder; with its defaults 784-32-784 on digits of 28 x 28, 50 992 parameters.

With `activation=linear`, `output=linear` and no hidden layers it is the linear autoencoder, whose best codes
span the same subspace as principal components.
Source: Sherburn 2017, table 3.1; Kochenderfer et al., Algorithms for Decision Making, eqs. D.7 and D.8.
"""

from dataclasses import dataclass
from typing import Literal

from reverie.core.errors import WrongInput
from reverie.core.posterior import Point
from reverie.core.representation import AutoencoderConfig, Representation, Term
from reverie.nn import dense
from reverie.nn.autoencoder import Autoencoder, Objective


@dataclass(frozen=True, kw_only=True)
class DenseAEConfig(AutoencoderConfig):
    """Dense autoencoder of frames of any shape."""

    code_size: int = 32
    """How many numbers a frame becomes."""
    hidden: tuple[int, ...] = ()
    """Sizes of the layers between frame and code; the decoder has the same in reverse."""
    activation: Literal["relu", "tanh", "linear"] = "relu"
    """What follows every inner layer, the code included."""
    output: Literal["sigmoid", "linear"] = "sigmoid"
    """What follows the last layer; sigmoid keeps frames in [0, 1]."""
    input_noise: float = 0.0
    """Standard deviation of the noise that the encoder sees (a denoising autoencoder); 0 for none."""

    def __post_init__(self) -> None:
        self.check_positive("code_size")
        self.check_not_negative("input_noise")
        if any(size <= 0 for size in self.hidden):
            raise WrongInput(f"dense-ae field 'hidden' must hold positive sizes, got {self.hidden}")
        if self.output == "linear" and self.reconstruction == "pixel:bce":
            raise WrongInput("pixel:bce needs frames in [0, 1]; use output=sigmoid, or reconstruction=pixel")

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The autoencoder of frames of this shape."""
        sizes = [*self.hidden, self.code_size]
        encoder = dense.encoder(frame_shape, sizes, self.activation)
        # In the source the code is a ReLU layer like any other.
        encoder.append(dense.ACTIVATIONS[self.activation]())
        return Autoencoder(
            encoder,
            Point.from_features,
            dense.decoder(frame_shape, sizes[::-1], self.activation, self.output),
            self._objective(reconstruction) if reconstruction else None,
        )

    def _objective(self, reconstruction: Term) -> Objective:
        return Objective({"reconstruction": reconstruction}, {"reconstruction": 1.0}, self.input_noise)
