"""The verdict on perceptual losses: what it takes to be supported, and what forbids any verdict."""

from typing import Any

import pytest

from reverie.core.config import to_json
from reverie.studies._study import thresholds
from reverie.studies.perceptual_lander import PerceptualLanderConfig, arms

DESIGN = thresholds("perceptual-lander")
SCORES = {"pixel": 0.3, "weighted": 0.3, "squeezenet": 0.8, "random": 0.4, "unscaled": 0.3}


def seed(number: int, better: float = 0.0, permuted: float = 0.0, **scores: float) -> dict[str, Any]:
    """One seed's rows; every arm of a loss has that loss's score, shifted a little from seed to seed."""
    rows = []
    for kind, losses in (("ae", SCORES), ("vae", DESIGN["beta"])):
        for loss in losses:
            score = (SCORES | scores)[loss] + 0.01 * number + better * (loss == "squeezenet")
            rows.append(row(f"{kind}-{loss}", "run", score))
            rows.append(row(f"{kind}-{loss}, permuted labels", "permuted", permuted))
    return {"seed": number, "rows": rows}


def row(arm: str, subject: str, score: float) -> dict[str, Any]:
    r2 = {"x": score, "y": score}
    return {"arm": arm, "subject": subject, "r2": r2, "mse": 1 - score, "epochs": 1, "cpu_seconds": 1.0}


def status(*seeds: dict[str, Any]) -> str:
    return PerceptualLanderConfig().verdict(seeds).status


def test_a_clear_difference_in_every_seed_supports_both_claims():
    verdict = PerceptualLanderConfig().verdict([seed(0), seed(1), seed(2)])
    assert verdict.status == "supported" and all(verdict.claims.values())
    assert "AE +0.500" in verdict.text


def test_one_seed_supports_nothing():
    assert status(seed(0)) == "not supported"


def test_a_difference_that_changes_its_sign_is_not_supported():
    assert status(seed(0), seed(1, better=-0.6), seed(2)) == "not supported"


def test_no_better_than_a_random_network_is_not_supported():
    verdict = PerceptualLanderConfig().verdict([seed(number, random=0.8) for number in range(3)])
    assert verdict.status == "not supported" and list(verdict.claims.values()) == [True, False]


def test_where_no_arm_finds_the_lander_the_budget_is_too_small():
    verdict = PerceptualLanderConfig().verdict([seed(number, squeezenet=0.5) for number in range(3)])
    assert verdict.status == "not supported" and "too small a budget" in verdict.text


def test_a_control_that_knows_something_fails_the_study():
    assert status(seed(0), seed(1, permuted=0.3), seed(2)) == "failed"


@pytest.mark.parametrize(("loss", "values"), [("pixel", 64 * 64 * 3), ("squeezenet", 128 * 15 * 15)])
def test_the_price_of_the_divergence_is_the_papers(loss, values):
    """0.001 * mean over units of twice the divergence, against a mean: times the count, against a sum."""
    assert DESIGN["beta"][loss] == pytest.approx(0.001 * 2 * values / DESIGN["code_size"], rel=0.02)


def test_every_loss_has_its_arms_and_the_same_frames_and_seed(tmp_path):
    jobs = arms(tmp_path, seed=7, scale="cpu")
    assert set(jobs) == {f"ae-{loss}" for loss in SCORES} | {f"vae-{loss}" for loss in DESIGN["beta"]}
    assert {(job.data, job.conditions.seed) for job in jobs.values()} == {(tmp_path, 7)}


def test_the_random_network_is_drawn_anew_for_every_seed(tmp_path):
    words = [to_json(arms(tmp_path, seed, "cpu")["ae-random"])["representation"] for seed in (0, 1)]
    assert [word["reconstruction"] for word in words] == [
        f"perceptual:random-squeezenet={seed}@fire3:soft" for seed in (0, 1)
    ]
