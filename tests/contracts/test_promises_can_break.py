"""Every promise of the representations is broken once on purpose; its check must notice."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from reverie.checks.representations import ALL
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import Losses
from reverie.nn import dense
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.terms.kl import KL
from reverie.terms.pixel import squared

SHAPE = (3, 4, 4)


class Changed(nn.Module):
    """A layer that does something to what passes through."""

    def __init__(self, change: Callable) -> None:
        super().__init__()
        self.change = change

    def forward(self, values):
        return self.change(values)


def model(
    encode: Callable = torch.clone, decode: Callable = torch.clone, term: Callable = squared
) -> Autoencoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = dense.encoder(SHAPE, [20, 6], "relu").append(Changed(encode))
        decoder = dense.decoder(SHAPE, [3, 20], "relu", "sigmoid").append(Changed(decode))
    objective = Objective({"reconstruction": term, "kl": KL()}, {"reconstruction": 1.0, "kl": 1.0})
    return Autoencoder(encoder, DiagonalGaussian.from_features, decoder, objective)


def with_a_wrong_code_size() -> Autoencoder:
    found = model()
    found.code_size = 5
    return found


def with_a_forgotten_parameter() -> Autoencoder:
    found = model()
    found.register_parameter("forgotten", nn.Parameter(torch.ones(2)))
    return found


def with_state_that_is_not_saved() -> Autoencoder:
    calls = []

    def drift(values):
        calls.append(1)
        return values + 1e-3 * len(calls)

    return model(decode=drift)


class Negative(DiagonalGaussian):
    def kl(self):
        return -super().kl()


class Fixed(DiagonalGaussian):
    def rsample(self, generator):
        return self.location + torch.exp(0.5 * self.log_variance)


def with_belief(kind: type[DiagonalGaussian]) -> Autoencoder:
    found = model()
    found._head = lambda features: kind(*features.chunk(2, dim=1))
    return found


class Summed(Losses):
    def total(self):
        return len(self.terms["kl"]) * super().total()


def with_a_sum_for_the_mean() -> Autoencoder:
    class Summing(Autoencoder):
        def players(self):
            (player,) = super().players()

            def loss(frames, generator):
                losses = player.loss(frames, generator)
                return Summed(losses.terms, losses.weights)

            return [replace(player, loss=loss)]

    found = model()
    found.__class__ = Summing
    return found


def noisy(values):
    return values + torch.randn(values.shape)


def centred(values):
    return values - values.mean(0)


def spoiling(view):
    cost = squared(view)
    view.frames.mul_(0.5)
    return cost


def summed_over_the_batch(view):
    return squared(view).sum().expand(len(view.frames))


def averaged_over_nothing(view):
    return squared(view) / 0.0


def by_chance(view):
    return squared(view) * torch.rand(1)


BROKEN = {
    "encoding_gives_a_code_for_each_frame": with_a_wrong_code_size,
    "decoding_inverts_the_shapes": lambda: model(decode=lambda frames: frames[:, :, 1:]),
    "gradient_reaches_every_parameter": with_a_forgotten_parameter,
    "losses_are_finite_and_one_an_image": lambda: model(term=averaged_over_nothing),
    "divergence_is_not_negative": lambda: with_belief(Negative),
    "encoding_does_not_depend_on_chance": lambda: model(encode=noisy),
    "images_do_not_touch_each_other": lambda: model(encode=centred),
    "a_batch_costs_the_mean_of_its_images": with_a_sum_for_the_mean,
    "doubling_the_batch_leaves_the_loss": lambda: model(term=summed_over_the_batch),
    "the_same_generator_gives_the_same_loss": lambda: model(term=by_chance),
    "another_seed_gives_another_sample": lambda: with_belief(Fixed),
    "frames_stay_as_they_are": lambda: model(term=spoiling),
    "saved_weights_come_back": with_state_that_is_not_saved,
}


def frames() -> torch.Tensor:
    return torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("promise", ALL)
def test_a_broken_promise_is_noticed(promise):
    with pytest.raises(AssertionError):
        ALL[promise](BROKEN[promise](), frames())


@pytest.mark.parametrize("promise", ALL)
def test_the_model_that_they_are_broken_on_keeps_them(promise):
    ALL[promise](model(), frames())


def test_chance_that_only_training_has_is_noticed():
    """Dropout draws from the global generator, and sleeps in evaluation mode."""
    with pytest.raises(AssertionError, match="draws from elsewhere"):
        ALL["the_same_generator_gives_the_same_loss"](model(encode=nn.Dropout(0.5)), frames())


def slightly_more_for_a_longer_batch(view):
    return squared(view) * (1.0 + 0.002 * len(view.frames))


def test_a_loss_that_grows_a_little_with_the_batch_is_noticed():
    with pytest.raises(AssertionError, match="for it twice"):
        ALL["doubling_the_batch_leaves_the_loss"](model(term=slightly_more_for_a_longer_batch), frames())


class Wild(DiagonalGaussian):
    def rsample(self, generator):
        noise = torch.empty_like(self.location).normal_(generator=generator)
        return self.location + 30.0 * noise


def test_an_honest_model_with_much_noise_is_believed():
    ALL["doubling_the_batch_leaves_the_loss"](with_belief(Wild), frames())


def test_a_detached_decoder_is_noticed():
    with pytest.raises(AssertionError, match="does not move"):
        ALL["gradient_reaches_every_parameter"](model(decode=torch.detach), frames())
