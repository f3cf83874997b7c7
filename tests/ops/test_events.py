"""Scores of rare events agree with scikit-learn and with hand counts."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from reverie.ops.events import area_under_curve, event_scores


def test_scores_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    events = (generator.random(500) < 0.1).astype(np.float32)
    logits = np.round(generator.normal(size=500) + events, 1).astype(np.float32)  # rounded: ties count half
    scores = event_scores(events, logits)
    assert scores["auc"] == pytest.approx(roc_auc_score(events, logits))
    assert scores["nats"] == pytest.approx(log_loss(events, 1 / (1 + np.exp(-logits))), rel=1e-5)
    assert scores["base_nats"] == pytest.approx(log_loss(events, np.full(500, events.mean())), rel=1e-5)


def test_expected_events_are_the_sum_of_probabilities():
    scores = event_scores(np.array([1.0, 0.0]), np.array([0.0, np.log(3.0)]))
    assert (scores["happened"], scores["expected"]) == (1.0, pytest.approx(1.25))


def test_without_events_there_is_no_curve():
    assert area_under_curve(np.zeros(3), np.arange(3.0)) is None
