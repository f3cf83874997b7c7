"""What every controller of the family agents promises, and every search for one."""

import numpy as np
import pytest
import torch

from reverie.core.config import from_json, to_json
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, members
from reverie.core.searcher import ControllerConfig
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace

WORDS = members("agents", "ControllerConfig")
SPACES = {
    "two": ActionSpace(2),
    "five": ActionSpace(5),
    "box": ActionSpace(None, np.array([-2, 0], np.float32), np.array([-1, 3], np.float32)),
}
CODE, HIDDEN, CANDIDATES, ROLLOUTS = 6, (9, 9), 7, 3


@pytest.fixture(params=WORDS)
def config(request):
    return config_of("agents", request.param, ControllerConfig)()


@pytest.fixture(params=SPACES)
def case(request, config):
    """Controllers, the space of their actions, and a population."""
    space = SPACES[request.param]
    controllers = config.build(space, CODE, HIDDEN)
    return controllers, space, drawn(CANDIDATES, controllers.size)


def drawn(*shape, seed=0):
    return torch.empty(shape).normal_(generator=torch.Generator().manual_seed(seed))


def seen(rows):
    return drawn(rows, CODE, seed=1), tuple(drawn(rows, size, seed=2 + size) for size in HIDDEN)


def test_a_config_is_written_and_read(config):
    assert from_json(type(config), to_json(config), "controller") == config


def test_encoded_actions_fit_the_environment(case):
    controllers, space, candidates = case
    action = controllers.actor(candidates, ROLLOUTS).act(*seen(CANDIDATES * ROLLOUTS))
    if space.count is not None:
        assert action.shape == (CANDIDATES * ROLLOUTS, space.count)
        assert set(action.unique().tolist()) <= {0.0, 1.0} and (action.sum(1) == 1).all()
    else:
        assert (action.numpy() >= space.low).all() and (action.numpy() <= space.high).all()
    assert action.dtype == torch.float32


def test_whoever_else_acts_a_row_does_the_same(case):
    controllers, _, candidates = case
    code, hidden = seen(CANDIDATES * ROLLOUTS)
    crowd = controllers.actor(candidates, ROLLOUTS)
    together = crowd.act(code, hidden)
    rows = torch.tensor([0, 4, 5, 13, 20])
    few = crowd.keep(rows).act(code[rows], tuple(part[rows] for part in hidden))
    assert torch.allclose(few, together[rows], atol=1e-5)
    for row in rows:
        one = controllers.actor(candidates[row // ROLLOUTS][None], 1)
        alone = one.act(code[row][None], tuple(part[row][None] for part in hidden))
        assert torch.allclose(alone[0], together[row], atol=1e-5)


def test_parameters_matter(case):
    controllers, _, candidates = case
    code, hidden = seen(40)
    actions = [controllers.actor(one[None], 40).act(code, hidden) for one in candidates]
    assert not all(torch.equal(actions[0], other) for other in actions[1:])


def test_candidates_of_another_size_are_refused(case):
    controllers, _, candidates = case
    with pytest.raises(WrongInput, match=f"{controllers.size + 1} parameters does not fit"):
        controllers.actor(torch.cat([candidates, candidates[:, :1]], 1), 1)


def test_a_search_proposes_learns_and_goes_on_from_its_state(config):
    one, two = config.searcher(8), config.searcher(8)
    for number in range(30):
        candidates = one.ask(numpy_generator(0, number))
        assert candidates.shape[1] == 8 and candidates.isfinite().all()
        one.tell(-((candidates - 1) ** 2).sum(1))
        if number == 9:
            two.restore(one.state())
        if number > 9:
            assert torch.equal(candidates, two.ask(numpy_generator(0, number)))
            two.tell(-((candidates - 1) ** 2).sum(1))
    assert ((one.mean() - 1) ** 2).sum() < 0.5 * 8 and one.spread() > 0
    assert torch.equal(one.mean(), two.mean())


def test_a_state_of_another_size_is_refused(config):
    with pytest.raises(WrongInput, match="shape"):
        config.searcher(9).restore(config.searcher(8).state())
