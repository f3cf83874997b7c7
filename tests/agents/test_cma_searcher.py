"""CMA-ES: as quick as its authors' own loop, and the same to the bit from a state that was put down."""

import json
from itertools import count

import cma
import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from reverie.agents._cma import CMASearcher
from reverie.core.errors import WrongInput
from reverie.core.searcher import SearcherState
from reverie.core.seeds import numpy_generator


def ellipsoid(points):
    """10^6 between the longest and the shortest axis; 0 at its minimum, all ones."""
    scale = 10.0 ** (6 * torch.arange(points.shape[1], dtype=torch.float64) / (points.shape[1] - 1))
    return (scale * (points - 1) ** 2).sum(1)


def generations(searcher, numbers, seed=0):
    for number in numbers:
        candidates = searcher.ask(numpy_generator(seed, number))
        searcher.tell(-ellipsoid(candidates))
        yield candidates


def test_the_ellipsoid_is_solved_by_the_same_steps_as_by_the_authors_own_loop():
    """Handed the same random numbers, `fmin2` visits the same points, and needs as many evaluations."""
    searcher = CMASearcher(np.zeros(20), population=12, sigma=0.5)
    ours = 0
    for number, candidates in enumerate(generations(searcher, range(10_000)), start=1):
        ours = 12 * number
        if ellipsoid(candidates).min() < 1e-8:
            break
    numbers = count()
    options = {
        "popsize": 12,
        "seed": np.nan,
        "randn": lambda *shape: numpy_generator(0, next(numbers)).standard_normal(shape),
        "verbose": -9,
        "ftarget": 1e-8,
    }
    _, strategy = cma.fmin2(lambda x: float(ellipsoid(torch.from_numpy(x)[None])), 20 * [0.0], 0.5, options)
    assert strategy.best.f < 1e-8
    # fmin2 scores its last mean too.
    assert ours == strategy.countevals - 1 < 20_000


@pytest.mark.parametrize(("population", "stop"), [(4, 1), (5, 30), (64, 7)])
def test_from_its_state_on_disk_a_search_goes_on_to_the_same_bits(population, stop):
    whole, first = (CMASearcher(np.zeros(30), population=population, sigma=0.1, decay=0.5) for _ in range(2))
    expected = [candidates.clone() for candidates in generations(whole, range(60))]
    list(generations(first, range(stop)))
    state = first.state()
    tensors, numbers = (
        load(save(dict(state.tensors))),
        json.loads(json.dumps(dict(state.numbers), allow_nan=False)),
    )
    second = CMASearcher(np.zeros(30), population=population, sigma=0.1, decay=0.5)
    second.restore(SearcherState(tensors, numbers))
    for candidates, same in zip(generations(second, range(stop, 60)), expected[stop:], strict=True):
        assert torch.equal(candidates, same)
    for name, part in whole.state().tensors.items():
        assert torch.equal(part, second.state().tensors[name]), name
    assert whole.state().numbers == second.state().numbers
    assert torch.equal(whole.mean(), second.mean()) and whole.spread() == second.spread()


@pytest.mark.parametrize("left_out", ["pc", "ps", "axes", "covariance", "sigma", "last_update"])
def test_every_part_of_the_state_counts(left_out):
    """Put one part back to what it was at the start: the next candidates, or those after them, are others."""
    whole, other = (CMASearcher(np.zeros(100), population=8, sigma=0.1) for _ in range(2))
    fresh = other.state()
    list(generations(whole, range(25)))
    state = whole.state()
    tensors = {
        name: fresh.tensors[name] if name == left_out else part for name, part in state.tensors.items()
    }
    numbers = {
        name: fresh.numbers[name] if name == left_out else part for name, part in state.numbers.items()
    }
    other.restore(SearcherState(tensors, numbers))
    pairs = zip(generations(whole, range(25, 40)), generations(other, range(25, 40)), strict=True)
    assert not all(torch.equal(one, two) for one, two in pairs)


def test_the_same_generator_gives_the_same_candidates():
    one, two, other = (
        CMASearcher(np.zeros(5), population=6, sigma=0.1).ask(numpy_generator(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_more_is_better_and_large_weights_cost():
    """On scores that are all the same, only the cost of the mean squared weight is left to climb."""
    up, down = (CMASearcher(np.zeros(6), population=10, sigma=0.1, decay=decay) for decay in (0.0, 1.0))
    for number in range(60):
        candidates = up.ask(numpy_generator(0, number))
        up.tell(candidates.sum(1))
        down.ask(numpy_generator(1, number))
        down.tell(torch.zeros(10))
    assert up.mean().sum() > 1
    assert down.mean().abs().max() < 1e-3 and down.spread() < 1e-2


def test_a_state_of_another_size_is_refused_in_one_sentence():
    state = CMASearcher(np.zeros(6), population=10, sigma=0.1).state()
    with pytest.raises(WrongInput, match=r"search state 'mean' must have shape \(7,\), got \(6,\)"):
        CMASearcher(np.zeros(7), population=10, sigma=0.1).restore(state)
