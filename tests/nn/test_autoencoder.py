"""The objective as a whole, against the textbook's equation worked out in numpy."""

import numpy as np
import pytest
import torch

from reverie.core.posterior import DiagonalGaussian, Point
from reverie.nn import conv, dense
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.terms.kl import KL
from reverie.terms.pixel import squared, unsquared

SHAPE = (1, 2, 3)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames(count: int = 5) -> torch.Tensor:
    return torch.rand(count, *SHAPE, generator=generator(9))


def linear(objective: Objective) -> Autoencoder:
    """One matrix to two means and two log-variances, one matrix back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        encoder = dense.encoder(SHAPE, [4], "linear")
        decoder = dense.decoder(SHAPE, [2], "linear", "linear")
    return Autoencoder(encoder, DiagonalGaussian.from_features, decoder, objective)


def test_equation_d9_by_hand():
    model = linear(
        Objective({"reconstruction": unsquared, "kl": KL()}, {"reconstruction": 1.0, "kl": 0.3}, 0.2)
    )
    seen = frames()
    # The same draws in the same order: first the input noise, then the noise of the codes.
    draws = generator(1)
    noise = torch.empty_like(seen).normal_(generator=draws).numpy().reshape(5, 6)
    w = torch.empty(5, 2).normal_(generator=draws).numpy()
    weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
    first, second = (name for name in weights if name.startswith("encoder"))
    third, fourth = (name for name in weights if name.startswith("decoder"))

    x = seen.numpy().reshape(5, 6)
    features = (x + 0.2 * noise) @ weights[first].T + weights[second]
    mu, sigma = features[:, :2], np.exp(features[:, 2:] / 2)
    rebuilt = (mu + w * sigma) @ weights[third].T + weights[fourth]
    kl = (np.log(1 / sigma) + (sigma**2 + mu**2) / 2 - 0.5).sum(1)
    expected = (np.sqrt(((rebuilt - x) ** 2).sum(1)) + 0.3 * kl).mean()

    assert model.loss(seen, generator(1)).total().item() == pytest.approx(expected, rel=1e-5)


def test_the_vae_config_expresses_equation_d9():
    config = ConvVAEConfig(reconstruction="pixel:unsquared", beta=0.25, input_noise=0.1)
    seen = torch.rand(2, 3, 64, 64, generator=generator(2))
    model = config.build((3, 64, 64), unsquared)
    losses = model.players()[0].loss(seen, generator(3))
    expected = losses.terms["reconstruction"].mean() + 0.25 * losses.terms["kl"].mean()
    assert losses.total().item() == pytest.approx(expected.item(), rel=1e-6)


def test_input_noise_reaches_the_encoder_and_leaves_the_target_clean():
    seen, shown, judged = frames(400), [], []

    class Eye(torch.nn.Flatten):
        def forward(self, input):
            shown.append(input)
            return super().forward(input)[:, :2]

    def term(view):
        judged.append(view.frames)
        return squared(view)

    decoder = dense.decoder(SHAPE, [2], "linear", "linear")
    objective = Objective({"reconstruction": term}, {"reconstruction": 1.0}, input_noise=0.5)
    Autoencoder(Eye(), Point.from_features, decoder, objective).loss(seen, generator())
    assert torch.equal(judged[0], seen)
    assert (shown[0] - seen).std().item() == pytest.approx(0.5, rel=0.05)


def test_bytes_are_refused_with_the_remedy():
    model = linear(Objective({"reconstruction": squared}, {"reconstruction": 1.0}))
    with pytest.raises(ValueError, match="divide bytes by 255"):
        model.encode(torch.zeros(1, *SHAPE, dtype=torch.uint8))


@pytest.mark.parametrize("bias", [True, False])
def test_the_opening_layer_is_the_transposed_convolution_that_it_holds(bias):
    layer = torch.nn.ConvTranspose2d(6, 4, 5, stride=2, bias=bias)
    features = torch.randn(3, 6, 1, 1, generator=generator())
    found, expected = conv.Opening(layer)(features), layer(features)
    assert torch.allclose(found, expected, atol=1e-5)
    expected.square().sum().backward()
    wanted = layer.weight.grad.clone()
    layer.zero_grad()
    found.square().sum().backward()
    assert torch.allclose(layer.weight.grad, wanted, atol=1e-4)
