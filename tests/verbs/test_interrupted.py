"""What a method keeps beside its weights: interrupted and resumed, it ends the same to the bit."""

from contextlib import contextmanager

import pytest
import torch

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.engine.checkpoint import read_tensors
from reverie.engine.plan import Plan
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.load import load
from reverie.verbs.resume import resume

CAPACITY = ConvVAEConfig(code_size=3, capacity=5.0, capacity_steps=8)
SWITCHES = {
    "capacity": {},
    "bfloat16": {"precision": "bfloat16"},
    "compiled": {"precision": "bfloat16", "compile": True},
}
CASES = [pytest.param(name, marks=[pytest.mark.learning] if name == "compiled" else []) for name in SWITCHES]


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


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted") / "data"
    capture(CaptureJob(env="CartPole-v1", episodes=4, size=64), folder)
    return folder


@pytest.fixture(scope="module", params=CASES)
def whole(request, data, tmp_path_factory):
    job = FitJob(
        data=data,
        representation=CAPACITY,
        plan=Plan(epochs=3, batch_size=16, checkpoint_seconds=0.0),
        conditions=Conditions(seed=3, threads=1, **SWITCHES[request.param]),
    )
    folder = tmp_path_factory.mktemp("whole") / "run"
    return job, folder, fit(job, folder)


def test_interrupted_and_resumed_it_has_the_same_weights(whole, tmp_path):
    job, _, result = whole
    with pytest.raises(KeyboardInterrupt):
        fit(job, tmp_path / "run", Dying())
    assert resume(tmp_path / "run")["sha256"] == result["sha256"]


def test_the_run_loads_and_its_clock_tells_the_steps(whole):
    _, folder, result = whole
    load(folder)
    assert read_tensors(folder / "weights.safetensors")["capacity.step"] == result["steps"]


def test_in_bfloat16_weights_are_float32_and_not_those_of_float32(data, tmp_path):
    sums = []
    for precision in ("float32", "bfloat16"):
        conditions = Conditions(seed=3, threads=1, precision=precision)
        job = FitJob(data=data, representation=CAPACITY, plan=Plan(epochs=1), conditions=conditions)
        sums.append(fit(job, tmp_path / precision)["sha256"])
        weights = read_tensors(tmp_path / precision / "weights.safetensors").values()
        assert {part.dtype for part in weights} == {torch.float32, torch.int64}
    assert sums[0] != sums[1]


@pytest.mark.parametrize("switch", [{"compile": True}, {"precision": "bfloat16"}])
def test_mps_refuses_switches_that_nobody_tried_there(switch, data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    job = FitJob(data=data, representation=CAPACITY, conditions=Conditions(device="mps", **switch))
    with pytest.raises(WrongInput, match="'mps' computes in float32, uncompiled"):
        fit(job, tmp_path / "run")


def test_compiling_without_a_compiler_is_refused(data, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    job = FitJob(data=data, representation=CAPACITY, conditions=Conditions(device="cpu", compile=True))
    with pytest.raises(WrongInput, match=r"needs a C\+\+ compiler, and there is none"):
        fit(job, tmp_path / "run")
