"""Runs are ranked by what they know, with paired differences, in a table that fits a terminal."""

import pytest

from reverie.core.errors import WrongInput
from reverie.reports.table import cell, compare, format_table, table_rows


@pytest.fixture
def both(make_probe):
    return [make_probe("pixel", 0.5), make_probe("perceptual", 0.3)]


def test_the_run_that_knows_more_comes_first_and_the_difference_excludes_zero(both):
    first, second = compare(both)["ranking"]["ridge"]
    assert (first["run"], second["run"]) == ("perceptual", "pixel")
    assert first["mean_r2"] > second["mean_r2"] and "difference" not in first
    low, high = second["difference"]["mean_r2_interval"]
    assert low < second["difference"]["mean_r2"] < high < 0


def test_a_named_reference_is_what_others_are_compared_with(both):
    first, second = compare(both, "pixel")["ranking"]["ridge"]
    assert first["reference"] == second["reference"] == "pixel"
    assert first["difference"]["mean_r2"] > 0 and "difference" not in second


def test_the_difference_is_that_of_the_scores(both):
    found = compare(both)["ranking"]["ridge"][1]["difference"]["factors"]
    scores = [{f["name"]: s for f, s in zip(r["factors"], r["rows"][0]["scores"], strict=True)} for r in both]
    for name, part in found.items():
        assert part["r2"] == pytest.approx(scores[0][name]["r2"] - scores[1][name]["r2"], abs=1e-5)
        squares = scores[0][name]["rmse"] ** 2 - scores[1][name]["rmse"] ** 2
        assert part["mse"] == pytest.approx(squares, abs=1e-5)


def test_runs_that_were_asked_different_things_are_not_compared(make_probe):
    with pytest.raises(WrongInput, match=r"not probed alike \(seed differs\); probe them together"):
        compare([make_probe("pixel"), make_probe("perceptual", seed=4)])


def test_the_table_fits_a_terminal_and_names_every_row_factor_and_unit(both):
    text = format_table(compare(both))
    assert max(len(line) for line in text.splitlines()) <= 100
    for word in ("pixel", "perceptual", "untrained (pixel)", "mean predictor", "x", "spin", "(rad)",
                 "95 %", "20 episodes", "ranking", "gravity"):  # fmt: skip
        assert word in text


def test_baselines_with_the_same_scores_are_said_once(both):
    labels = [row["label"] for row in table_rows(compare(both), "ridge")]
    assert labels.count("mean predictor") == 1
    assert labels[:2] == ["perceptual", "pixel"]
    assert {"untrained (pixel)", "untrained (perceptual)"} < set(labels)


@pytest.mark.parametrize(
    ("value", "ends", "score", "text"),
    [
        (0.8412, (0.8, 0.88), "r2", "0.84 [0.80, 0.88]"),
        (-0.001, (-0.02, 0.0), "r2", "0.00 [-0.02, 0.00]"),
        (0.00421, (0.0039, 0.0047), "rmse", "0.0042 [0.0039, 0.0047]"),
        (123.4, (99.0, 150.2), "mae", "123 [99, 150]"),
        (0.5, (None, None), "r2", "0.50 [?, ?]"),
        (None, (None, None), "r2", "-"),
    ],
)
def test_numbers_have_as_many_digits_as_they_deserve(value, ends, score, text):
    assert cell({score: value, f"{score}_interval": list(ends)}, score) == text
