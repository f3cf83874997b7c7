"""Sequences: stretches never leave their episode, and say of every step what was recorded."""

import numpy as np
import pytest
import torch

from reverie.core.errors import WrongInput
from reverie.data.archive import create_archive
from reverie.data.sequences import AllStretches, CodedEpisodes, RandomStretches, Stretch, coded_episodes
from reverie.data.store import DataSet, open_data


@pytest.fixture
def data(folder) -> DataSet:
    return open_data(folder)


def numbered(data: DataSet) -> np.ndarray:
    """Codes that tell the row they belong to."""
    rows = np.arange(data.frame_count, dtype=np.float32)
    return np.stack([rows, -rows], axis=1)


@pytest.fixture
def episodes(data) -> CodedEpisodes:
    mean = numbered(data)
    return coded_episodes(data, np.arange(len(data)), mean, np.zeros_like(mean))


def checked(batch, data: DataSet) -> list[int]:
    """Compare every real step of a batch with the recordings; the rows of the scored ones."""
    scored = []
    for index in range(len(batch)):
        count = int(batch.real[index].sum())
        rows = batch.mean[index, : count + 1, 0].numpy().astype(int)
        assert (np.diff(rows) == 1).all()
        assert len(set(data.episode_of[rows])) == 1
        np.testing.assert_array_equal(batch.actions[index, :count].argmax(1), data.actions[rows[:-1]])
        np.testing.assert_array_equal(batch.rewards[index, :count], data.rewards[rows[:-1]])
        np.testing.assert_array_equal(batch.seen[index, :count], data.visible[rows[1:]])
        entries = [data.manifest.episodes[number] for number in data.episode_of[rows[:-1]]]
        ends = [
            float(entry.ending == "terminated" and row == entry.start + entry.steps - 1)
            for entry, row in zip(entries, rows[:-1], strict=True)
        ]
        np.testing.assert_array_equal(batch.ends[index, :count], ends)
        assert not batch.scored[index, count:].any() and not batch.seen[index, count:].any()
        scored += rows[:-1][batch.scored[index, :count].numpy()].tolist()
    return scored


def test_random_stretches_say_what_was_recorded(data, episodes):
    stretches = RandomStretches(episodes, Stretch(window=12, burn_in=3), batch_size=16, seed=1)
    for batch in stretches.epoch(0):
        checked(batch, data)


def test_a_middle_stretch_warms_up_and_a_first_one_does_not(data, episodes):
    starts = {entry.start for entry in data.manifest.episodes}
    batches = RandomStretches(episodes, Stretch(window=12, burn_in=3), batch_size=64, seed=1).epoch(0)
    firsts = 0
    for batch in batches:
        for index in range(len(batch)):
            first = int(batch.mean[index, 0, 0])
            firsts += first in starts
            idle = int(batch.scored[index].int().argmax())
            assert idle == (0 if first in starts else 3)
    assert firsts > 0


def test_all_stretches_score_every_step_once(data, episodes):
    steps = [row for entry in data.manifest.episodes for row in range(entry.start, entry.start + entry.steps)]
    stretches = AllStretches(episodes, Stretch(window=9, burn_in=4), batch_size=5)
    batches = list(stretches.epoch(0))
    assert len(batches) == len(stretches)
    assert sorted(row for batch in batches for row in checked(batch, data)) == steps


def test_an_epoch_is_the_same_whenever_it_is_asked_for(episodes):
    stretches = RandomStretches(episodes, Stretch(window=12, burn_in=3), batch_size=4, seed=1)
    whole, rest = list(stretches.epoch(2)), list(stretches.epoch(2, start=3))
    assert all(torch.equal(one.mean, two.mean) for one, two in zip(whole[3:], rest, strict=True))
    assert not torch.equal(whole[0].mean, next(stretches.epoch(3)).mean)


def test_codes_are_drawn_from_their_beliefs(data):
    mean = numbered(data)
    deviation = np.full_like(mean, 0.5)
    episodes = coded_episodes(data, np.arange(len(data)), mean, deviation)
    batch = next(AllStretches(episodes, Stretch(window=50), batch_size=100).epoch(0))
    drawn = batch.codes(torch.Generator().manual_seed(0)) - batch.mean
    assert drawn.std().item() == pytest.approx(0.5, rel=0.1)


def test_episodes_without_steps_are_left_out_and_alone_refused(make_blank, make_episode, tmp_path):
    writer = create_archive(tmp_path / "still", make_blank(), {"verb": "capture", "job": {}})
    for index, steps in enumerate((0, 5, 0)):
        writer.append(make_episode(index, steps))
    writer.finish()
    data = open_data(tmp_path / "still")
    mean = numbered(data)
    found = coded_episodes(data, np.arange(3), mean, np.zeros_like(mean))
    assert found.lengths.tolist() == [5]
    assert found.first.tolist() == [0]
    assert found.mean[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(WrongInput, match="has no steps to learn from"):
        coded_episodes(data, np.array([0, 2]), mean, np.zeros_like(mean))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"window": 0}, "window"),
        ({"burn_in": 128}, "burn_in must be below window 128, got 128"),
        ({"from_start": 1.5}, "from_start must lie in .0, 1., got 1.5"),
    ],
)
def test_stretches_that_cannot_be_are_refused(fields, sentence):
    with pytest.raises(WrongInput, match=sentence):
        Stretch(**fields)
