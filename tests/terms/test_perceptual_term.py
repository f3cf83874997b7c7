"""Perceptual terms on networks small enough to work out by hand."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core.errors import WrongInput
from reverie.core.posterior import Point
from reverie.core.representation import View
from reverie.core.term import Materials
from reverie.nn.feature_networks import Convention, FeatureNetwork
from reverie.nn.features import Features
from reverie.representations.conv_ae import ConvAEConfig
from reverie.terms import parse
from reverie.terms.perceptual import Perceptual, channel_deviations

AS_IT_IS = Convention(order="RGB", scale=1.0, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))


def mixing(rows: list[list[float]]) -> FeatureNetwork:
    """One layer, "mix": each feature is a weighted sum of red, green and blue, place by place."""
    layer = nn.Conv2d(3, len(rows), 1, bias=False)
    layer.weight.data = torch.tensor(rows)[:, :, None, None]
    return FeatureNetwork(nn.Sequential(OrderedDict(mix=layer)), AS_IT_IS, {"name": "mixing", "weights": ""})


def materials(network: FeatureNetwork, pixels: np.ndarray | None = None) -> Materials:
    random = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    return Materials(lambda _: network, random if pixels is None else pixels)


def view(frames: torch.Tensor, prediction: torch.Tensor) -> View:
    codes = torch.zeros(len(frames), 1)
    return View(frames, Point(codes), codes, prediction)


def pixel(*colours: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(colours)[:, :, None, None]


def test_sigmoid_form_by_hand():
    # Features of the frame: 2 and -1; of the prediction: 0 and 0.
    term = Perceptual(Features(mixing([[2.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), "mix"))
    found = term(view(pixel((1.0, 0.0, 1.0)), pixel((0.0, 0.5, 0.0)))).item()
    expected = (1 / (1 + np.exp(-2.0)) - 0.5) ** 2 + (1 / (1 + np.exp(1.0)) - 0.5) ** 2
    assert found == pytest.approx(expected, rel=1e-6)


def test_channel_form_divides_each_feature_by_its_deviation():
    network = mixing([[2.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    term = Perceptual(Features(network, "mix", torch.tensor([4.0, 0.5]), squash=False))
    found = term(view(pixel((1.0, 0.0, 1.0)), pixel((0.0, 0.5, 0.0)))).item()
    assert found == pytest.approx((2 / 4) ** 2 + (1 / 0.5) ** 2)


def test_soft_form_divides_all_features_by_one_number_before_the_sigmoid():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    network = mixing([[2.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    term = parse("perceptual:any@mix:soft").build(materials(network, pixels))
    red, blue = (pixels[..., channel] / 255 for channel in (0, 2))
    deviation = np.sqrt((np.var(2 * red) + np.var(-blue)) / 2)
    found = term(view(pixel((1.0, 0.0, 1.0)), pixel((0.0, 0.5, 0.0)))).item()
    squashed = [1 / (1 + np.exp(-feature / deviation)) for feature in (2.0, -1.0)]
    assert found == pytest.approx(sum((value - 0.5) ** 2 for value in squashed), rel=1e-5)


def test_the_number_is_summed_over_places_and_features():
    term = parse("perceptual:any@mix").build(materials(mixing([[1.0, 1.0, 1.0]])))
    frame, prediction = pixel((0.2, 0.4, 0.1)), pixel((0.9, 0.3, 0.6))
    small, large = view(frame, prediction), view(frame.expand(1, 3, 5, 4), prediction.expand(1, 3, 5, 4))
    assert term(large).item() == pytest.approx(20 * term(small).item(), rel=1e-5)


def test_deviations_are_those_of_the_channels_over_frames_and_places():
    frames = torch.rand(100, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = channel_deviations(mixing([[1.0, 0.0, 0.0], [0.0, 5.0, 0.0]]), "mix", frames)
    expected = [frames[:, 0].numpy().std(), 5 * frames[:, 1].numpy().std()]
    assert found.tolist() == pytest.approx(expected, rel=1e-4)


def test_a_channel_that_is_nearly_dead_is_held_at_a_tenth_of_the_median():
    frames = torch.rand(100, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    dead = [[0.0, 0.0, 0.0], [1e-6, 0.0, 0.0]]
    network = mixing([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], *dead])
    found = channel_deviations(network, "mix", frames)
    assert found[3:].tolist() == pytest.approx([0.1 * found[0].item()] * 2)


def test_frames_in_another_range_are_refused():
    term = parse("perceptual:any@mix").build(materials(mixing([[1.0, 1.0, 1.0]])))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got -0.9 to 0.8"):
        term(view(pixel((-0.9, 0.0, 0.8)), pixel((0.1, 0.1, 0.1))))


@pytest.mark.parametrize("scaling", ["", ":sigmoid", ":channel"])
def test_gradient_reaches_the_decoder_but_not_the_network(scaling):
    network = mixing([[1.0, 2.0, 3.0], [0.5, -1.0, 0.5]])
    term = parse(f"perceptual:any@mix{scaling}").build(materials(network))
    representation = ConvAEConfig(code_size=4).build((3, 64, 64), term)
    frames = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    (player,) = representation.players()
    player.loss(frames, torch.Generator()).total().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in player.parameters())
    assert not list(network.parameters())
    assert all(weights.grad is None and not weights.requires_grad for weights in network.buffers())


def test_the_network_is_neither_learnt_nor_saved_with_the_representation():
    term = parse("perceptual:any@mix").build(materials(mixing([[1.0, 1.0, 1.0]])))
    with_term = ConvAEConfig(code_size=4).build((3, 64, 64), term)
    assert with_term.state_dict().keys() == ConvAEConfig(code_size=4).build((3, 64, 64)).state_dict().keys()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("perceptual", "names a network and a layer, got ''"),
        ("perceptual:squeezenet", "for example perceptual:squeezenet@fire3"),
        ("perceptual:@fire3", "names a network and a layer"),
        ("perceptual:squeezenet@fire3:chanel", "'chanel'; did you mean 'channel'"),
        ("perceptual:squeezenet@fire3:", "unknown scaling of a perceptual term ''"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(words, message):
    with pytest.raises(WrongInput, match=message):
        parse(words)


def test_an_unknown_layer_is_refused_when_the_term_is_built():
    with pytest.raises(WrongInput, match="unknown layer of mixing 'mx'; did you mean 'mix'"):
        parse("perceptual:any@mx").build(materials(mixing([[1.0, 1.0, 1.0]])))
