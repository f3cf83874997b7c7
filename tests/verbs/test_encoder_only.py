"""Methods without a decoder, from the door to the report: fitted, resumed, probed, looked at, told of."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.plan import Plan
from reverie.representations.st_dim import STDIMConfig
from reverie.representations.vicreg import VICRegConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.look import LookJob, look
from reverie.verbs.probe import ProbeJob, probe
from reverie.verbs.report import ReportJob, report
from reverie.verbs.resume import resume


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("encoder-only")
    capture(CaptureJob(env="CartPole-v1", episodes=6, size=64), place / "data")
    fit(job(place), place / "run")
    return place


def job(place, representation=None, **plan) -> FitJob:
    return FitJob(
        data=place / "data",
        representation=representation or STDIMConfig(code_size=8),
        plan=Plan(epochs=2, batch_size=16, checkpoint_seconds=0.0, **plan),
        conditions=Conditions(seed=7, threads=1, validation=0.2),
    )


def test_the_result_has_a_validation_loss_for_every_epoch(place):
    assert len(Run.open(place / "run").result()["validation"]) == 2


class Dying(Console):
    """Interrupts at the sixth step that it is told of."""

    @contextmanager
    def track(self, label, total, start=0):
        class Steps:
            done = 0

            def advance(self, amount=1, note=""):
                self.done += 1
                if self.done == 6:
                    raise KeyboardInterrupt

        yield Steps()


@pytest.mark.parametrize("pair", ["neighbours", "augmentations"])
def test_an_interrupted_fit_resumes_to_the_same_weights(place, tmp_path, pair):
    asked = job(place, VICRegConfig(code_size=8, expander=(16,), pair=pair))
    whole = fit(asked, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(asked, tmp_path / "killed", Dying())
    assert resume(tmp_path / "killed")["sha256"] == whole["sha256"]


def test_probes_read_its_codes_beside_the_untrained_encoder(place):
    probe(ProbeJob(runs=(place / "run",), data=place / "data", probe="ridge"))
    rows = json.loads((place / "run" / "probe.json").read_text())["rows"]
    sizes = {row["subject"]: row["code_size"] for row in rows}
    assert sizes["run"] == sizes["untrained"] == 8


def test_without_a_lens_it_is_looked_at_through_those_that_need_no_decoder(place):
    assert [path.name for path in look(LookJob(run=place / "run", count=40))] == ["map.png"]


@pytest.mark.parametrize("lens", ["reconstruction", "samples", "traversal"])
def test_a_lens_that_needs_a_decoder_is_refused_in_one_sentence(place, lens):
    sentence = f"the lens '{lens}' shows decoded frames, and st-dim has no decoder; .* look through map"
    with pytest.raises(WrongInput, match=sentence):
        look(LookJob(run=place / "run", lens=("map", lens)))


def test_its_report_names_no_reconstruction(place):
    text = report(ReportJob(runs=(place / "run",))).read_text(encoding="utf-8")
    assert "st-dim" in text and "reconstruction loss" not in text


def test_episodes_too_short_for_the_gap_are_refused_before_learning(place, tmp_path):
    with pytest.raises(WrongInput, match="0 pairs of frames 900 steps apart"):
        fit(job(place, STDIMConfig(gap=900)), tmp_path / "run")


def test_a_batch_of_one_is_refused(place, tmp_path):
    asked = job(place)
    with pytest.raises(WrongInput, match="batch_size must be 2 or more to compare frames"):
        fit(replace(asked, plan=replace(asked.plan, batch_size=1)), tmp_path / "run")
