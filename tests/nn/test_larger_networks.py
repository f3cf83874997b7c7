"""VGG-19 and AlexNet: conventions and layers against sums written out in NumPy, and files that do not fit."""

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core import assets
from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.nn.feature_networks import FeatureNetwork, alexnet, vgg19
from reverie.verbs import feature_network as finding
from reverie.verbs.feature_network import feature_network

VGG_FILE = assets.data_folder() / finding.VGG19.name
needs_vgg = pytest.mark.skipif(not VGG_FILE.is_file(), reason=f"no {finding.VGG19.name} in REVERIE_DATA")


def uniform(count: int, size: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("prepare", (3, 64, 64)),
        ("relu1_2", (64, 64, 64)),
        ("relu2_2", (128, 32, 32)),
        ("relu3_1", (256, 16, 16)),
    ],
)
def test_vgg19_keeps_sizes_but_in_its_pools(layer, shape):
    network = FeatureNetwork(vgg19.layers(), vgg19.CONVENTION, {"name": "vgg19", "weights": ""})
    assert network.features(uniform(1), layer).shape[1:] == shape


def test_vgg19_has_the_parameters_of_its_first_five_convolutions():
    expected = 12 + sum(9 * i * o + o for i, o in [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256)])
    assert sum(weights.numel() for weights in vgg19.layers().parameters()) == expected


@needs_vgg
def test_the_published_vgg19_makes_bytes_in_bgr_minus_the_mean_of_frames_in_rgb():
    orange = torch.tensor([1.0, 0.5, 0.0])[None, :, None, None]
    found = feature_network("vgg19", QUIET).features(orange, "prepare").flatten().tolist()
    assert found == pytest.approx([0 - 103.939, 127.5 - 116.779, 255 - 123.68], abs=0.01)


@needs_vgg
def test_activations_of_the_published_vgg19_are_normalised_to_a_mean_near_one():
    """Gatys et al. scale each filter to a mean of one over images; noise is near enough to tell."""
    features = feature_network("vgg19", QUIET).features(uniform(2), "relu3_1")
    assert 0.1 < features.mean().item() < 10.0


@needs_vgg
def test_its_first_two_convolutions_are_those_of_numpy():
    from safetensors.numpy import load_file

    published = load_file(VGG_FILE)
    frames = uniform(1, 6)
    found = feature_network("vgg19", QUIET).features(frames, "conv1_1")[0].numpy()
    mixed = np.einsum("of,fij->oij", published["0.weight"][:, :, 0, 0], frames[0].double().numpy())
    padded = np.pad(mixed + published["0.bias"][:, None, None], ((0, 0), (1, 1), (1, 1)), mode="reflect")
    for row, column in ((0, 0), (3, 4), (5, 5)):
        patch = padded[:, row : row + 3, column : column + 3]
        expected = (published["2.weight"] * patch).sum((1, 2, 3)) + published["2.bias"]
        assert np.allclose(found[:, row, column], expected, rtol=1e-3, atol=1e-3)


@needs_vgg
def test_vgg19_is_named_with_its_checksum():
    assert feature_network("vgg19", QUIET).description["weights"] == finding.VGG19.sha256


def alexnet_file(folder, monkeypatch, weights) -> None:
    (folder / "perceptual").mkdir()
    torch.save(weights, folder / finding.ALEXNET.name)
    monkeypatch.setenv("REVERIE_DATA", str(folder))
    monkeypatch.setattr(finding, "ALEXNET", assets.Asset(finding.ALEXNET.name, ""))


def test_torchvisions_alexnet_is_read_and_cut_after_its_second_relu(tmp_path, monkeypatch):
    layers = alexnet.layers()
    weights = {f"features.{number}.{part}": getattr(layers[number], part).detach()
               for number in (0, 3) for part in ("weight", "bias")}  # fmt: skip
    alexnet_file(tmp_path, monkeypatch, weights | {"classifier.1.bias": torch.zeros(4096)})
    found = feature_network("alexnet", QUIET)
    values = nn.functional.conv2d(uniform(2), weights["features.0.weight"], weights["features.0.bias"], 4, 2)
    values = nn.functional.max_pool2d(values.relu(), 3, 2)
    values = nn.functional.conv2d(values, weights["features.3.weight"], weights["features.3.bias"], 1, 2)
    assert torch.allclose(found.features(uniform(2), "relu2"), values.relu(), atol=1e-5)
    assert found.features(uniform(1), "relu2").shape[1:] == (192, 7, 7)
    assert found.description["convention"]["mean"] == (0.0, 0.0, 0.0)


def test_alexnet_has_the_parameters_that_the_paper_s_cut_leaves():
    expected = 3 * 64 * 121 + 64 + 64 * 192 * 25 + 192
    assert sum(weights.numel() for weights in alexnet.layers().parameters()) == expected


class Harmful:
    def __reduce__(self):
        return (print, ("this must not run",))


def test_a_file_that_would_run_code_is_refused(tmp_path, monkeypatch, capsys):
    alexnet_file(tmp_path, monkeypatch, {"features.0.weight": Harmful()})
    with pytest.raises(WrongInput, match=r"alexnet-owt-7be5be79\.pth does not hold the weights"):
        feature_network("alexnet", QUIET)
    assert capsys.readouterr().out == ""


def test_a_file_of_another_network_is_refused(tmp_path, monkeypatch):
    alexnet_file(tmp_path, monkeypatch, {"features.0.weight": torch.zeros(1)})
    with pytest.raises(WrongInput, match="does not hold the weights of alexnet"):
        feature_network("alexnet", QUIET)


@pytest.mark.parametrize("name", ["alexnet", "vgg19"])
def test_missing_weights_say_where_to_put_them_and_altered_ones_are_named(name, tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asset = {"alexnet": finding.ALEXNET, "vgg19": finding.VGG19}[name]
    with pytest.raises(WrongInput, match=f"the weights of {name} are not on this machine"):
        feature_network(name, QUIET)
    (tmp_path / "perceptual").mkdir()
    (tmp_path / asset.name).write_bytes(b"not what it was")
    with pytest.raises(WrongInput, match="is altered"):
        feature_network(name, QUIET)
