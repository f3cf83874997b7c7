"""Names of the arrays that everybody shares."""

import torch
from jaxtyping import Bool, Float, Float32, Int64, UInt8
from numpy import ndarray

Tensor = torch.Tensor

Frames = Float[Tensor, "batch channel height width"]
"""Frames as networks see them: float, in [0, 1], RGB, channel second."""

Images = Float[Tensor, "batch *frame"]
"""Anything an autoencoder can rebuild: frames, digits, vectors."""

Codes = Float[Tensor, "batch code"]
"""What an encoder makes of a frame."""

PerImage = Float[Tensor, " batch"]
"""One number for each image of a batch."""

Pixels = UInt8[ndarray, "frame height width channel"]
"""Frames as they lie on disk: bytes, RGB, channel last."""

Factors = Float32[ndarray, "frame factor"]
"""What the simulator truly knew when it drew each frame."""

Rows = Int64[ndarray, " row"]
"""Indices of frames."""

Mask = Bool[ndarray, " frame"]
"""Which frames count."""
