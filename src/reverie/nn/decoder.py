"""Decoder: layers from codes to frames that know both shapes."""

from torch import nn


class Decoder(nn.Sequential):
    """Layers from codes to frames, in order."""

    def __init__(self, code_size: int, frame_shape: tuple[int, ...], *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.code_size = code_size
        self.frame_shape = frame_shape
