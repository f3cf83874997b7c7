"""Mixtures agree with torch.distributions, far out too, and draw what they say."""

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from reverie.ops.mixtures import choose, joint_mixture_log_prob, scattered, unit_mixture_log_prob


@pytest.fixture
def parts() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (7, 3, 4)
    return tuple(torch.randn(shape, generator=generator) for _ in range(3))  # pyright: ignore


def test_unit_mixtures_agree_with_torch_distributions(parts):
    logits, location, log_scale = parts
    values = 2.0 * torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    expected = MixtureSameFamily(Categorical(logits=logits), Normal(location, log_scale.exp())).log_prob(
        values
    )
    torch.testing.assert_close(unit_mixture_log_prob(values, logits, location, log_scale), expected)


def test_a_joint_mixture_agrees_with_torch_distributions(parts):
    _, location, log_scale = parts
    logits = torch.randn(7, 4, generator=torch.Generator().manual_seed(2))
    values = 2.0 * torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    normals = Normal(location.mT, log_scale.mT.exp())
    expected = MixtureSameFamily(Categorical(logits=logits), Independent(normals, 1)).log_prob(values)
    torch.testing.assert_close(joint_mixture_log_prob(values, logits, location, log_scale), expected)


def test_a_value_far_from_every_component_has_a_finite_density(parts):
    """exp of the log-densities is zero beyond 14.3 deviations in float32; summing them first gives minus
    infinity."""
    logits, location, log_scale = (part[:1] for part in parts)
    far = torch.full((1, 3), 1e4)
    for density in (
        unit_mixture_log_prob(far, logits, location, log_scale),
        joint_mixture_log_prob(far, logits[:, 0], location, log_scale),
    ):
        assert density.isfinite().all()
    huge = unit_mixture_log_prob(far, 200.0 * logits, location, log_scale)
    assert huge.isfinite().all()


def test_components_are_chosen_as_often_as_the_softmax_says():
    logits = torch.tensor([0.3, -1.0, 1.2])
    uniform = (torch.arange(20_000) + 0.5) / 20_000
    for temperature in (0.5, 1.0, 2.0):
        chosen = choose(logits.expand(20_000, 3), uniform, temperature)
        shares = torch.bincount(chosen, minlength=3) / 20_000
        torch.testing.assert_close(shares, (logits / temperature).softmax(0), atol=1e-4, rtol=0)


def test_near_temperature_zero_the_likeliest_component_is_certain():
    logits = torch.tensor([0.3, 0.31, 0.2])
    uniform = torch.tensor([0.0, 0.3, 0.6, 0.999999])
    assert choose(logits.expand(4, 3), uniform, 1e-4).tolist() == [1, 1, 1, 1]


def test_a_component_of_no_weight_is_never_chosen():
    logits = torch.tensor([-200.0, 0.0, -200.0])
    assert choose(logits.expand(2, 3), torch.tensor([0.0, 1.0 - 2.0**-24]), 1.0).tolist() == [1, 1]


def test_deviations_grow_with_the_root_of_the_temperature():
    zeros, ones = torch.zeros(5), torch.ones(5)
    drawn = scattered(zeros, torch.full((5,), 0.5).log(), ones, 4.0)
    torch.testing.assert_close(drawn, ones)  # 0.5 * sqrt(4)
