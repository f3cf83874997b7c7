"""What a method keeps beside its weights: interrupted and resumed, it ends the same to the bit."""

from contextlib import contextmanager

import pytest

from reverie.core.console import Console
from reverie.engine.checkpoint import read_tensors
from reverie.engine.plan import Plan
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.load import load
from reverie.verbs.resume import resume

JOBS = {"capacity": ConvVAEConfig(code_size=3, capacity=5.0, capacity_steps=8)}


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


@pytest.fixture(scope="module", params=JOBS)
def whole(request, data, tmp_path_factory):
    job = FitJob(
        data=data,
        representation=JOBS[request.param],
        plan=Plan(epochs=3, batch_size=16, checkpoint_seconds=0.0),
        conditions=Conditions(seed=3, threads=1),
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
