"""The thesis's autoencoders: their tables, the written-out gradient against autograd, the verdict's rules."""

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.representations.dense_ae import DenseAEConfig
from reverie.studies import _mnist
from reverie.studies._batch_of_one import OneByOne, fit_one_by_one, learn
from reverie.studies._digit_networks import DigitConvConfig
from reverie.studies.mnist_autoencoders import MnistAutoencodersConfig, constant, new, parameters, score

GOOD = {
    "seed": 0, "data": "MNIST", "floor": 45.53, "constant": 205.8, "dense": 72.5, "dense_steps": 900_000,
    "conv_196": 66.0, "conv_32": 90.0, "conv_steps": 3750, "dense_parameters": 50_992,
    "conv_196_parameters": 2949, "conv_32_parameters": 3099,
}  # fmt: skip


@pytest.fixture(scope="module")
def glyphs():
    return _mnist.glyphs((300, 100))


def shapes_of(module, images):
    found = []
    hooks = [layer.register_forward_hook(lambda layer, given, out: found.append(tuple(out.shape[1:])))
             for layer in module.modules() if type(layer).__name__ in KINDS]  # fmt: skip
    module.decode(module.encode(images).mean)
    for hook in hooks:
        hook.remove()
    return found


KINDS = {"Conv2d", "MaxPool2d", "Upsample", "ConvTranspose2d", "Linear"}


def test_the_layers_are_those_of_both_tables(glyphs):
    dense, conv = new(DenseAEConfig(), 0), new(DigitConvConfig(), 0)
    assert (parameters(dense), parameters(conv)) == (50_992, 2_949)
    assert shapes_of(dense, glyphs.test[:1]) == [(32,), (784,)]
    assert shapes_of(conv, glyphs.test[:1]) == [
        (32, 28, 28), (32, 14, 14), (4, 14, 14), (4, 7, 7),
        (4, 14, 14), (32, 14, 14), (32, 28, 28), (1, 28, 28),
    ]  # fmt: skip


def test_a_code_of_32_is_as_large_as_the_dense_one(glyphs):
    conv = new(DigitConvConfig(code_size=32), 0)
    assert conv.encode(glyphs.test[:2]).mean.shape == (2, 32)
    assert conv.decode(torch.zeros(2, 32)).shape == (2, 1, 28, 28)


def test_the_gradient_written_out_is_that_of_autograd(glyphs):
    by_hand, by_torch = new(DenseAEConfig(), 3), new(DenseAEConfig(), 3)
    weights = list(by_hand.parameters())
    for part in weights:
        part.grad = torch.zeros_like(part)
    optimisers = [torch.optim.Adam(module.parameters(), 1e-3, fused=True) for module in (by_hand, by_torch)]
    learn(weights, optimisers[0], list(glyphs.training[:200].flatten(1)))
    for image in glyphs.training[:200]:
        optimisers[1].zero_grad()
        by_torch.loss(image[None], None).total().backward()
        optimisers[1].step()
    for one, other in zip(by_hand.parameters(), by_torch.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert score(by_hand, glyphs) < score(new(DenseAEConfig(), 3), glyphs)


def test_an_interrupted_fit_goes_on_to_the_same_weights(glyphs, tmp_path):
    flat = glyphs.training[:50].flatten(1)
    whole, halves, again = (new(DenseAEConfig(), 1) for _ in range(3))
    assert fit_one_by_one(whole, flat, OneByOne(4, 1e-3, 1), (tmp_path / "whole", QUIET)) == 200
    fit_one_by_one(halves, flat, OneByOne(2, 1e-3, 1), (tmp_path / "half", QUIET))
    fit_one_by_one(again, flat, OneByOne(4, 1e-3, 1), (tmp_path / "half", QUIET))
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_floor_is_the_entropy_of_the_pixels(glyphs):
    grey = torch.full((2, 1, 28, 28), 0.5)
    images = _mnist.Images("grey", grey, grey, *[np.zeros(2, np.int64)] * 2)
    assert images.floor == pytest.approx(784 * np.log(2))
    assert constant(glyphs)["constant"] > glyphs.floor


def test_mnist_is_known_by_its_checksums(tmp_path, monkeypatch):
    import gzip

    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    assert _mnist.mnist_or_glyphs().name == "glyphs"
    (tmp_path / "mnist").mkdir()
    for name in _mnist.SUMS:
        (tmp_path / "mnist" / f"{name}.gz").write_bytes(gzip.compress(b"altered"))
    with pytest.raises(WrongInput, match="is altered: unpacked, its sha256"):
        _mnist.mnist_or_glyphs()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(WrongInput, match="is damaged"):
        _mnist.mnist_or_glyphs()


def test_the_real_digits_have_the_known_floor():
    images = _mnist.mnist_or_glyphs()
    if images.name != "MNIST":
        pytest.skip("MNIST is not on this machine")
    assert images.training.shape == (60_000, 1, 28, 28)
    assert images.floor == pytest.approx(45.54, abs=0.01)
    assert np.bincount(images.test_names).tolist()[:3] == [980, 1135, 1032]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "supported"),
        ({"dense": 73.5}, "not supported"),
        ({"dense": 70.4}, "not supported"),
        ({"conv_196": 73.0}, "not supported"),
        ({"dense_parameters": 50_993}, "failed"),
        ({"conv_32": 45.0}, "failed"),
        ({"data": "glyphs", "dense": 120.0}, "supported"),
    ],
)
def test_the_verdict_follows_the_numbers(change, status):
    verdict = MnistAutoencodersConfig().verdict([GOOD | change])
    assert verdict.status == status
    if change.get("data"):
        assert "stand in" in verdict.text and not any("nats within" in claim for claim in verdict.claims)
    else:
        assert "on the test digits" in verdict.text
