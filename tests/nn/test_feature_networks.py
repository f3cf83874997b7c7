"""Feature networks: conventions and layers against numbers worked out in numpy."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core import assets
from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.nn.feature_networks import FeatureNetwork, squeezenet
from reverie.verbs import feature_network as finding
from reverie.verbs.feature_network import feature_network

CAFFE_FILE = assets.data_folder() / finding.CAFFE.name
needs_weights = pytest.mark.skipif(
    not CAFFE_FILE.is_file(), reason=f"no {finding.CAFFE.name} in REVERIE_DATA"
)


def uniform(count: int, channels: int = 3, size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=generator)


def network(convention) -> FeatureNetwork:
    return FeatureNetwork(squeezenet.layers(), convention, {"name": "test", "weights": ""})


def test_caffe_weights_see_blue_first_in_bytes_minus_the_mean():
    orange = torch.tensor([1.0, 0.5, 0.0])[None, :, None, None]
    found = network(squeezenet.CAFFE).converted(orange).flatten().tolist()
    assert found == pytest.approx([0 - 103.94, 127.5 - 116.78, 255 - 123.68], abs=1e-3)


def test_torchvision_weights_see_red_first_centred_and_scaled():
    orange = torch.tensor([1.0, 0.5, 0.0])[None, :, None, None]
    found = network(squeezenet.TORCHVISION).converted(orange).flatten().tolist()
    assert found == pytest.approx([0.515 / 0.229, 0.044 / 0.224, -0.406 / 0.225], abs=1e-5)


def test_grey_frames_are_grey_in_all_three_channels():
    grey = uniform(1, channels=1, size=8)
    seen = network(squeezenet.CAFFE)
    assert torch.equal(seen.converted(grey), seen.converted(grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize("frames", [uniform(1) * 255, uniform(1) * 2 - 1, uniform(1) * float("nan")])
def test_targets_outside_the_unit_range_are_refused(frames):
    with pytest.raises(ValueError, match=r"frames must lie in \[0, 1\]"):
        network(squeezenet.CAFFE).targets(frames, "conv1")


def test_squeezenet_has_the_parameters_of_its_paper():
    def fire(inputs: int, squeezed: int, expanded: int) -> int:
        one, three = squeezed * expanded + expanded, 9 * squeezed * expanded + expanded
        return inputs * squeezed + squeezed + one + three

    rows = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
    rows += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
    expected = 3 * 64 * 9 + 64 + sum(fire(*row) for row in rows)
    # 1 235 496 in all for version 1.1, less the classifier of 513 x 1000.
    assert expected == 1_235_496 - 513_000
    assert sum(weights.numel() for weights in squeezenet.layers().parameters()) == expected


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("conv1", (64, 31, 31)),
        ("pool1", (64, 15, 15)),
        ("fire3", (128, 15, 15)),
        ("fire5", (256, 7, 7)),
        ("fire9", (512, 3, 3)),
    ],
)
def test_feature_maps_of_64_pixels_have_the_sizes_of_pools_rounded_up(layer, shape):
    assert feature_network("random-squeezenet", QUIET).features(uniform(1), layer).shape[1:] == shape


def test_a_network_stays_frozen_and_says_what_it_is():
    found = feature_network("random-squeezenet", QUIET)
    assert not list(found.parameters()) and not any(weights.requires_grad for weights in found.buffers())
    assert not any(part.training for part in found.train().modules())
    description = json.loads(json.dumps(found.description))
    assert description["name"] == "random-squeezenet"
    assert len(description["weights"]) == 64
    assert description["convention"]["order"] == "BGR"
    assert "fire3" in description["layers"]


def test_random_networks_are_the_same_for_a_seed_and_differ_between_seeds():
    first, again, other = (
        feature_network(name, QUIET).description["weights"]
        for name in ("random-squeezenet", "random-squeezenet=0", "random-squeezenet=1")
    )
    assert first == again != other


def test_finding_a_random_network_leaves_the_global_random_state_alone():
    before = torch.random.get_rng_state()
    feature_network("random-squeezenet", QUIET)
    assert torch.equal(before, torch.random.get_rng_state())


def test_random_weights_keep_the_size_of_their_input():
    # He et al.: each layer halves nothing and doubles nothing; 17 convolutions later it is still near.
    found = feature_network("random-squeezenet", QUIET)
    frames = uniform(4)
    entering = found.converted(frames).square().mean().sqrt()
    leaving = found.features(frames, "fire9").square().mean().sqrt()
    assert 0.1 < (leaving / entering).item() < 10


@needs_weights
def test_the_first_layer_is_a_convolution_of_the_converted_patch():
    from safetensors.numpy import load_file

    published = load_file(CAFFE_FILE)
    frames = uniform(1)
    found = feature_network("squeezenet", QUIET).features(frames, "conv1")[0, :, 4, 7].numpy()
    # Row 4, column 7 of the map: the patch that starts at row 8, column 14 (stride 2, no padding).
    patch = frames[0, :, 8:11, 14:17].double().numpy()[::-1] * 255
    patch -= np.array([103.94, 116.78, 123.68])[:, None, None]
    expected = (published["features.0.weight"] * patch).sum((1, 2, 3)) + published["features.0.bias"]
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-3)


@needs_weights
def test_the_third_fire_module_is_torchvisions_fourth_feature():
    """The same numbers through layers put together by hand, in torchvision's published order."""
    from safetensors.torch import load_file

    weights = load_file(CAFFE_FILE)

    def conv(values, name, **more):
        return nn.functional.conv2d(values, weights[f"{name}.weight"], weights[f"{name}.bias"], **more)

    def fire(values, number):
        squeezed = conv(values, f"features.{number}.squeeze").relu()
        wide = (
            conv(squeezed, f"features.{number}.expand1x1"),
            conv(squeezed, f"features.{number}.expand3x3", padding=1),
        )
        return torch.cat(wide, 1).relu()

    found = feature_network("squeezenet", QUIET)
    values = conv(found.converted(uniform(2)), "features.0", stride=2).relu()
    values = fire(fire(nn.functional.max_pool2d(values, 3, 2, ceil_mode=True), 3), 4)
    assert torch.allclose(found.features(uniform(2), "fire3"), values, rtol=1e-4, atol=1e-2)


@needs_weights
def test_the_published_file_is_named_with_its_checksum():
    description = feature_network("squeezenet", QUIET).description
    assert description["weights"] == finding.CAFFE.sha256
    assert description["file"] == "squeezenet1_1_caffe.safetensors"


def test_torchvisions_file_is_read_with_its_own_convention(tmp_path, monkeypatch):
    folder = tmp_path / "perceptual"
    folder.mkdir()
    numbers = {"conv1": 0} | {name: row[0] for name, row in squeezenet.FIRE.items()}
    weights = {}
    for name, value in squeezenet.layers().state_dict().items():
        layer, _, rest = name.partition(".")
        weights[f"features.{numbers[layer]}.{rest}"] = value
    torch.save(weights | {"classifier.1.bias": torch.zeros(1000)}, folder / "squeezenet1_1-b8a52dc0.pth")
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    monkeypatch.setattr(finding, "TORCHVISION", assets.Asset(finding.TORCHVISION.name, ""))
    found = feature_network("squeezenet", QUIET)
    assert found.description["convention"]["order"] == "RGB"
    assert torch.equal(found.layers.fire9.squeeze.weight, weights["features.12.squeeze.weight"])


def test_missing_weights_say_where_to_put_them_and_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WrongInput, match=r"add --download, or put perceptual/squeezenet1_1_caffe"):
        feature_network("squeezenet", QUIET)


def test_altered_weights_are_named(tmp_path, monkeypatch):
    (tmp_path / "perceptual").mkdir()
    (tmp_path / finding.CAFFE.name).write_bytes(b"not what it was")
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    with pytest.raises(WrongInput, match=r"squeezenet1_1_caffe\.safetensors is altered"):
        feature_network("squeezenet", QUIET)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("squeezenett", "did you mean 'squeezenet'"),
        ("clutter=2", "only random-squeezenet takes a seed"),
        ("random-squeezenet=two", "only random-squeezenet takes a seed"),
    ],
)
def test_unknown_names_are_refused(name, message):
    with pytest.raises(WrongInput, match=message):
        feature_network(name, QUIET)
