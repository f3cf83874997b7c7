"""The training loop: resumed bit by bit, stopped by what is not a number, paced by its clocks."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reverie.core.console import QUIET, Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.representation import Losses, Player
from reverie.core.run import Run
from reverie.core.seeds import torch_generator
from reverie.engine import checkpoint
from reverie.engine.fit import Setup, fit
from reverie.engine.plan import Clock, Plan
from reverie.engine.setup import validate

RESUMABLE = Plan(epochs=6, schedule="plateau", plateau_patience=1, patience=4, clip=1.0, learning_rate=0.03)


class Killed(Exception):
    pass


class Points:
    """Noisy samples of a line; raises Killed when asked for the batch `kill_at`, counted over epochs."""

    def __init__(self, name: str, batches: int, kill_at: int = -1) -> None:
        self.name, self.batches, self.kill_at = name, batches, kill_at

    def __len__(self) -> int:
        return self.batches

    def epoch(self, index: int, start: int = 0) -> Iterator[Tensor]:
        for batch in range(start, self.batches):
            if index * self.batches + batch == self.kill_at:
                raise Killed
            yield torch.randn(8, 4, generator=torch_generator(0, self.name, index, batch))


def setup(kill_at: int = -1, poison_at: int = -1, seed: int = 3) -> Setup:
    """A linear denoiser with its own noise, so that the generator's state matters."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 4))
    steps = iter(range(10_000))

    def loss(points: Tensor, generator: torch.Generator) -> Losses:
        noise = torch.randn(points.shape, generator=generator)
        error = (module(points + noise) - points).square().sum(1)
        poisoned = module.training and next(steps) == poison_at
        return Losses(
            {"error": error, "spike": error * (float("nan") if poisoned else 0.0)},
            {"error": 1.0, "spike": 1.0},
        )

    player = Player("line", module.parameters, loss)
    return Setup(module, [player], Points("training", 7, kill_at), Points("validation", 2), seed)


def weights(setup: Setup) -> Tensor:
    return torch.cat([part.flatten().double() for part in setup.module.state_dict().values()])


def new_run(tmp_path: Path, name: str) -> Run:
    return Run.create(tmp_path / name, "fit", {})


@pytest.mark.parametrize("kill_at", [0, 1, 6, 7, 11, 20, 34])
def test_a_fit_killed_anywhere_and_resumed_has_the_same_weights_to_the_bit(tmp_path, kill_at):
    plan = Plan(**{**vars(RESUMABLE), "checkpoint_seconds": 0.0})
    whole = setup()
    fit(whole, plan, new_run(tmp_path, "whole"), QUIET)
    run = new_run(tmp_path, "killed")
    with suppress(Killed):
        fit(setup(kill_at), plan, run, QUIET)
    resumed = setup()
    clock = fit(resumed, plan, Run.open(run.folder), QUIET).clock
    assert torch.equal(weights(whole), weights(resumed))
    assert clock.step > 0


def test_a_resumed_fit_logs_each_step_once(tmp_path):
    run = new_run(tmp_path, "run")
    with pytest.raises(Killed):
        fit(setup(kill_at=20), RESUMABLE, run, QUIET)
    fit(setup(), RESUMABLE, run, QUIET)
    steps = [event["step"] for event in run.events() if event["event"] == "train"]
    assert steps == sorted(set(steps))


def test_a_loss_that_is_not_a_number_names_its_term_and_keeps_the_last_checkpoint(tmp_path):
    run = new_run(tmp_path, "run")
    with pytest.raises(BrokeWhileWorking, match=r"'spike'.*step 10 \(epoch 2\)"):
        fit(setup(poison_at=10), RESUMABLE, run, QUIET)
    kept = checkpoint.newest(run.folder / "checkpoint", QUIET)
    assert kept is not None and kept.counters["clock"]["step"] == 7
    assert all(part.isfinite().all() for part in kept.tensors["weights"].values())


def test_an_altered_checkpoint_is_named_and_the_one_before_it_used(tmp_path):
    class Listening(Console):
        heard = ""

        def warn(self, text: str) -> None:
            self.heard += text

    run = new_run(tmp_path, "run")
    fit(setup(), RESUMABLE, run, QUIET)
    newest, before = checkpoint.places(run.folder / "checkpoint")
    weight_file = newest / "weights.safetensors"
    content = bytearray(weight_file.read_bytes())
    content[-3] ^= 1
    weight_file.write_bytes(content)
    console = Listening()
    found = checkpoint.newest(run.folder / "checkpoint", console)
    assert str(weight_file) in console.heard and "altered" in console.heard
    assert found is not None and f"{found.counters['clock']['step']:09d}" in before.name


def test_when_every_checkpoint_is_truncated_the_fit_refuses_to_guess(tmp_path):
    run = new_run(tmp_path, "run")
    fit(setup(), RESUMABLE, run, QUIET)
    for place in checkpoint.places(run.folder / "checkpoint"):
        file = place / "optimiser.safetensors"
        file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(WrongInput, match="no checkpoint"):
        fit(setup(), RESUMABLE, run, QUIET)


def test_early_stopping_ends_with_the_weights_of_the_best_epoch(tmp_path):
    plan = Plan(epochs=30, learning_rate=0.3, patience=3, keep_epochs=True)
    run = new_run(tmp_path, "run")
    stopped = setup()
    clock = fit(stopped, plan, run, QUIET).clock
    assert len(clock.history) < 30
    best = min(range(len(clock.history)), key=clock.history.__getitem__)
    assert len(clock.history) == best + 1 + 3
    snapshot = checkpoint.read_tensors(run.folder / "snapshots" / f"epoch-{best + 1:03d}.safetensors")
    for name, part in stopped.module.state_dict().items():
        assert torch.equal(part, snapshot[name])


def test_a_plateau_halves_the_learning_rate_exactly_when_a_scripted_loss_says_so():
    plan = Plan(learning_rate=1.0, schedule="plateau", plateau_patience=2)
    clock, rates = Clock(), []
    for epoch, loss in enumerate([5.0, 4.0, 4.0, 4.5, 3.0, 3.0, 3.0, 3.0, 3.0]):
        clock.epoch = epoch
        clock.validated(loss, plan)
        rates.append(clock.learning_rate(plan, 100))
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_annealing_runs_from_the_first_to_the_final_learning_rate(schedule):
    plan = Plan(learning_rate=1.0, final_learning_rate=0.1, schedule=schedule)
    rates = [Clock(step=step).learning_rate(plan, 101) for step in range(101)]
    assert rates[0] == pytest.approx(1.0) and rates[-1] == pytest.approx(0.1)
    assert rates[50] == pytest.approx(0.55)
    assert rates == sorted(rates, reverse=True)


def test_clipping_bounds_the_first_step_of_plain_descent(tmp_path):
    """With clip c the gradient that Adam sees has norm c: its first moment is (1 - 0.9) times it."""
    run = new_run(tmp_path, "run")
    fit(setup(), Plan(epochs=1, clip=1e-3, checkpoint_seconds=0.0), run, QUIET)
    first = checkpoint.read(checkpoint.places(run.folder / "checkpoint")[-1])
    moments = [part for name, part in first.tensors["optimiser"].items() if name.endswith("exp_avg")]
    assert torch.cat([part.flatten() for part in moments]).norm() <= 1e-3 + 1e-9


def test_changed_counters_of_a_checkpoint_are_noticed(tmp_path):
    run = new_run(tmp_path, "run")
    fit(setup(), RESUMABLE, run, QUIET)
    state = checkpoint.places(run.folder / "checkpoint")[0] / "state.json"
    state.write_text(state.read_text().replace('"epoch": 6', '"epoch": 1'))
    with pytest.raises(WrongInput, match=r"state\.json is altered"):
        checkpoint.read(state.parent)


def test_every_validation_frame_counts_the_same(tmp_path):
    """One batch of 5 and one of 1: the mean over 6 frames, not the mean of two batch means."""

    class Uneven(Points):
        def epoch(self, index: int, start: int = 0) -> Iterator[Tensor]:
            yield torch.zeros(5, 4)
            yield torch.full((1, 4), 3.0)

    module = nn.Linear(4, 4)
    player = Player("sum", module.parameters, lambda points, _: Losses({"sum": points.sum(1)}, {"sum": 2.0}))
    total, terms = validate(Setup(module, [player], Points("training", 1), Uneven("validation", 2), 0), "now")
    assert terms == {"sum": pytest.approx(12.0 / 6)} and total == pytest.approx(2 * 12.0 / 6)


def test_a_validation_loss_that_is_not_a_number_names_its_term():
    module = nn.Linear(4, 4)
    player = Player(
        "sum", module.parameters, lambda points, _: Losses({"sum": points.sum(1) / 0}, {"sum": 1.0})
    )
    with pytest.raises(BrokeWhileWorking, match=r"'sum'.*after epoch 3"):
        validate(Setup(module, [player], Points("training", 1), Points("validation", 1), 0), "after epoch 3")


def test_what_a_kill_left_half_written_is_cleared(tmp_path):
    run = new_run(tmp_path, "run")
    half = run.folder / "checkpoint" / "step-000000003.tmp"
    half.mkdir(parents=True)
    fit(setup(), RESUMABLE, run, QUIET)
    assert not half.exists()
