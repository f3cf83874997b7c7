"""The digit network against the counts of the textbook, and its way back."""

import numpy as np
import pytest
import torch
from torch import nn

from reverie.nn.digit_cnn import DigitClassifier, decoder, encoder


def count(network):
    return [sum(part.numel() for part in layer.parameters()) for layer in network
            if isinstance(layer, nn.Conv2d | nn.Linear)]  # fmt: skip


def test_every_layer_has_the_parameters_of_the_textbook():
    """Kernels times inputs times filters, and a bias for each filter."""
    assert count(DigitClassifier().layers) == [208, 1168, 4640, 9248, 4128, 330]
    assert sum(count(DigitClassifier().layers)) == 19_722


def test_the_way_back_has_the_same_sides():
    sides, values = [], torch.zeros(2, 3)
    for layer in decoder(3):
        values = layer(values)
        if isinstance(layer, nn.ConvTranspose2d):
            sides.append(tuple(values.shape[1:]))
    assert sides == [(32, 2, 2), (32, 4, 4), (16, 7, 7), (8, 14, 14), (1, 28, 28)]
    assert values.min() >= 0.0 and values.max() <= 1.0


def test_the_way_back_has_as_many_weights():
    forth, back = (sum(part.numel() for part in network.parameters() if part.dim() > 1)
                   for network in (encoder(3), decoder(3)))  # fmt: skip
    assert forth == back


def test_the_loss_is_the_cross_entropy_of_the_softmax():
    network, frames, digits = DigitClassifier(), torch.rand(4, 1, 28, 28), torch.tensor([0, 3, 9, 3])
    with torch.no_grad():
        scores = network(frames).double().numpy()
        found = network.loss((frames, digits), None).total().item()
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert found == pytest.approx(-np.log(shares[range(4), digits]).mean())
