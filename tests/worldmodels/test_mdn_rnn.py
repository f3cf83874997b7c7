"""The mixture-density recurrent network: its size, its loss, its draws."""

from dataclasses import replace

import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.core.world_model import Noise, Sequences, Surroundings
from reverie.worldmodels.mdn_rnn import LOG_SCALE, MDNRNN, MDNRNNConfig, UnitMixtures


def built(config: MDNRNNConfig, **surroundings) -> MDNRNN:
    torch.manual_seed(0)
    model = config.build(Surroundings(**({"code_size": 3, "action_size": 2} | surroundings)))
    assert isinstance(model, MDNRNN)
    return model


def sequences(batch: int, steps: int, code_size: int = 3, action_size: int = 2) -> Sequences:
    generator = torch.Generator().manual_seed(1)
    return Sequences(
        mean=torch.randn(batch, steps + 1, code_size, generator=generator),
        deviation=torch.zeros(batch, steps + 1, code_size),
        actions=torch.randn(batch, steps, action_size, generator=generator),
        rewards=torch.randn(batch, steps, generator=generator),
        ends=torch.zeros(batch, steps),
        real=torch.ones(batch, steps, dtype=torch.bool),
        scored=torch.ones(batch, steps, dtype=torch.bool),
        seen=torch.ones(batch, steps, dtype=torch.bool),
    )


@pytest.mark.parametrize(
    ("config", "sizes", "count"),
    [
        (MDNRNNConfig(hidden_size=256, reward_weight=0.0, end_weight=0.0), (32, 3), 422_368),
        (MDNRNNConfig(hidden_size=512, reward_weight=0.0), (64, 2), 1_678_785),
    ],
)
def test_it_has_the_published_number_of_parameters(config, sizes, count):
    """torch keeps two biases a gate, the original one."""
    model = built(config, code_size=sizes[0], action_size=sizes[1])
    assert sum(part.numel() for part in model.parameters()) - 4 * config.hidden_size == count


@pytest.mark.parametrize("mixture", ["unit", "joint"])
def test_the_loss_is_minus_the_mean_log_density_of_scored_steps(mixture):
    model, batch = built(MDNRNNConfig(hidden_size=8, mixture=mixture)), sequences(4, 5)
    scored = torch.rand(4, 5, generator=torch.Generator().manual_seed(2)) < 0.6
    losses = model.loss(replace(batch, scored=scored), None)
    _, prediction = model.follow(model.initial(4), batch.mean[:, :-1], batch.actions)
    nats = -prediction.code.log_prob(batch.mean[:, 1:])[scored].mean() / 3
    torch.testing.assert_close(losses.terms["code"].mean(), nats)
    wrong = (prediction.reward - batch.rewards)[scored].square().mean()
    torch.testing.assert_close(losses.terms["reward"].mean(), wrong)


def test_what_is_not_seen_or_pads_costs_nothing_and_has_no_gradient():
    model, batch = built(MDNRNNConfig(hidden_size=8)), sequences(2, 4)
    seen = batch.seen.clone()
    seen[:, 3] = False
    mean = batch.mean.clone()
    mean[:, 4] = 1e30  # what stands in a frame that was never shown
    losses = model.loss(replace(batch, seen=seen, mean=mean), None)
    losses.total().backward()
    known = model.loss(replace(batch, seen=seen), None)
    torch.testing.assert_close(losses.terms["code"], known.terms["code"])
    assert all(part.grad is not None and part.grad.isfinite().all() for part in model.parameters())


def test_the_weight_of_the_end_does_not_change_what_its_log_odds_mean():
    """An end that comes in 5 % of the steps, whatever is seen, gets a probability of 5 %."""
    model = built(MDNRNNConfig(hidden_size=4, end_emphasis=10.0))
    batch = sequences(50, 40)
    ends = (torch.rand(50, 40, generator=torch.Generator().manual_seed(3)) < 0.05).float()
    batch = replace(
        batch, mean=torch.zeros_like(batch.mean), actions=torch.zeros_like(batch.actions), ends=ends
    )
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        model.loss(batch, None).terms["end"].mean().backward()
        optimiser.step()
    _, prediction = model.follow(model.initial(50), batch.mean[:, :-1], batch.actions)
    assert prediction.end_logit.sigmoid().mean().item() == pytest.approx(ends.mean().item(), rel=0.05)


def test_rewards_are_told_in_the_units_of_the_recordings():
    model = built(MDNRNNConfig(hidden_size=4), reward_mean=7.0, reward_deviation=0.0)
    _, prediction = model.step(model.initial(2), torch.randn(2, 3), torch.randn(2, 2))
    torch.testing.assert_close(prediction.reward, torch.tensor([7.0, 7.0]))


def test_without_heads_rewards_are_the_mean_and_nothing_ends():
    model = built(MDNRNNConfig(hidden_size=4, reward_weight=0.0, end_weight=0.0), reward_mean=1.5)
    _, prediction = model.step(model.initial(1), torch.randn(1, 3), torch.randn(1, 2))
    assert prediction.reward.item() == 1.5
    assert prediction.end_logit.sigmoid().item() == 0.0


def test_log_deviations_stay_in_their_bounds():
    model = built(MDNRNNConfig(hidden_size=4))
    with torch.no_grad():
        model.head.weight.mul_(1e6)
    _, prediction = model.step(model.initial(1), torch.randn(1, 3), torch.randn(1, 2))
    assert isinstance(prediction.code, UnitMixtures)
    low, high = LOG_SCALE
    assert prediction.code.log_scale.min() >= low
    assert prediction.code.log_scale.max() <= high
    assert prediction.code.log_prob(torch.full((1, 3), 50.0)).isfinite().all()


def mixtures(rows: int) -> UnitMixtures:
    """Two units: one of two sharp components at -3 and 3, one broad component."""
    logits = torch.tensor([[[0.0, 0.0], [9.0, -9.0]]]).expand(rows, 2, 2)
    location = torch.tensor([[[-3.0, 3.0], [0.0, 0.0]]]).expand(rows, 2, 2)
    log_scale = torch.tensor([[[0.1, 0.1], [1.0, 1.0]]]).log().expand(rows, 2, 2)
    return UnitMixtures(logits, location, log_scale)


def test_draws_spread_with_the_temperature():
    spreads = []
    for temperature in (0.01, 0.5, 1.0, 2.0):
        drawn = mixtures(4000).sample(torch.Generator().manual_seed(0), temperature)
        assert ((drawn[:, 0] > 0).float().mean() - 0.5).abs() < 0.05
        spreads.append(drawn[:, 1].std().item())
    assert spreads == sorted(spreads)
    assert spreads[2] == pytest.approx(1.0, rel=0.05)
    assert spreads[3] == pytest.approx(2.0**0.5, rel=0.05)


def test_the_same_noise_gives_the_same_code_row_by_row():
    noise = Noise.like(torch.zeros(6, 2), torch.Generator().manual_seed(4))
    drawn = mixtures(6).draw(noise, 1.2)
    half = Noise(noise.choice[::2], noise.spread[::2])
    torch.testing.assert_close(mixtures(3).draw(half, 1.2), drawn[::2])


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(WrongInput, match="mdn-rnn field 'mixtures' must be positive, got 0"):
        MDNRNNConfig(mixtures=0)
