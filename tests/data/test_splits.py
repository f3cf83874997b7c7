"""Splits are by episode: no episode stands on both sides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverie.core.errors import WrongInput
from reverie.data.splits import rows_of, split_episodes
from reverie.data.store import open_data


@given(st.integers(3, 200), st.integers(0, 9))
def test_every_episode_is_in_exactly_one_part(count, seed):
    parts = split_episodes(count, (0.7, 0.2, 0.1), seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert all(len(part) for part in parts)


def test_sizes_follow_the_fractions():
    assert [len(part) for part in split_episodes(100, (0.7, 0.2, 0.1), 0)] == [70, 20, 10]
    assert [len(part) for part in split_episodes(10, (1.0, 0.0), 0)] == [10, 0]
    assert [len(part) for part in split_episodes(2, (0.99, 0.01), 0)] == [1, 1]


def test_the_seed_decides():
    first, again, other = (split_episodes(50, (0.5, 0.5), seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("fractions", [(0.0, 0.0), (-1.0, 2.0)])
def test_fractions_that_cannot_be_are_refused(fractions):
    with pytest.raises(WrongInput, match="fractions must be"):
        split_episodes(10, fractions, 0)


def test_too_few_episodes_are_refused():
    with pytest.raises(WrongInput, match="1 episodes cannot be split into 2 parts"):
        split_episodes(1, (0.5, 0.5), 0)


def test_rows_are_the_visible_frames_of_the_episodes(folder):
    data = open_data(folder)
    rows = rows_of(data, np.array([2, 5]))
    expected = [
        row for row in range(data.frame_count) if data.episode_of[row] in (2, 5) and data.visible[row]
    ]
    assert rows.tolist() == expected
