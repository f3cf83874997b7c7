"""Batches are the same ones whenever they are asked for, whoever prepares them."""

import numpy as np
import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.data.batches import Batches, to_frames

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 4, 6, 3), dtype=np.uint8)
ROWS = np.arange(3, 48, dtype=np.int64)


def drawn(batches, index, start=0):
    return list(batches.epoch(index, start))


def which(batches):
    """Rows of the frames in some batches, found by looking for them."""
    frames = torch.cat(batches).permute(0, 2, 3, 1).mul(255).round().byte().numpy()
    return [int(np.flatnonzero((frame == PIXELS).all((1, 2, 3)))[0]) for frame in frames]


def test_frames_are_bytes_over_255_with_the_channel_second():
    frames = to_frames(PIXELS[:2])
    assert frames.dtype == torch.float32 and frames.shape == (2, 3, 4, 6)
    for row in range(4):
        for column in range(6):
            expected = PIXELS[1, row, column].astype(np.float32) / np.float32(255)
            assert frames[1, :, row, column].tolist() == expected.tolist()
    assert to_frames(np.full((1, 1, 1, 3), 255, dtype=np.uint8)).max() == 1.0


def test_an_epoch_shows_every_row_once():
    batches = Batches(PIXELS, ROWS, 8, seed=1)
    epoch = drawn(batches, 0)
    assert len(epoch) == len(batches) == 6
    assert [len(batch) for batch in epoch] == [8, 8, 8, 8, 8, 5]
    assert sorted(which(epoch)) == ROWS.tolist()


def test_epochs_and_seeds_differ_and_repeat():
    orders = [which(drawn(Batches(PIXELS, ROWS, 8, seed), epoch)) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert which(drawn(Batches(PIXELS, ROWS, 8, 1), 1)) == orders[3]


@pytest.mark.parametrize("start", [0, 1, 4, 6])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_epoch_goes_on_in_its_middle_whoever_prepares(start, workers):
    whole = drawn(Batches(PIXELS, ROWS, 8, 1), 2)
    rest = drawn(Batches(PIXELS, ROWS, 8, 1, workers), 2, start)
    assert len(rest) == len(whole) - start
    assert all(torch.equal(one, other) for one, other in zip(rest, whole[start:], strict=True))


def test_a_batch_that_is_kept_does_not_change():
    batches = Batches(PIXELS, ROWS, 8, 1, workers=2).epoch(0)
    first = next(batches)
    copy = first.clone()
    list(batches)
    assert torch.equal(first, copy)


def test_stopping_early_leaves_no_thread_waiting():
    import threading

    before = threading.active_count()
    epoch = Batches(PIXELS, ROWS, 2, 1, workers=2).epoch(0)
    next(epoch)
    epoch.close()
    assert threading.active_count() == before


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(WrongInput, match="no frames"):
        Batches(PIXELS, ROWS[:0], 8, 1)
    with pytest.raises(WrongInput, match="batch_size must be 1 or more"):
        Batches(PIXELS, ROWS, 0, 1)
