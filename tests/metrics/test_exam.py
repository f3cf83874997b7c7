"""An exam's rows: scores with intervals, controls that know nothing, differences from the same draws."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from reverie.core.world import Factor
from reverie.metrics._exam import Exam, Subject, Truth
from reverie.ops import bootstrap
from reverie.reports.table import difference, sums_of

SUBJECT = Subject("run", "one", 5)


def side(seed, episodes=40):
    generator = np.random.default_rng(seed)
    which = np.repeat(np.arange(episodes, dtype=np.int64), 15)
    codes = generator.normal(size=(len(which), 5))
    factors = codes[:, :2] + 0.5 * generator.normal(size=(len(which), 2))
    return codes, Truth(factors, which)


@pytest.fixture(scope="module")
def exam():
    return Exam((Factor("x", "m"), Factor("angle", "rad")), side(0)[1], side(1)[1], seed=3)


@pytest.fixture(scope="module")
def codes():
    return side(0)[0], side(1)[0]


def test_scores_are_those_of_the_predictions(exam):
    predictions = exam.test.factors + np.random.default_rng(2).normal(size=exam.test.factors.shape)
    row = exam.mark(SUBJECT, "ridge", predictions)
    for name, score in (("r2", r2_score), ("rmse", root_mean_squared_error), ("mae", mean_absolute_error)):
        wanted = score(exam.test.factors, predictions, multioutput="raw_values")
        assert np.allclose([part[name] for part in row["scores"]], wanted, rtol=1e-4)


def test_a_score_lies_inside_its_interval(exam, codes):
    for part in exam.row(SUBJECT, "ridge", codes)["scores"]:
        for name in ("r2", "rmse", "mae"):
            low, high = part[f"{name}_interval"]
            assert low < part[name] < high


def test_the_mean_predictor_explains_nothing(exam):
    row = exam.mean_row()
    assert row["reader"] is None
    for part, column in zip(row["scores"], exam.test.factors.T, strict=True):
        assert -0.05 < part["r2"] <= 0
        assert part["rmse"] == pytest.approx(column.std(), rel=0.05)


def test_the_mean_predictor_knows_the_fitting_side_only(exam):
    elsewhere = Truth(exam.fit.factors + 3.0, exam.fit.episodes)
    row = replace(exam, fit=elsewhere).mean_row()
    for part, column in zip(row["scores"], exam.test.factors.T, strict=True):
        assert part["rmse"] == pytest.approx(np.hypot(column.std(), 3.0), rel=0.1)


def test_permuted_labels_teach_nothing(exam, codes):
    for part in exam.permuted().row(SUBJECT, "ridge", codes)["scores"]:
        assert part["r2"] <= 0.02
    assert np.array_equal(np.sort(exam.permuted().fit.factors, axis=0), np.sort(exam.fit.factors, axis=0))


def test_every_episode_is_learnt_with_the_answers_of_another_one_in_their_order():
    which = np.repeat(np.arange(4, dtype=np.int64), (3, 7, 2, 5))
    place = np.concatenate([np.arange(size) for size in (3, 7, 2, 5)])
    truth = Truth(np.stack([which, place], axis=1).astype(float), which)
    exam = Exam((Factor("episode", ""), Factor("frame", "")), truth, truth, seed=3)
    given = exam.permuted().fit
    donors = []
    for episode in range(4):
        (donor,) = np.unique(given.factors[which == episode, 0])
        places = given.factors[which == episode, 1]
        assert donor != episode
        length = (3, 7, 2, 5)[int(donor)]
        assert np.array_equal(places, (places[0] + np.arange(len(places))) % length)
        donors.append(donor)
    assert sorted(donors) == [0, 1, 2, 3]
    assert np.array_equal(exam.permuted().fit.factors, given.factors)
    assert not np.array_equal(replace(exam, seed=4).permuted().fit.factors, given.factors)


def test_what_changes_alike_in_every_episode_is_no_knowledge_of_the_control():
    """A clock reads the height of a lander that falls in every episode; the control's labels tell no time."""
    moments = np.tile(np.arange(20.0), 60)
    which = np.repeat(np.arange(60, dtype=np.int64), 20)
    truth, clock = Truth(-moments[:, None], which), moments[:, None]
    exam = Exam((Factor("height", "m"),), truth, truth, seed=0)
    assert exam.row(SUBJECT, "ridge", (clock, clock))["scores"][0]["r2"] > 0.99
    # Below zero by chance: a reader of few wrong episodes is worse than one that says the mean.
    assert -0.2 < exam.permuted().row(SUBJECT, "ridge", (clock, clock))["scores"][0]["r2"] < 0.02


def test_a_leak_by_frame_shows_in_the_control():
    """Codes that name their episode, asked about episodes that they were fitted on: labels of other episodes
    are learnt by heart as well, so that the control no longer scores zero against what it was taught."""
    generator = np.random.default_rng(0)
    which = np.repeat(np.arange(12, dtype=np.int64), 20)
    names = np.eye(12)[which]
    truth = Truth(generator.normal(size=(12, 1))[which], which)
    wrong = Exam((Factor("x", "m"),), truth, truth, seed=0).permuted()
    leaked = replace(wrong, test=wrong.fit)
    assert leaked.row(SUBJECT, "ridge", (names, names))["scores"][0]["r2"] > 0.3


def test_a_run_does_not_differ_from_itself(exam, codes):
    row = exam.row(SUBJECT, "ridge", codes)
    sums = sums_of(exam.truth_sums(), row)
    found = difference(sums, sums, exam.draws(), ["x", "angle"])
    assert found["mean_r2"] == 0 and found["mean_r2_interval"] == [0, 0]


def test_paired_intervals_are_narrower_than_unpaired_ones(exam, codes):
    """Both runs fail on the same episodes: that is not a difference between them."""
    shared = np.random.default_rng(5).normal(size=(40, 2))[exam.test.episodes]
    rows = [
        exam.mark(SUBJECT, "ridge", exam.test.factors + shared + shift * np.sign(shared))
        for shift in (0.0, 0.05)
    ]
    one, other = (sums_of(exam.truth_sums(), row) for row in rows)
    paired = difference(one, other, exam.draws(), ["x", "angle"])["factors"]["x"]
    low, high = paired["r2_interval"]
    widths = [np.ptp(row["scores"][0]["r2_interval"]) for row in rows]
    assert 0 < low < paired["r2"] < high
    assert high - low < 0.5 * min(widths)


def test_sums_kept_in_json_give_the_same_scores(exam, codes):
    row = exam.row(SUBJECT, "ridge", codes)
    sums = sums_of(exam.truth_sums(), row)
    again = bootstrap.r2(sums, bootstrap.once(len(sums.frames)))[0]
    assert np.allclose(again, [part["r2"] for part in row["scores"]], atol=1e-5)
