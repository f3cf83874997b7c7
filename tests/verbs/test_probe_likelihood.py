"""`reverie probe --likelihood`: printed and written for variational runs, refused for all others."""

import json

import pytest

from reverie.core.errors import WrongInput
from reverie.engine.plan import Plan
from reverie.representations.conv_ae import ConvAEConfig
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.representations.st_dim import STDIMConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.probe import ProbeJob, format_table, probe

CONFIGS = {
    "gaussian": ConvVAEConfig(code_size=4, reconstruction="pixel:gaussian=0.1"),
    "squared": ConvVAEConfig(code_size=4),
    "plain": ConvAEConfig(code_size=4, reconstruction="pixel:bce"),
    "encoder": STDIMConfig(code_size=4),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("likelihood")
    capture(CaptureJob(env="CartPole-v1", episodes=5, size=64), place / "data")
    for name, config in CONFIGS.items():
        job = FitJob(
            data=place / "data",
            representation=config,
            plan=Plan(epochs=1),
            conditions=Conditions(threads=1),
        )
        fit(job, place / name)
    return place


def ask(place, name: str, **choices):
    job = ProbeJob(
        runs=(place / name,),
        data=place / "data",
        probe="ridge",
        baselines=False,
        **{"likelihood": 5} | choices,
    )
    return probe(job)


def test_a_variational_run_tells_its_bounds(place):
    table = format_table(ask(place, "gaussian"))
    found = json.loads((place / "gaussian" / "probe.json").read_text())["log_likelihood"]
    assert found["samples"] == 5 and found["bound"]["mean"] >= found["elbo"]["mean"]
    low, high = found["bound"]["interval"]
    assert low < found["bound"]["mean"] < high
    assert "bounded from below by 5 samples" in table and f"bound {found['bound']['mean']:.2f} [" in table


def test_nobody_is_told_who_did_not_ask(place):
    assert "likelihood" not in format_table(ask(place, "gaussian", likelihood=0))
    assert "log_likelihood" not in json.loads((place / "gaussian" / "probe.json").read_text())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "squared",
            "squared was fitted with 'pixel', which is no likelihood; fit with --reconstruction pixel:g",
        ),
        ("plain", "plain has no belief to draw codes from; fit a variational method"),
        ("encoder", "encoder says of no frame how likely it is"),
    ],
)
def test_runs_without_a_likelihood_are_refused_in_one_sentence(place, name, sentence):
    with pytest.raises(WrongInput, match=sentence):
        ask(place, name)


def test_a_negative_number_of_samples_is_refused(place):
    with pytest.raises(WrongInput, match="'likelihood' must be zero or positive"):
        ask(place, "gaussian", likelihood=-1)
