"""Linear controllers act as the original's do, whoever else acts beside them."""

import numpy as np
import pytest
import torch

from reverie.agents.linear_cma import LinearCMAConfig
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace

CAR = ActionSpace(None, np.array([-1, 0, 0], np.float32), np.array([1, 1, 1], np.float32))
DOOM = ActionSpace(3)
LSTM = (512, 512)


def drawn(*shape, seed=0, scale=1.0):
    return scale * torch.empty(shape).normal_(generator=torch.Generator().manual_seed(seed))


def act(controllers, candidate, code, *hidden):
    """What one candidate does in every row."""
    return controllers.actor(candidate[None], len(code)).act(code, hidden)


@pytest.mark.parametrize(
    ("config", "space", "sizes", "count"),
    [
        (LinearCMAConfig(inputs="zh"), CAR, (32, (256, 256)), 867),
        (LinearCMAConfig(inputs="zhc", bias=False, choice="threshold"), DOOM, (64, LSTM), 1088),
        (LinearCMAConfig(inputs="z"), CAR, (32, (256, 256)), 99),
        (LinearCMAConfig(inputs="z", hidden=40), CAR, (32, (256, 256)), 32 * 40 + 40 + 40 * 3 + 3),
    ],
)
def test_the_originals_numbers_of_parameters_and_the_way_there_and_back(config, space, sizes, count):
    controllers = config.build(space, *sizes)
    assert controllers.size == count
    vectors = drawn(5, count)
    assert torch.equal(controllers.vector(controllers.layers(vectors)), vectors)


def test_a_car_is_driven_as_in_the_original():
    """a = tanh(W [z; h] + b); steering as it is, gas (a + 1) / 2, brake cut at 0: each by hand, in numpy."""
    controllers = LinearCMAConfig(inputs="zh").build(CAR, 32, (256, 256))
    vector, code, hidden = drawn(867, scale=0.1), drawn(50, 32, seed=1), drawn(50, 256, seed=2)
    weights, bias = vector[:864].reshape(3, 288).numpy(), vector[864:].numpy()
    a = np.tanh(np.concatenate([code, hidden], 1) @ weights.T + bias)
    expected = np.stack([a[:, 0], (a[:, 1] + 1) / 2, np.clip(a[:, 2], 0, 1)], 1)
    assert np.allclose(act(controllers, vector, code, hidden, hidden), expected, atol=1e-6)
    assert 0.2 < (expected[:, 2] == 0).mean() < 0.8


def test_a_hidden_layer_is_tanh_of_tanh():
    controllers = LinearCMAConfig(inputs="z", hidden=40).build(CAR, 32, (256,))
    vector, code = drawn(controllers.size, scale=0.3), drawn(20, 32, seed=1)
    first, second = torch.nn.Linear(32, 40), torch.nn.Linear(40, 3)
    parts = vector.split([1280, 40, 120, 3])
    state = [parts[0].view(40, 32), parts[1], parts[2].view(3, 40), parts[3]]
    for parameter, part in zip([*first.parameters(), *second.parameters()], state, strict=True):
        parameter.data.copy_(part)
    a = second(first(code).tanh()).tanh()
    assert torch.allclose(act(controllers, vector, code)[:, 0], a[:, 0], atol=1e-6)
    assert torch.allclose(act(controllers, vector, code)[:, 1], (a[:, 1] + 1) / 2, atol=1e-6)


def test_boxes_are_reached_from_bound_to_bound_and_never_left():
    low, high = np.array([-2, 0, 5], np.float32), np.array([-1, 3, 9], np.float32)
    controllers = LinearCMAConfig(inputs="z").build(ActionSpace(None, low, high), 4, (8,))
    actions = act(controllers, drawn(15, scale=3.0), drawn(2000, 4, seed=1)).numpy()
    assert (actions >= low).all() and (actions <= high).all()
    assert np.allclose(actions.min(0), low, atol=0.02) and np.allclose(actions.max(0), high, atol=0.02)


def test_doom_is_played_by_one_output_and_two_thresholds():
    """Below -1/3 left, above 1/3 right, else stay, which the game knows as 1, 2 and 0."""
    config = LinearCMAConfig(inputs="z", bias=False, choice="threshold")
    lean = torch.tensor([-0.9, -0.34, -0.33, 0.0, 0.33, 0.34, 0.9])
    chosen = act(config.build(DOOM, 1, ()), torch.ones(1), lean.atanh()[:, None])
    assert chosen.sum(1).eq(1).all()
    assert chosen.argmax(1).tolist() == [1, 1, 0, 0, 0, 2, 2]


def test_the_largest_output_chooses_among_discrete_actions():
    controllers = LinearCMAConfig(inputs="zh").build(ActionSpace(4), 3, (5, 5))
    vector, code, hidden = drawn(36), drawn(30, 3, seed=1), drawn(30, 5, seed=2)
    outputs = torch.cat([code, hidden], 1) @ vector[:32].view(4, 8).T + vector[32:]
    assert torch.equal(act(controllers, vector, code, hidden, hidden).argmax(1), outputs.argmax(1))


def test_cells_are_cut_and_nothing_else_is():
    controllers = LinearCMAConfig(inputs="zhc", bias=False, choice="threshold").build(DOOM, 1, (1, 1))
    far = torch.tensor([[40.0]])
    looks = {name: torch.tensor([float(name == part) for part in "zhc"]) for name in "zhc"}
    lean = {name: controllers.actor(look[None] / 30, 1) for name, look in looks.items()}
    acts = {name: int(actor.act(far, (far, far)).argmax()) for name, actor in lean.items()}
    # tanh(40 / 30) is above 1/3, tanh(5 / 30) is not.
    assert acts == {"z": 2, "h": 2, "c": 0}


@pytest.mark.parametrize("inputs", ["z", "zh", "zhc"])
def test_every_row_has_its_own_controller_also_when_others_are_gone(inputs):
    controllers = LinearCMAConfig(inputs=inputs, hidden=6).build(CAR, 7, (11, 11))
    candidates = drawn(5, controllers.size)
    code, hidden = drawn(20, 7, seed=1), (drawn(20, 11, seed=2), drawn(20, 11, seed=3))
    alone = [
        act(controllers, candidates[row // 4], code[row : row + 1], *(h[row : row + 1] for h in hidden))
        for row in range(20)
    ]
    crowd = controllers.actor(candidates, 4)
    assert torch.allclose(crowd.act(code, hidden), torch.cat(alone), atol=1e-6)
    rows = torch.tensor([1, 2, 9, 13, 17, 19])
    left = crowd.keep(rows)
    for kept, more in ((rows, left), (rows[[0, 3, 5]], left.keep(torch.tensor([0, 3, 5])))):
        after = more.act(code[kept], tuple(part[kept] for part in hidden))
        assert torch.allclose(after, torch.cat([alone[row] for row in kept]), atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "space", "hidden_sizes", "words"),
    [
        (
            {"inputs": "zhc"},
            CAR,
            (8,),
            "'zhc' needs 2 tensors that the world model remembers, it has 1; .*'zh'",
        ),
        ({"choice": "threshold"}, ActionSpace(4), (8, 8), "needs 3 discrete actions, got 4; choose 'argmax'"),
        ({"choice": "threshold"}, CAR, (8, 8), "needs 3 discrete actions, got a box of 3"),
        ({}, ActionSpace(None, CAR.low, CAR.high * np.inf), (8, 8), "have no bounds to stretch to"),
    ],
)
def test_what_does_not_fit_is_refused(fields, space, hidden_sizes, words):
    with pytest.raises(WrongInput, match=words):
        LinearCMAConfig(**fields).build(space, 4, hidden_sizes)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"population": 1}, "population must be 4 or more, got 1"),
        ({"sigma": 0.0}, "'sigma' must be positive, got 0.0"),
        ({"decay": -1.0}, "'decay' must be zero or positive, got -1.0"),
        ({"cells": 0.0}, "'cells' must be positive"),
        ({"choice": "threshold", "order": (0, 1, 1)}, "order must name the actions 0, 1 and 2 once each"),
    ],
)
def test_numbers_that_cannot_be_are_refused(fields, words):
    with pytest.raises(WrongInput, match=words):
        LinearCMAConfig(**fields)


def test_a_controller_of_another_size_is_refused_in_one_sentence():
    controllers = LinearCMAConfig().build(CAR, 32, (256, 256))
    with pytest.raises(
        WrongInput, match="a controller with 99 parameters does not fit here, where it has 867"
    ):
        controllers.actor(torch.zeros(1, 99), 1)
