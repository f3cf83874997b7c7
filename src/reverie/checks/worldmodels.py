"""What every world model promises; run over our own in the tests, and by plugins over theirs.

Each check takes a world model and stretches of codes and actions that it can follow; it raises
AssertionError with the promise that is broken. `ALL` holds the checks by name.
"""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from reverie.core.world_model import Hidden, Noise, Prediction, Sequences, WorldModel


def steps_are_what_following_says(model: WorldModel, batch: Sequences) -> None:
    """One step after the other gives the hidden state and the predictions of `follow`."""
    codes, actions = batch.mean[:, :-1], batch.actions
    last, followed = model.follow(model.initial(len(batch)), codes, actions)
    hidden = model.initial(len(batch))
    for step in range(actions.shape[1]):
        hidden, prediction = model.step(hidden, codes[:, step], actions[:, step])
        for name, one, all_ in _compared(prediction, followed, batch.mean[:, step + 1]):
            wanted = all_(step, batch.mean[:, 1:])
            assert torch.allclose(one, wanted, atol=1e-4, rtol=1e-4), f"{name} differs at step {step}"
    for one, other in zip(hidden, last, strict=True):
        assert torch.allclose(one, other, atol=1e-5), "the hidden state differs after the last step"


def hidden_states_have_their_sizes(model: WorldModel, batch: Sequences) -> None:
    """`initial` and `step` give tensors of (batch, size) for each of `hidden_sizes`."""
    wanted = [(len(batch), size) for size in model.hidden_sizes]
    hidden = model.initial(len(batch))
    after, _ = _first_step(model, batch)
    for state in (hidden, after):
        found = [tuple(part.shape) for part in state]
        assert found == wanted, f"hidden states of {found} where hidden_sizes says {wanted}"


def predictions_have_a_row_each(model: WorldModel, batch: Sequences) -> None:
    """A code, a density, a reward and log-odds for each row, all of them numbers."""
    _, prediction = _first_step(model, batch)
    rows = (len(batch),)
    drawn = prediction.code.sample(torch.Generator().manual_seed(0))
    assert drawn.shape == (len(batch), model.code_size), f"codes of the shape {tuple(drawn.shape)}"
    for name, part in (
        ("density", prediction.code.log_prob(drawn)),
        ("reward", prediction.reward),
        ("end_logit", prediction.end_logit),
    ):
        assert part.shape == rows, f"{name} has the shape {tuple(part.shape)}, not {rows}"
        assert part.isfinite().all(), f"{name} is not a number"


def nothing_is_known_of_the_future(model: WorldModel, batch: Sequences) -> None:
    """What is predicted of a step does not depend on later codes and actions, or on other rows."""
    codes, actions = batch.mean[:, :-1], batch.actions
    middle = actions.shape[1] // 2
    later = codes.clone(), actions.clone()
    for part in later:
        part[:, middle + 1 :] += 1.0
        part[1:] += 1.0
    start = model.initial(len(batch))
    before, after = model.follow(start, codes, actions)[1], model.follow(start, *later)[1]
    truth = batch.mean[:, 1:]
    same = slice(0, 1), slice(0, middle + 1)
    for name, one, other in (
        ("code", before.code.log_prob(truth), after.code.log_prob(truth)),
        ("reward", before.reward, after.reward),
        ("end", before.end_logit, after.end_logit),
    ):
        assert torch.allclose(one[same], other[same], atol=1e-5), f"the {name} depends on what comes later"


def chance_lies_in_the_noise(model: WorldModel, batch: Sequences) -> None:
    """The same step twice gives the same prediction, and the same noise the same code."""
    (first, one), (second, two) = (_first_step(model, batch) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True)), "a step depends on chance"
    noise = Noise.like(batch.mean[:, 0], torch.Generator().manual_seed(1))
    assert torch.equal(one.code.draw(noise), two.code.draw(noise)), "the same noise gave another code"
    few = Noise(noise.choice[:1], noise.spread[:1])
    alone = model.step(model.initial(1), batch.mean[:1, 0], batch.actions[:1, 0])[1]
    assert torch.allclose(alone.code.draw(few), one.code.draw(noise)[:1], atol=1e-4), "rows know each other"


def cold_dreams_are_certain(model: WorldModel, batch: Sequences) -> None:
    """Draws spread with the temperature, and near zero they are all the same."""
    _, prediction = _first_step(model, batch)
    generator = torch.Generator().manual_seed(2)
    drawn = [
        torch.stack([prediction.code.sample(generator, heat) for _ in range(40)]) for heat in (1e-8, 1.0)
    ]
    cold, warm = (part.std(0).max().item() for part in drawn)
    assert cold < 1e-2 * max(warm, 1e-12), f"deviation {cold:.3g} near temperature 0, {warm:.3g} at 1"


def gradient_reaches_every_parameter(model: WorldModel, batch: Sequences) -> None:
    """No parameter is forgotten: each is held by one player, and that player's loss moves it."""
    learner = copy.deepcopy(model).train()
    held: list[int] = []
    for player in learner.players():
        learner.zero_grad(set_to_none=True)
        losses = player.loss(batch, torch.Generator().manual_seed(3))
        assert all(term.shape == (len(batch),) for term in losses.terms.values()), "a term for each stretch"
        losses.total().backward()
        own = {id(part) for part in player.parameters()}
        held += own
        still = [
            n for n, p in learner.named_parameters() if id(p) in own and (p.grad is None or not p.grad.any())
        ]
        assert not still, f"the loss of {player.name} does not move {', '.join(still)}"
    forgotten = [name for name, part in learner.named_parameters() if held.count(id(part)) != 1]
    assert not forgotten, f"not held by exactly one player: {', '.join(forgotten)}"


def only_scored_steps_count(model: WorldModel, batch: Sequences) -> None:
    """What was recorded of steps that are not scored does not change the loss, beyond what it warms up."""
    scored = batch.scored.clone()
    scored[:, -2:] = False
    rewards, ends, mean = batch.rewards.clone(), batch.ends.clone(), batch.mean.clone()
    rewards[:, -2:] += 5.0
    ends[:, -2:] = 1.0 - ends[:, -2:]
    mean[:, -1] += 5.0
    for player in model.players():
        kept = [
            player.loss(replace(part, scored=scored), torch.Generator().manual_seed(4)).total()
            for part in (batch, replace(batch, rewards=rewards, ends=ends, mean=mean))
        ]
        assert torch.allclose(kept[0], kept[1]), "the loss depends on steps that are not scored"


def _first_step(model: WorldModel, batch: Sequences) -> tuple[Hidden, Prediction]:
    return model.step(model.initial(len(batch)), batch.mean[:, 0], batch.actions[:, 0])


Told = tuple[str, Tensor, Callable[[int, Tensor], Tensor]]


def _compared(one: Prediction, followed: Prediction, truth: Tensor) -> list[Told]:
    return [
        ("code", one.code.log_prob(truth), lambda step, all_: followed.code.log_prob(all_)[:, step]),
        ("reward", one.reward, lambda step, _: followed.reward[:, step]),
        ("end", one.end_logit, lambda step, _: followed.end_logit[:, step]),
    ]


ALL: dict[str, Callable[[WorldModel, Sequences], None]] = {
    check.__name__: check
    for check in (
        steps_are_what_following_says,
        hidden_states_have_their_sizes,
        predictions_have_a_row_each,
        nothing_is_known_of_the_future,
        chance_lies_in_the_noise,
        cold_dreams_are_certain,
        gradient_reaches_every_parameter,
        only_scored_steps_count,
    )
}
