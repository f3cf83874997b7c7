"""Pairs of frames: what is paired with what, in which order, and in batches of which size."""

import numpy as np
import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.data.pairs import Pairs, first_rows

EPISODES = np.repeat([0, 1, 2], [5, 4, 1])


def numbered(count: int) -> np.ndarray:
    """Frames whose bytes are their own number."""
    return np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), dtype=np.uint8)


def rows(*, without: tuple[int, ...] = ()) -> np.ndarray:
    return np.array([row for row in range(10) if row not in without])


@pytest.mark.parametrize(
    ("gap", "without", "expected"),
    [
        (0, (), list(range(10))),
        (1, (), [0, 1, 2, 3, 5, 6, 7]),
        (3, (), [0, 1, 5]),
        (1, (2,), [0, 3, 5, 6, 7]),
        (9, (), []),
    ],
)
def test_partners_are_in_the_same_episode_and_both_count(gap, without, expected):
    assert first_rows(EPISODES, rows(without=without), gap).tolist() == expected


def numbers(frames: torch.Tensor) -> list[int]:
    return (frames[:, 0, 0, 0] * 255).round().int().tolist()


def test_every_pair_comes_once_an_epoch_with_its_partner():
    pairs = Pairs(numbered(100), np.arange(98), gap=2, batch_size=14, seed=3)
    seen = [(numbers(first), numbers(second)) for first, second in pairs.epoch(0)]
    firsts = [number for first, _ in seen for number in first]
    assert sorted(firsts) == list(range(98)) and firsts != sorted(firsts)
    assert all(second == [number + 2 for number in first] for first, second in seen)


def test_batches_have_one_size_and_a_rest_waits():
    pairs = Pairs(numbered(30), np.arange(29), 1, batch_size=8, seed=0)
    assert len(pairs) == 3 and [len(first) for first, _ in pairs.epoch(0)] == [8, 8, 8]
    assert {n for i in range(3) for first, _ in pairs.epoch(i) for n in numbers(first)} == set(range(29))


def test_fewer_pairs_than_a_batch_are_the_one_batch():
    pairs = Pairs(numbered(6), np.arange(5), 1, batch_size=64, seed=0)
    assert len(pairs) == 1 and [len(first) for first, _ in pairs.epoch(4)] == [5]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_entered_late_goes_on_as_if_it_had_not_stopped(workers):
    pairs = Pairs(numbered(40), np.arange(39), 1, 6, seed=1, workers=workers)
    whole = [numbers(first) for first, _ in Pairs(numbered(40), np.arange(39), 1, 6, seed=1).epoch(2)]
    assert [numbers(first) for first, _ in pairs.epoch(2, start=3)] == whole[3:]


def test_too_few_pairs_and_batches_of_one_are_refused():
    with pytest.raises(WrongInput, match=r"1 pairs of frames 5 steps apart.*record longer episodes"):
        Pairs(numbered(6), np.array([0]), 5, 64, 0)
    with pytest.raises(WrongInput, match="batch_size must be 2 or more to compare frames, got 1"):
        Pairs(numbered(6), np.arange(5), 1, 1, 0)
