"""Splits keep episodes whole, whatever the order of the samples."""

import numpy as np

from reverie.ops.groups import folds, split


def episodes(seed=0):
    return np.random.default_rng(seed).integers(0, 30, 500) * 3


def generator():
    return np.random.default_rng(9)


def test_no_episode_stands_on_both_sides():
    which = episodes()
    held = split(which, 0.3, generator())
    assert not set(which[held]) & set(which[~held])
    assert len(set(which[held])) == 9


def test_samples_in_another_order_go_to_the_same_sides():
    which = episodes()
    order = np.random.default_rng(1).permutation(len(which))
    assert np.array_equal(split(which, 0.3, generator())[order], split(which[order], 0.3, generator()))
    assert np.array_equal(folds(which, 5, generator())[order], folds(which[order], 5, generator()))


def test_a_fold_holds_whole_episodes_and_as_many_as_the_others():
    which = episodes()
    fold_of = folds(which, 5, generator())
    sizes = [len(set(which[fold_of == fold])) for fold in range(5)]
    assert sizes == [6] * 5 and sum(sizes) == len(set(which))


def test_two_episodes_are_two_folds_and_one_of_them_is_held_out():
    which = np.array([4, 4, 8], dtype=np.int64)
    assert set(folds(which, 5, generator())) == {0, 1}
    assert 0 < split(which, 0.01, generator()).sum() < 3
