"""The wirings through features, from the door to the report: fitted, resumed, probed, looked at, exported."""

import json
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from reverie.cli import main
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.data.store import open_data
from reverie.engine.plan import Plan
from reverie.representations.feature_ae import FeatureAEConfig
from reverie.studies._arms import fit_side_by_side
from reverie.verbs import fit as fitting
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.feature_network import feature_network
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.load import load, untrained
from reverie.verbs.look import LookJob, look
from reverie.verbs.probe import ProbeJob, probe
from reverie.verbs.report import ReportJob, report
from reverie.verbs.resume import resume

NETWORK = "random-squeezenet=4"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("feature-ae")
    capture(CaptureJob(env="CartPole-v1", episodes=5, size=64, max_steps=16), place / "data")
    for wiring in ("i-f-fp", "f-f-fp", "f-i-pw"):
        fit(job(place, wiring), place / wiring)
    return place


def job(place, wiring: str, **choices) -> FitJob:
    return FitJob(
        data=place / "data",
        representation=FeatureAEConfig(
            wiring=wiring, features=f"{NETWORK}@pool3:soft", code_size=3, hidden_size=8, **choices
        ),
        plan=Plan(epochs=2, batch_size=16, checkpoint_seconds=0.0),
        conditions=Conditions(seed=7, threads=1, validation=0.2),
    )


@pytest.mark.parametrize("wiring", ["i-f-fp", "f-f-fp", "f-i-pw"])
def test_the_run_names_its_network_by_hash_and_counts_what_learns(place, wiring):
    run = Run.open(place / wiring)
    used = run.job()["uses"]["feature_network"]
    assert used["name"] == NETWORK
    assert used["weights"] == feature_network(NETWORK, QUIET).description["weights"]
    assert run.result()["parameters"] == sum(
        part.numel() for part in load(place / wiring).representation.parameters()
    )


@pytest.mark.parametrize("wiring", ["f-f-fp", "f-i-pw"])
def test_a_loaded_run_sees_through_the_very_network_that_it_learnt_with(place, wiring):
    features = load(place / wiring).representation.encoder[0]
    frames = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        features.network.features(frames, "pool3"), feature_network(NETWORK, QUIET).features(frames, "pool3")
    )


def test_a_run_is_loaded_without_looking_for_the_network(place, monkeypatch):
    monkeypatch.setattr(fitting, "feature_network", lambda *_: pytest.fail("it was looked for"))
    assert load(place / "f-f-fp").representation.encode(torch.zeros(1, 3, 64, 64)).mean.shape == (1, 3)


class Dying(Console):
    """Interrupts at the third step that it is told of."""

    @contextmanager
    def track(self, label, total, start=0):
        class Steps:
            done = 0

            def advance(self, amount=1, note=""):
                self.done += 1
                if self.done == 3:
                    raise KeyboardInterrupt

        yield Steps()


def interrupted(place, wiring: str, folder) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(job(place, wiring), folder, Dying())


@pytest.mark.parametrize("wiring", ["i-f-fp", "f-f-fp", "f-i-pw"])
def test_an_interrupted_fit_resumes_to_the_same_weights(place, tmp_path, wiring):
    interrupted(place, wiring, tmp_path / "run")
    assert resume(tmp_path / "run")["sha256"] == Run.open(place / wiring).result()["sha256"]


def test_a_network_that_changed_or_is_gone_stops_a_resume_in_one_sentence(place, tmp_path, monkeypatch):
    interrupted(place, "f-f-fp", tmp_path / "run")
    monkeypatch.setattr(fitting, "feature_network", lambda *_: feature_network("random-squeezenet=5", QUIET))
    with pytest.raises(WrongInput, match="changed since it began; fit a new run"):
        resume(tmp_path / "run")
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fitting, "feature_network", lambda _, *rest: feature_network("squeezenet", *rest))
    with pytest.raises(WrongInput, match="the weights of squeezenet are not on this machine"):
        resume(tmp_path / "run")


def test_altered_features_are_named_when_a_run_is_loaded(place, tmp_path):
    shutil.copytree(place / "f-f-fp", tmp_path / "run")
    file = tmp_path / "run" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(WrongInput, match=r"weights\.safetensors is altered or truncated"):
        load(tmp_path / "run")


def test_the_untrained_encoder_beside_it_looks_through_the_same_features(place):
    loaded = load(place / "f-f-fp")
    first, frames = untrained(loaded), torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    ends = [model.encoder for model in (first, loaded.representation)]
    assert torch.equal(ends[0][0](frames), ends[1][0](frames))
    assert not torch.equal(ends[0][-1].weight, ends[1][-1].weight)


def test_probes_read_its_codes_beside_the_untrained_encoder(place):
    runs = (place / "i-f-fp", place / "f-f-fp")
    probe(ProbeJob(runs=runs, data=place / "data", probe="ridge"))
    for run in runs:
        rows = json.loads((run / "probe.json").read_text())["rows"]
        sizes = {row["subject"]: row["code_size"] for row in rows}
        assert sizes["run"] == sizes["untrained"] == 3


def test_frames_are_shown_where_there_are_any(place):
    assert [path.name for path in look(LookJob(run=place / "f-f-fp", count=20))] == ["map.png"]
    names = [path.name for path in look(LookJob(run=place / "f-i-pw", count=20))]
    assert "reconstruction.png" in names and "traversal.png" in names
    sentence = "the lens 'traversal' shows decoded frames, and feature-ae predicts features, not frames"
    with pytest.raises(WrongInput, match=sentence):
        look(LookJob(run=place / "i-f-fp", lens=("traversal",)))


def test_its_report_tells_wiring_network_and_command(place):
    text = report(ReportJob(runs=(place / "f-f-fp",))).read_text(encoding="utf-8")
    assert "feature-ae, wiring f-f-fp" in text
    assert "SqueezeNet with random weights" in text and "--wiring f-f-fp" in text


@pytest.mark.parametrize("wiring", ["i-f-fp", "f-f-fp"])
def test_its_encoder_is_exported_with_the_network(place, tmp_path, wiring):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    from reverie.verbs.export import export

    export(place / wiring, tmp_path / "encoder.onnx")
    frames = np.random.default_rng(0).random((3, 3, 64, 64), dtype=np.float32)
    session = runtime.InferenceSession(tmp_path / "encoder.onnx", providers=["CPUExecutionProvider"])
    expected = load(place / wiring).representation.encode(torch.from_numpy(frames)).mean.detach().numpy()
    assert np.allclose(session.run(None, {"frames": frames})[0], expected, atol=1e-4)


def test_a_wiring_is_an_arm_of_a_study(place, tmp_path):
    fit_side_by_side({tmp_path / "arm": job(place, "f-f-fp")}, QUIET)
    assert Run.open(tmp_path / "arm").result()["sha256"] == Run.open(place / "f-f-fp").result()["sha256"]


def test_it_has_no_likelihood(place):
    asked = ProbeJob(runs=(place / "f-i-pw",), data=place / "data", probe="ridge", likelihood=2)
    with pytest.raises(WrongInput, match="f-i-pw says of no frame how likely it is"):
        probe(asked)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--features", "squeezenett@pool3"], "unknown feature network 'squeezenett'; did you mean"),
        (["--features", "random-squeezenet=x@pool3"], "only random-squeezenet takes a seed, as in =3"),
        (["--features", "random-squeezenet@pol3"], "'pol3'; did you mean 'pool3'"),
        (["--features", "random-squeezenet"], "names a network and a layer"),
        (["--wiring", "i-i-pw"], "i-i-pw"),
        (["--wiring", "f-f-fp", "--batch-norm"], "no convolutions to normalise"),
    ],
)
def test_wrong_flags_are_one_sentence_and_leave_nothing(place, tmp_path, capsys, flags, sentence):
    assert main(["fit", "feature-ae", str(place / "data"), str(tmp_path / "run"), *flags]) == 2
    told = capsys.readouterr().err
    assert sentence in told and "Traceback" not in told and len(told.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_the_codes_are_those_of_a_loaded_run(place):
    data = open_data(place / "data")
    codes = load(place / "f-f-fp").codes(data, np.arange(4))
    assert codes.shape == (4, 3) and np.isfinite(codes).all()
