"""Methods that rebuild nothing know more of real games than the encoder that they started from."""

import json

import numpy as np
import pytest

from reverie.core.representation import RepresentationConfig
from reverie.engine.plan import Plan
from reverie.representations.st_dim import STDIMConfig
from reverie.representations.vicreg import VICRegConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.probe import ProbeJob, probe

pytestmark = pytest.mark.learning

PONG = ("ball_x", "ball_y", "enemy_y", "player_y")
CASES = {
    "st-dim": (STDIMConfig(code_size=32), ("ALE/Pong-v5", 6, 700), PONG, 8),
    "vicreg": (VICRegConfig(code_size=32), ("CartPole-v1", 150, 1000), (), 4),
}


def mean_r2(rows: list[dict], subject: str) -> float:
    (row,) = (row for row in rows if row["subject"] == subject)
    return float(np.mean([score["r2"] for score in row["scores"]]))


@pytest.mark.parametrize("name", CASES)
def test_learning_beats_the_untrained_encoder(name, tmp_path):
    config, (env, episodes, steps), factors, epochs = CASES[name]
    assert isinstance(config, RepresentationConfig)
    for folder, seed in (("data", 1), ("probe", 2)):
        job = CaptureJob(env=env, episodes=episodes, max_steps=steps, size=64, seed=seed)
        capture(job, tmp_path / folder)
    conditions = Conditions(threads=1)
    plan = Plan(epochs=epochs)
    fit(
        FitJob(data=tmp_path / "data", representation=config, plan=plan, conditions=conditions),
        tmp_path / "run",
    )
    probe(ProbeJob(runs=(tmp_path / "run",), data=tmp_path / "probe", factors=factors, probe="ridge"))
    rows = json.loads((tmp_path / "run" / "probe.json").read_text())["rows"]
    assert mean_r2(rows, "run") > mean_r2(rows, "untrained")
