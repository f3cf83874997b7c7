"""Augment: other pictures of the same scene, drawn from a generator."""

import torch

from reverie.core.shapes import Frames


def shifted(frames: Frames, furthest: int, generator: torch.Generator | None) -> Frames:
    """Each frame moved by up to `furthest` pixels in both directions; the border is repeated.

    Source: Kostrikov, Yarats & Fergus 2021, Image Augmentation Is All You Need, section 3.1.
    """
    count, _, height, width = frames.shape
    padded = torch.nn.functional.pad(frames, (furthest,) * 4, mode="replicate")
    size, device = (2, count, 1), frames.device
    down, right = torch.randint(2 * furthest + 1, size, generator=generator, device=device)
    rows = (down + torch.arange(height, device=device))[:, :, None]
    columns = (right + torch.arange(width, device=device))[:, None, :]
    image = torch.arange(count, device=device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, rows, columns].permute(0, 3, 1, 2)


def relit(frames: Frames, strength: float, generator: torch.Generator | None) -> Frames:
    """Each frame with contrast and brightness multiplied by numbers in 1 +- strength, kept in [0, 1]."""
    factors = torch.rand((2, len(frames), 1, 1, 1), generator=generator, device=frames.device)
    contrast, brightness = 1.0 + strength * (2.0 * factors - 1.0)
    middle = frames.mean(dim=(1, 2, 3), keepdim=True)
    return (brightness * (middle + contrast * (frames - middle))).clamp(0.0, 1.0)
