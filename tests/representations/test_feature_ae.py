"""The four wirings: what is seen, what is predicted, what it costs; on a network worked out by hand."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.representation import EncoderOnly, Representation
from reverie.core.term import Materials
from reverie.nn.feature_networks import Convention, FeatureNetwork
from reverie.nn.features import feature_shape
from reverie.representations.conv_ae import ConvAEConfig
from reverie.representations.feature_ae import FeatureAEConfig
from reverie.terms import parse
from reverie.terms.pixel import squared
from reverie.verbs._sizes import check_size
from reverie.verbs.feature_network import feature_network

SHAPE = (3, 64, 64)
DEVIATION = 60.0
WIRINGS = ("i-f-fp", "f-f-fp", "f-i-ps", "f-i-pw")
AS_IT_IS = Convention(order="RGB", scale=1.0, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))


def patches() -> FeatureNetwork:
    """One layer, "sum": the red of each 16 x 16 patch summed up, and the green minus the blue: 2 x 4 x 4."""
    layer = nn.Conv2d(3, 2, 16, stride=16, bias=False)
    layer.weight.data.zero_()
    layer.weight.data[0, 0] = 1.0
    layer.weight.data[1, 1], layer.weight.data[1, 2] = 1.0, -1.0
    return FeatureNetwork(nn.Sequential(OrderedDict(sum=layer)), AS_IT_IS, {"name": "patches"})


def by_hand(frames: torch.Tensor) -> np.ndarray:
    """What `patches` makes of frames, divided by DEVIATION and squashed."""
    parts = frames.double().numpy().reshape(-1, 3, 4, 16, 4, 16).sum((3, 5))
    features = np.stack([parts[:, 0], parts[:, 1] - parts[:, 2]], 1)
    return 1 / (1 + np.exp(-features / DEVIATION))


def built(wiring: str, network: FeatureNetwork | None = None, **choices) -> Representation:
    """A wiring through `patches` at two code units, its scaling put right by hand."""
    given = {"features": "squeezenet@sum:soft", "code_size": 2, "hidden_size": 5}
    config = FeatureAEConfig(wiring=wiring, **given | choices)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    term = parse(config.term).build(Materials(lambda _: network or patches(), pixels))
    term.features.deviations = torch.full((2,), DEVIATION)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return config.build(SHAPE, term)


@pytest.fixture
def frames() -> torch.Tensor:
    return torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(1))


def dense(layers: nn.Module, values: np.ndarray) -> np.ndarray:
    """Two affine maps with ReLU between, in numpy."""
    weights = [part.detach().double().numpy() for part in layers.parameters()]
    hidden = np.maximum(values @ weights[0].T + weights[1], 0.0)
    return hidden @ weights[2].T + weights[3]


@pytest.mark.parametrize("wiring", ["f-f-fp", "f-i-ps", "f-i-pw"])
def test_the_encoder_sees_the_scaled_features_and_nothing_else(wiring, frames):
    model = built(wiring)
    expected = dense(model.encoder, by_hand(frames).reshape(3, 32))
    assert np.allclose(model.encode(frames).mean.detach().numpy(), expected, atol=1e-5)


def test_frames_that_the_network_cannot_tell_apart_have_one_code(frames):
    model, rolled = built("f-f-fp"), frames.clone()
    rolled[:, :, :16, :16] = rolled[:, :, :16, :16].roll(3, dims=2)
    assert torch.allclose(model.encode(rolled).mean, model.encode(frames).mean, atol=1e-5)
    image = built("i-f-fp")
    assert not torch.allclose(image.encode(rolled).mean, image.encode(frames).mean, atol=1e-5)


@pytest.mark.parametrize("wiring", ["i-f-fp", "f-f-fp"])
def test_feature_prediction_is_the_squared_error_against_the_frozen_features(wiring, frames):
    model = built(wiring)
    codes = model.encode(frames).mean.detach().double().numpy()
    predicted = dense(model.decoder, codes).reshape(3, 2, 4, 4)
    expected = ((predicted - by_hand(frames)) ** 2).sum((1, 2, 3))
    (player,) = model.players()
    losses = player.loss(frames, None)
    assert np.allclose(losses.terms["reconstruction"].detach().numpy(), expected, rtol=1e-4)
    assert losses.total().item() == pytest.approx(expected.mean(), rel=1e-4)


def test_perceptual_similarity_compares_features_of_frame_and_reconstruction(frames):
    model = built("f-i-ps")
    rebuilt = model.decode(model.encode(frames).mean).detach()
    expected = ((by_hand(rebuilt) - by_hand(frames)) ** 2).sum((1, 2, 3))
    found = model.players()[0].loss(frames, None).terms["reconstruction"]
    assert np.allclose(found.detach().numpy(), expected, rtol=1e-3)


def test_pixel_wise_compares_pixels(frames):
    model = built("f-i-pw")
    rebuilt = model.decode(model.encode(frames).mean).detach().double().numpy()
    expected = ((rebuilt - frames.double().numpy()) ** 2).sum((1, 2, 3))
    found = model.players()[0].loss(frames, None).terms["reconstruction"]
    assert np.allclose(found.detach().numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_learning_moves_every_parameter_and_leaves_the_network_as_it_was(wiring, frames):
    network = patches()
    before = {name: part.clone() for name, part in network.state_dict().items()}
    model = built(wiring, network)
    started = [part.clone() for part in model.parameters()]
    optimiser = torch.optim.Adam(model.players()[0].parameters(), 1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        model.train().players()[0].loss(frames, None).total().backward()
        optimiser.step()
    assert not any(torch.equal(*pair) for pair in zip(started, model.parameters(), strict=True))
    assert all(torch.equal(part, before[name]) for name, part in network.state_dict().items())
    assert all(part.grad is None for part in network.buffers())


def test_learning_lowers_the_error_of_prediction_below_that_of_the_best_constant():
    model = built("f-f-fp", hidden_size=16)
    many = torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(5))
    many = many * torch.linspace(0.2, 1.0, 16)[:, None, None, None]
    constant = ((by_hand(many) - by_hand(many).mean(0)) ** 2).sum((1, 2, 3)).mean()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(300):
        optimiser.zero_grad()
        model.players()[0].loss(many, None).total().backward()
        optimiser.step()
    assert model.players()[0].loss(many, None).total().item() < 0.5 * constant


HALVES = {
    # Four convolutions of kernel 4, then a linear layer to 32.
    "image encoder": 16 * (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256) + 32 + 64 + 128 + 256 + 1024 * 32 + 32,
    # pool3 of SqueezeNet at 64 x 64: 128 features at 7 x 7 places; 2048 hidden units.
    "feature encoder": 6272 * 2048 + 2048 + 2048 * 32 + 32,
    "feature decoder": 32 * 2048 + 2048 + 2048 * 6272 + 6272,
    "image decoder": 32 * 1024 + 1024 + 25 * (1024 * 128 + 128 * 64) + 128 + 64
    + 36 * (64 * 32 + 32 * 3) + 32 + 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wiring", "sees", "makes", "told"),
    [
        ("i-f-fp", "image", "feature", 13_641_856),
        ("f-f-fp", "feature", "feature", 25_831_584),
        ("f-i-ps", "feature", "image", 16_505_475),
        ("f-i-pw", "feature", "image", 16_505_475),
    ],
)
def test_the_parameters_are_those_counted_by_hand(wiring, sees, makes, told):
    with torch.device("meta"):
        model = FeatureAEConfig(wiring=wiring).build(SHAPE)
    counted = sum(part.numel() for part in model.parameters())
    assert counted == HALVES[f"{sees} encoder"] + HALVES[f"{makes} decoder"] == told


def test_a_layer_of_few_features_has_half_as_many_hidden_units():
    config = FeatureAEConfig(wiring="f-f-fp", features="clutter@relu4")
    features = 96 * 8 * 8
    with torch.device("meta"):
        linear = [part for part in config.build(SHAPE).modules() if isinstance(part, nn.Linear)]
    assert [part.out_features for part in linear] == [2048, 32, 2048, features]
    with torch.device("meta"):
        linear = [part for part in config.build((3, 16, 16)).modules() if isinstance(part, nn.Linear)]
    assert [part.out_features for part in linear] == [96 * 2 * 2 // 2, 32, 96 * 2 * 2 // 2, 96 * 2 * 2]


def test_the_shape_of_features_is_known_without_computing_any():
    network = feature_network("random-squeezenet", QUIET)
    # Frames of 120 GB; a convolution of kernel 3 and stride 2, then two pools of the same, rounded up.
    rows = (100_000 - 3) // 2 + 1
    for _ in range(2):
        rows = -(-(rows - 3) // 2) + 1
    assert feature_shape(network, "pool3", (3, 100_000, 100_000)) == (128, rows, rows)


def test_the_image_halves_start_from_the_same_weights_as_those_of_the_convolutional_autoencoder():
    """So that arms of one seed differ in their wiring alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        first = FeatureAEConfig(code_size=8).build(SHAPE).encoder.state_dict()
        torch.manual_seed(3)
        other = ConvAEConfig(code_size=8).build(SHAPE, squared).encoder.state_dict()
    assert all(torch.equal(first[name], other[name]) for name in other)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_the_network_is_part_of_the_state_where_the_encoder_looks_through_it(wiring):
    bare = FeatureAEConfig(wiring=wiring, features="random-squeezenet@pool3", hidden_size=4).build(SHAPE)
    saved = [name for name in bare.state_dict() if "conv1.weight" in name]
    assert len(saved) == (0 if wiring == "i-f-fp" else 1)


def test_saved_features_bring_scaling_and_convention_with_them():
    """A network that wants bytes, blue first: what is loaded must see as it does, not as the stand-in did."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    config = FeatureAEConfig(wiring="f-f-fp", features="random-squeezenet@pool3:soft", hidden_size=6)
    find = Materials(lambda name: feature_network(name, QUIET), pixels)
    learnt, loaded = config.build(SHAPE, parse(config.term).build(find)), config.build(SHAPE)
    frames = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(2))
    assert not torch.allclose(learnt.encode(frames).mean, loaded.encode(frames).mean)
    loaded.load_state_dict(learnt.state_dict())
    assert torch.equal(learnt.encode(frames).mean, loaded.encode(frames).mean)


@pytest.mark.parametrize(("beta", "kind"), [(0.0, Point), (0.3, DiagonalGaussian)])
def test_a_price_of_divergence_makes_it_variational(beta, kind, frames):
    model = built("f-f-fp", beta=beta)
    assert isinstance(model.encode(frames), kind)
    losses = model.players()[0].loss(frames, torch.Generator().manual_seed(0))
    means = {name: term.mean().item() for name, term in losses.terms.items()}
    expected = means["reconstruction"] + beta * means.get("kl", 0.0)
    assert losses.total().item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("wiring", ["i-f-fp", "f-f-fp"])
def test_what_predicts_features_says_that_it_has_no_frames(wiring):
    model = built(wiring)
    assert isinstance(model, EncoderOnly)
    with pytest.raises(WrongInput, match="predicts features, not frames: it makes codes of frames"):
        model.decode(torch.zeros(1, 2))


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"features": "squeezenet"}, "names a network and a layer, got 'squeezenet'"),
        ({"features": "squeezenet@pool3:sotf"}, "did you mean 'soft'"),
        ({"code_size": 0}, "feature-ae field 'code_size' must be positive, got 0"),
        ({"hidden_size": -1}, "feature-ae field 'hidden_size' must be positive, got -1"),
        ({"beta": -1.0}, "feature-ae field 'beta' must be zero or positive"),
        ({"wiring": "f-f-fp", "batch_norm": True}, "no convolutions to normalise in f-f-fp"),
    ],
)
def test_wrong_choices_are_refused_at_birth(choices, sentence):
    with pytest.raises(WrongInput, match=sentence):
        FeatureAEConfig(**choices)


@pytest.mark.parametrize(
    ("choices", "shape", "sentence"),
    [
        ({"features": "squeezenett@pool3"}, SHAPE, "unknown feature network 'squeezenett'; did you mean"),
        ({"features": "squeezenet@pool4"}, SHAPE, "unknown layer of squeezenet 'pool4'; did you mean"),
        ({}, (3, 84, 84), "64 x 64, got 84 x 84"),
        ({"wiring": "f-f-fp"}, (4, 84, 84), "a feature network sees grey or RGB frames, got 4 channels"),
        ({"wiring": "f-f-fp"}, (3, 4, 4), "feature-ae for frames of 3x4x4 cannot be built"),
        ({"wiring": "f-f-fp", "code_size": 10**7}, SHAPE, "GB of weights; choose smaller sizes"),
    ],
)
def test_what_cannot_be_built_is_refused_before_it_weighs_anything(choices, shape, sentence):
    with pytest.raises(WrongInput, match=sentence):
        check_size(FeatureAEConfig(**choices), shape)
