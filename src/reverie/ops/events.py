"""Rare events: how well log-odds tell when one happens, and whether they mean what they say."""

import numpy as np
from jaxtyping import Float
from scipy.special import expit
from scipy.stats import rankdata


def event_scores(
    events: Float[np.ndarray, " step"], logits: Float[np.ndarray, " step"]
) -> dict[str, float | None]:
    """What log-odds say of events (1 where it happened, 0 elsewhere).

    `auc`: the probability that an event has larger log-odds than another step (None where there is no event
    or nothing else; Hanley & McNeil 1982). `happened`, `expected`: events, and the sum of their
    probabilities, equal where the log-odds are calibrated. `nats`: mean logarithmic loss of a step;
    `base_nats`: that of the events' frequency alone.
    """
    happened, steps = float(events.sum()), len(events)
    share = happened / steps
    base = -sum(part * np.log(part) for part in (share, 1.0 - share) if part > 0)
    loss = np.logaddexp(0.0, logits.astype(np.float64)) - events * logits
    return {
        "auc": area_under_curve(events, logits),
        "happened": happened,
        "expected": float(expit(logits.astype(np.float64)).sum()),
        "nats": float(loss.mean()),
        "base_nats": float(base),
    }


def area_under_curve(events: Float[np.ndarray, " step"], logits: Float[np.ndarray, " step"]) -> float | None:
    """Area under the receiver's curve from ranks, ties counting half. Source: Hanley & McNeil 1982."""
    positive = events > 0.5
    hits, others = int(positive.sum()), int((~positive).sum())
    if not hits or not others:
        return None
    ranks = rankdata(logits)
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * others))
