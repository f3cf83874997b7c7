"""First weights: a network's, drawn from a generator instead of the global one."""

import torch
from torch import nn


@torch.no_grad()
def redrawn(network: nn.Sequential, generator: torch.Generator) -> nn.Sequential:
    """The network with every weight and bias uniform within 1 / sqrt(inputs), as torch itself draws them."""
    for layer in network:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            for part in layer.parameters():
                part.uniform_(-bound, bound, generator=generator)
    return network
