"""Blind: every row follows the policy as an episode of its own would, in whatever company."""

import numpy as np
import torch

from reverie.agents.held import HeldConfig
from reverie.core.world import ActionSpace
from reverie.engine.blind import Blind

SPACE = ActionSpace(count=3)


def alone(number: int, steps: int) -> list[int]:
    policy, generator, hidden = HeldConfig().build(SPACE), np.random.default_rng(number), None
    actions = []
    for _ in range(steps):
        action, hidden = policy.act(None, hidden, generator)
        actions.append(action)
    return actions


def test_rows_act_as_they_would_alone_also_when_others_leave():
    actor = Blind(HeldConfig().build(SPACE), SPACE, [np.random.default_rng(n) for n in range(4)])
    first = [actor.act(torch.zeros(4, 1), ()).argmax(1) for _ in range(7)]
    fewer = actor.keep(torch.tensor([3, 1]))
    later = [fewer.act(torch.zeros(2, 1), ()).argmax(1) for _ in range(9)]
    found = torch.stack(first, 1)
    assert found.tolist() == [alone(number, 7) for number in range(4)]
    assert torch.stack(later, 1).tolist() == [alone(number, 16)[7:] for number in (3, 1)]
