"""The quick step of a world model: the plain one's numbers, and in bfloat16 the plain one's dreams."""

import pytest
import torch
from dream_worlds import Linear, linear_population

from reverie.core.world_model import Noise, Starts, Surroundings
from reverie.envs.dream import DreamConfig, dream
from reverie.worldmodels.mdn_rnn import MDNRNNConfig


def world(seed=0, **choices):
    """A network with weights large enough that mixtures differ and hidden states matter."""
    generator = torch.Generator().manual_seed(seed)
    config = MDNRNNConfig(**{"hidden_size": 24, **choices})
    surroundings = Surroundings(code_size=6, action_size=3, reward_mean=0.5, reward_deviation=2.0)
    model = config.build(surroundings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.6, 0.6, generator=generator)
    return model.eval()


def some(shape, seed=1):
    return torch.empty(shape).normal_(generator=torch.Generator().manual_seed(seed))


KINDS = [
    {},
    {"mixture": "joint"},
    {"mixtures": 1},
    {"reward_weight": 0.0},
    {"end_weight": 0.0},
    {"reward_weight": 0.0, "end_weight": 0.0},
]


@pytest.mark.parametrize("temperature", [0.1, 1.0, 1.3])
@pytest.mark.parametrize("kind", KINDS, ids=str)
@torch.no_grad()
def test_a_quick_step_is_the_plain_step(kind, temperature):
    plain = world(**kind)
    quick = plain.quick()
    hidden, same = (tuple(some((50, 24), 2 + part) for part in range(2)) for _ in range(2))
    code = some((50, 6))
    for step in range(20):
        action, noise = some((50, 3), step), Noise.like(code, torch.Generator().manual_seed(step))
        hidden, expected = plain.step(hidden, code, action)
        same, found = quick.step(same, code, action)
        for part, wanted in zip(same, hidden, strict=True):
            torch.testing.assert_close(part, wanted, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found.reward, expected.reward, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found.end_logit, expected.end_logit, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            found.code.log_prob(code), expected.code.log_prob(code), rtol=1e-4, atol=1e-4
        )
        code = expected.code.draw(noise, temperature)
        drawn = found.code.draw(noise, temperature)
        torch.testing.assert_close(drawn, code, rtol=1e-5, atol=1e-5)
    assert code.unique().numel() == code.numel()


@torch.no_grad()
def test_bounds_of_deviations_are_those_of_the_plain_step():
    plain = world()
    plain.head.bias[60:90] = 20.0
    _, expected = plain.step(plain.initial(8), some((8, 6)), some((8, 3)))
    _, found = plain.quick().step(plain.initial(8), some((8, 6)), some((8, 3)))
    noise = Noise.like(some((8, 6)), torch.Generator().manual_seed(0))
    torch.testing.assert_close(found.code.draw(noise), expected.code.draw(noise), rtol=1e-5, atol=1e-5)
    assert found.code.draw(noise).abs().max() < 100


def begin(count):
    return Starts(some((count, 6)), torch.full((count, 6), 0.3), (torch.zeros(count, 24),) * 2)


def mortal():
    model = world()
    with torch.no_grad():
        model.head.weight[-1] *= 2
        model.head.bias[-1] = -1.5
    return model


def test_quick_dreams_are_plain_dreams():
    model, config = mortal(), DreamConfig(max_steps=100)
    weights = linear_population(4, 6 + 24 + 24, 3)
    quick = dream(model, begin(16), Linear.population(weights, 16), config, seed=0, population=4)
    model.quick = lambda precision: model
    plain = dream(model, begin(16), Linear.population(weights, 16), config, seed=0, population=4)
    same = quick.lengths == plain.lengths  # a number on the edge of a choice may fall to either side
    assert same.float().mean() > 0.95 and len(plain.lengths.unique()) > 10
    torch.testing.assert_close(quick.returns[same], plain.returns[same], rtol=1e-3, atol=1e-3)


def test_bfloat16_dreams_as_long_and_for_as_much():
    """Means over 1 500 dreams, within four standard errors of their difference."""
    model, actor = mortal(), Linear.population(linear_population(1, 6 + 24 + 24, 3), 1500)
    found = {
        precision: dream(model, begin(1500), actor, DreamConfig(max_steps=100, precision=precision), seed=0)
        for precision in ("float32", "bfloat16")
    }
    assert not torch.equal(found["float32"].returns, found["bfloat16"].returns)
    for name in ("lengths", "returns"):
        one, other = (getattr(each, name).double() for each in found.values())
        error = ((one.var() + other.var()) / 1500).sqrt()
        assert (one.mean() - other.mean()).abs() < 4 * error, name


@torch.no_grad()
def test_a_step_in_bfloat16_is_nearly_the_plain_step():
    plain = world()
    hidden = tuple(some((200, 24), 2 + part) for part in range(2))
    wanted, expected = plain.step(hidden, some((200, 6)), some((200, 3)))
    same, found = plain.quick("bfloat16").step(hidden, some((200, 6)), some((200, 3)))
    for part, other in zip((*same, found.reward), (*wanted, expected.reward), strict=True):
        assert part.dtype == torch.float32 and 1e-5 < (part - other).abs().max() < 0.1


def test_what_is_quick_does_not_see_later_changes_and_does_not_learn():
    model = world()
    quick = model.quick()
    before = quick.step(quick.initial(2), some((2, 6)), some((2, 3)))[1].reward
    with torch.no_grad():
        model.head.weight.zero_()
    assert torch.equal(before, quick.step(quick.initial(2), some((2, 6)), some((2, 3)))[1].reward)
    assert list(quick.players()) == [] and list(quick.parameters()) == []
