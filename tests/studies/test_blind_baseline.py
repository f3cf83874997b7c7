"""The blind baseline: the metronome's words, whose episodes are whose, a verdict on planted scores."""

import csv

import numpy as np
import pytest

from reverie.agents._words import policy_of
from reverie.core.console import QUIET
from reverie.core.world import ActionSpace
from reverie.studies import blind_baseline
from reverie.studies.blind_baseline import BlindBaselineConfig, metronome

LIMITS = {
    "solved": 750, "gain": 300, "published_random": [210.0, 21.4],
    "periods": [100, 130], "choosing": 3, "episodes": 4,
}  # fmt: skip


def planted(metronome=900.0, held=320.0, random=205.0):
    def around(mean):
        return (mean + np.tile([-100.0, 100.0], 50)).tolist()

    scores = {"metronome": around(metronome), "random": around(random)}
    scores |= {"held:1-10": around(held), "still": around(150.0)}
    return {"seed": 0, "period": 130, "choosing": {"130": metronome}, "scores": scores}


@pytest.fixture
def limits(monkeypatch):
    monkeypatch.setattr(blind_baseline, "thresholds", lambda word: LIMITS)


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([planted(), planted()], "supported"),
        ([planted(), planted(metronome=760.0)], "not supported"),
        ([planted(held=610.0)], "not supported"),
        ([planted(random=300.0)], "not supported"),
    ],
)
def test_the_verdict_follows_the_scores(results, status, limits):
    """A hundred scores 100 to either side of a mean: its interval reaches 20 to either side."""
    verdict = BlindBaselineConfig().verdict(results)
    assert verdict.status == status
    assert sum(not held for held in verdict.claims.values()) == (status != "supported")


def test_the_table_pools_the_episodes_of_all_seeds(limits):
    row = BlindBaselineConfig().verdict([planted(900.0), planted(1000.0)]).table[0]
    assert row["n"] == 200 and row["mean ± sd"] == "950 ± 112" and row["means of the seeds"] == "900, 1000"


def test_the_metronome_swings_around_where_it_began():
    policy = policy_of(metronome(130)).build(ActionSpace(count=3, names=("none", "right", "left")))
    place, hidden, places = 0, None, []
    for _ in range(520):
        action, hidden = policy.act(None, hidden, np.random.default_rng(0))
        place += {1: 1, 2: -1}[action]
        places.append(place)
    assert (min(places), max(places)) == (-65, 65)


def test_a_period_is_chosen_on_episodes_that_do_not_test_it(limits, tmp_path):
    pytest.importorskip("vizdoom")
    result = BlindBaselineConfig().one_seed(3, tmp_path, QUIET)
    assert result["period"] == int(max(result["choosing"], key=lambda period: result["choosing"][period]))
    places = sorted(place.name for place in tmp_path.iterdir() if place.is_dir())
    assert sum(name.endswith("-70003") for name in places) == 2
    assert sum(name.endswith("-80003") for name in places) == 4
    with (tmp_path / "scores.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 16
    assert [float(line["score"]) for line in lines if line["policy"] == "still"] == result["scores"]["still"]
    assert BlindBaselineConfig().one_seed(3, tmp_path, QUIET) == result, "what is played is not played again"
