"""Dreams of whole populations: worked by hand, whoever else dreams, whichever dreams are over."""

import numpy as np
import pytest
import torch
from dream_worlds import Constant, Line, Linear, linear_population, starts

from reverie.core.errors import WrongInput
from reverie.core.world_model import Starts
from reverie.envs.dream import DreamConfig, Moment, advance, dream
from reverie.envs.dream_chance import CHUNK, Chance


def at_origin(count=1):
    zeros = torch.zeros(count, 2)
    return Starts(zeros, zeros, (zeros,))


def test_returns_are_those_worked_by_hand():
    """From (0, 0) by (1, 2) for three steps: 0 + 30, then 3 + 30, then 6 + 30; by (0, -1): -10, -11, -12."""
    actor = Constant(torch.tensor([[1.0, 2.0], [0.0, -1.0]]))
    found = dream(Line(), at_origin(), actor, DreamConfig(max_steps=3), seed=0, population=2)
    assert found.returns.tolist() == [[99.0], [-33.0]]
    assert found.lengths.tolist() == [[3], [3]] and not found.ended.any()


def test_a_certain_end_ends_at_once_and_its_reward_counts():
    found = dream(Line(end_logit=1e4), at_origin(4), Constant(torch.ones(4, 2)), DreamConfig(), seed=0)
    assert found.ended.all() and (found.lengths == 1).all() and (found.returns == 20.0).all()


def one_by_one(world, begins, weights, config, *, seed):
    """The same dreams with a plain loop: one row at a time, nothing shared."""
    returns, lengths = [], []
    for weight in weights:
        for number in range(len(begins)):
            chance = Chance(1, world.code_size)
            code = begins.mean[number] + begins.deviation[number] * chance.begin(seed, number)
            moment = Moment(code[None], tuple(part[number : number + 1] for part in begins.hidden))
            total, over, step = 0.0, False, 0
            while not over and step < config.max_steps:
                if step % CHUNK == 0:
                    chance.load(0, seed, number, step)
                action = Linear(weight[None], torch.zeros(1, dtype=torch.int64)).act(
                    moment.code, moment.hidden
                )
                moment, reward, ended = advance(
                    world,
                    moment,
                    action,
                    chance=chance.at(step, torch.zeros(1, dtype=torch.int64)),
                    temperature=config.temperature,
                )
                total, over, step = total + reward.item(), bool(ended), step + 1
            returns.append(total)
            lengths.append(step)
    shape = (len(weights), len(begins))
    return np.reshape(returns, shape), np.reshape(lengths, shape)


@pytest.mark.parametrize("tile", [1, 5, 256])
def test_batched_dreams_are_the_dreams_of_a_plain_loop(tile):
    world, begins = Line(deviation=0.5, end_logit=-4.0, slope=-0.5), starts(7, deviation=0.3)
    weights, config = linear_population(6, 4, 2), DreamConfig(temperature=1.3, max_steps=150, tile=tile)
    returns, lengths = one_by_one(world, begins, weights, config, seed=5)
    found = dream(world, begins, Linear.population(weights, 7), config, seed=5, population=6)
    assert np.array_equal(found.lengths.numpy(), lengths) and len(np.unique(lengths)) > 10
    assert lengths.max() > CHUNK
    np.testing.assert_allclose(found.returns.numpy(), returns, rtol=1e-5, atol=1e-5)


def test_a_dream_does_not_depend_on_who_else_dreams():
    world, begins = Line(deviation=0.5, end_logit=-3.0), starts(8)
    weights, config = linear_population(5, 4, 2), DreamConfig(max_steps=200, tile=16)
    together = dream(world, begins, Linear.population(weights, 8), config, seed=3, population=5)
    for candidate in (0, 4):
        actor = Linear.population(weights[candidate : candidate + 1], 8)
        alone = dream(world, begins, actor, config, seed=3)
        assert torch.equal(alone.lengths[0], together.lengths[candidate])
        torch.testing.assert_close(alone.returns[0], together.returns[candidate], rtol=1e-5, atol=1e-5)
    last = begins.at(torch.arange(5, 8))
    part = dream(world, last, Linear.population(weights, 3), config, seed=3, population=5, first=5)
    torch.testing.assert_close(part.returns, together.returns[:, 5:], rtol=1e-5, atol=1e-5)


def test_all_candidates_meet_the_same_chance():
    """The same controller twice in a population dreams the same twice; each start dreams another dream."""
    weights = linear_population(1, 4, 2).repeat(3, 1, 1)
    found = dream(
        Line(deviation=1.0, end_logit=-3.0),
        at_origin(6),
        Linear.population(weights, 6),
        DreamConfig(),
        seed=0,
        population=3,
    )
    assert (found.returns == found.returns[0]).all() and len(found.returns[0].unique()) == 6


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not():
    world, begins, actor = Line(1.0, -3.0), starts(6), Linear.population(linear_population(2, 4, 2), 6)
    once, again, other = (
        dream(world, begins, actor, DreamConfig(), seed=seed, population=2).returns for seed in (1, 1, 2)
    )
    assert torch.equal(once, again) and not torch.equal(once, other)


def test_ends_come_as_often_as_they_are_expected():
    """A constant end probability p: lengths are geometric with mean 1 / p."""
    probability = 0.05
    logit = float(torch.tensor(probability).logit())
    found = dream(
        Line(end_logit=logit), at_origin(1500), Constant(torch.zeros(1500, 2)), DreamConfig(), seed=0
    )
    error = (1 - probability) ** 0.5 / probability / 1500**0.5
    assert abs(found.lengths.float().mean() - 1 / probability) < 4 * error


def test_temperature_spreads_draws_by_its_square_root():
    """A random walk of n steps from the origin has variance n tau of each unit."""
    for temperature in (0.25, 1.0, 4.0):
        config = DreamConfig(max_steps=2, temperature=temperature)
        found = dream(Line(deviation=1.0), at_origin(1500), Constant(torch.zeros(1500, 2)), config, seed=0)
        assert found.returns.var().item() == pytest.approx(2 * temperature, rel=0.15)


def test_dead_rows_are_not_computed():
    world = Line(end_logit=-2.0)
    found = dream(world, at_origin(200), Constant(torch.zeros(200, 2)), DreamConfig(max_steps=100), seed=0)
    assert sum(world.steps) < 1.25 * int(found.lengths.sum())


@pytest.mark.parametrize(
    "choices", [{"temperature": 0.0}, {"temperature": -1.0}, {"max_steps": 0}, {"tile": 0}]
)
def test_a_dream_that_cannot_be_is_refused(choices):
    (name, value) = next(iter(choices.items()))
    with pytest.raises(WrongInput, match=rf"{name} must be .*got {value}"):
        DreamConfig(**choices)


def test_temperature_must_be_a_number():
    with pytest.raises(WrongInput, match="temperature must be above 0, got nan"):
        DreamConfig(temperature=float("nan"))


def test_actions_of_another_size_are_refused():
    with pytest.raises(WrongInput, match=r"actions of shape \(1, 3\) .* takes 2 numbers"):
        dream(Line(), at_origin(), Constant(torch.zeros(1, 3)), DreamConfig(), seed=0)


def test_actions_that_are_no_numbers_are_refused():
    with pytest.raises(WrongInput, match="finite numbers, got nan"):
        dream(Line(), at_origin(), Constant(torch.tensor([[0.0, torch.nan]])), DreamConfig(), seed=0)
