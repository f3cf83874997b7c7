import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.representation import RepresentationConfig
from reverie.representations.conv_ae import ConvAEConfig
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.representations.dense_ae import DenseAEConfig


def parameters(config: RepresentationConfig, frame_shape: tuple[int, ...]) -> int:
    return sum(weights.numel() for weights in config.build(frame_shape).parameters())


def test_conv_vae_has_the_size_of_world_models():
    assert parameters(ConvVAEConfig(), (3, 64, 64)) == 4_348_547


def test_dense_ae_has_the_size_of_the_thesis():
    assert parameters(DenseAEConfig(), (1, 28, 28)) == 50_992


def test_hidden_layers_are_mirrored_in_the_decoder():
    expected = 784 * 512 + 512 + 512 * 16 + 16 + 16 * 512 + 512 + 512 * 784 + 784
    assert parameters(DenseAEConfig(code_size=16, hidden=(512,)), (1, 28, 28)) == expected


def test_conv_ae_is_the_vae_without_log_variances():
    assert parameters(ConvAEConfig(), (3, 64, 64)) == 4_348_547 - 1024 * 32 - 32


def test_batch_norm_replaces_each_bias_by_a_scale_and_a_shift():
    inner = 32 + 64 + 128 + 256 + 128 + 64 + 32
    plain = parameters(ConvVAEConfig(), (3, 64, 64))
    assert parameters(ConvVAEConfig(batch_norm=True), (3, 64, 64)) == plain + inner


def test_a_plain_autoencoder_believes_in_a_point_and_a_variational_one_in_a_gaussian():
    frames = torch.rand(2, 3, 64, 64)
    assert isinstance(ConvAEConfig().build((3, 64, 64)).encode(frames), Point)
    assert isinstance(ConvVAEConfig().build((3, 64, 64)).encode(frames), DiagonalGaussian)


def test_another_frame_size_is_refused_with_the_remedy():
    with pytest.raises(WrongInput, match="64 x 64, got 84 x 84; capture with --size 64"):
        ConvVAEConfig().build((3, 84, 84))


def test_frames_of_another_shape_than_the_built_one_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 64, 64\), got \(1, 64, 64\)"):
        ConvAEConfig().build((3, 64, 64)).encode(torch.rand(2, 1, 64, 64))


def test_a_negative_beta_is_refused_by_name():
    with pytest.raises(WrongInput, match="conv-vae field 'beta' must be zero or positive, got -1"):
        ConvVAEConfig(beta=-1.0)


def test_bernoulli_pixels_need_an_output_in_the_unit_range():
    with pytest.raises(WrongInput, match="output=sigmoid"):
        DenseAEConfig(output="linear", reconstruction="pixel:bce")
