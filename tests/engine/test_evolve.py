"""The loop of an evolution: what it asks, tells, keeps, and where it goes on after an interruption."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from reverie.agents._cma import CMASearcher
from reverie.core.console import QUIET, Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.run import Run
from reverie.core.seeds import torch_generator
from reverie.engine.checkpoint import read_tensors
from reverie.engine.evolve import Evolution, EvolutionPlan, Score, choice, evolve

SIZE = 6
PLAN = EvolutionPlan(generations=12, rollouts=5, held_out=50, held_out_every=4)


class Noisy:
    """Minus the squared distance from one, plus noise that an episode brings to all alike; keeps its book."""

    def __init__(self, broken_at=None):
        self.calls, self.broken_at = [], broken_at

    def __call__(self, candidates, rollouts, seed):
        self.calls.append((len(candidates), rollouts, seed))
        noise = torch.empty(rollouts).normal_(generator=torch_generator(seed))
        scores = -((candidates - 1) ** 2).sum(1, keepdim=True) + 10 * noise
        if len(self.calls) == self.broken_at:
            scores[2, 1] = float("nan")
        return scores


def evolution(fitness, held_out=None, seed=3):
    searcher = CMASearcher(np.zeros(SIZE), population=8, sigma=0.3)
    return Evolution(searcher, fitness, held_out or Noisy(), seed)


def a_run(folder):
    return Run.create(folder, "train", {})


class Dying(Console):
    """Interrupts when so many generations are done."""

    def __init__(self, after):
        self.after = after

    @contextmanager
    def track(self, label, total, start=0):
        class Steps:
            def advance(_, amount=1, note=""):
                self.after -= 1
                if self.after == 0:
                    raise KeyboardInterrupt

        yield Steps()


def test_the_mean_climbs_through_noise_that_all_candidates_share(tmp_path):
    outcome = evolve(
        evolution(Noisy()), EvolutionPlan(generations=80, held_out_every=80), a_run(tmp_path), QUIET
    )
    kept = read_tensors(tmp_path / "weights.safetensors")["parameters"]
    assert (kept - 1).abs().max() < 0.01
    assert outcome.progress.generation == 80 and outcome.progress.episodes == 80 * 8 * 16


def test_a_generation_has_its_own_seed_and_held_out_scores_share_theirs(tmp_path):
    fitness, held_out = Noisy(), Noisy()
    evolve(evolution(fitness, held_out), PLAN, a_run(tmp_path), QUIET)
    assert [call[:2] for call in fitness.calls] == [(8, 5)] * 12
    assert len({seed for _, _, seed in fitness.calls}) == 12
    *chosen_by, reported = [seed for _, _, seed in held_out.calls]
    assert [call[:2] for call in held_out.calls] == [(1, 50)] * 4
    assert len(set(chosen_by)) == 1 and reported not in {*chosen_by, *(call[2] for call in fitness.calls)}


def test_events_tell_of_every_generation_and_of_held_out_scores(tmp_path):
    run = a_run(tmp_path)
    evolve(evolution(Noisy()), PLAN, run, QUIET)
    lines = [event for event in run.events() if event["event"] == "generation"]
    assert [line["generation"] for line in lines] == list(range(1, 13))
    assert all(line["best"] >= line["mean"] and line["sd"] > 0 and line["sigma"] > 0 for line in lines)
    assert lines[-1]["episodes"] == 12 * 8 * 5
    scores = [event for event in run.events() if event["event"] == "held out"]
    assert [score["generation"] for score in scores] == [4, 8, 12]


@pytest.mark.parametrize("after", [1, 4, 7])
def test_interrupted_and_resumed_it_ends_the_same_to_the_bit(tmp_path, after):
    whole, broken = a_run(tmp_path / "whole"), a_run(tmp_path / "broken")
    expected = evolve(evolution(Noisy()), PLAN, whole, QUIET)
    with pytest.raises(KeyboardInterrupt):
        evolve(evolution(Noisy()), PLAN, broken, Dying(after))
    # What a kill after the checkpoint leaves behind: an event of a generation that will be done again.
    broken.emit(event="generation", generation=after + 1, best=0.0)
    fitness = Noisy()
    outcome = evolve(evolution(fitness), PLAN, broken, QUIET)
    assert len(fitness.calls) == 12 - after
    assert outcome.sha256 == expected.sha256 and outcome.score == expected.score
    assert broken.events() == whole.events()


def test_what_is_kept_is_a_mean_and_never_the_luckiest_candidate(tmp_path):
    evolve(evolution(Noisy()), PLAN, a_run(tmp_path), QUIET)
    kept = read_tensors(tmp_path / "weights.safetensors")["parameters"]
    searcher, fitness = CMASearcher(np.zeros(SIZE), population=8, sigma=0.3), Noisy()
    means, candidates = [], []
    replay = Evolution(searcher, lambda c, r, s: candidates.extend(c) or fitness(c, r, s), Noisy(), 3)
    tell = searcher.tell
    searcher.tell = lambda scores: tell(scores) or means.append(searcher.mean())
    evolve(replay, PLAN, a_run(tmp_path / "again"), QUIET)
    assert any(torch.equal(kept, mean) for mean in means)
    assert not any(torch.equal(kept, candidate) for candidate in candidates)


def score(generation, mean, deviation=10.0):
    return Score(generation=generation, mean=mean, deviation=deviation, episodes=100)


def test_the_rules_that_choose():
    scores = [score(5, 1.0), score(10, 9.5), score(15, 10.0), score(20, 8.0)]
    assert choice(scores, "best").generation == 15
    assert choice(scores, "earliest").generation == 10  # one standard error below 10 is 9
    assert choice(scores, "last").generation == 20


def test_a_score_that_is_not_a_number_stops_and_the_generations_before_it_stay(tmp_path):
    run = a_run(tmp_path)
    with pytest.raises(BrokeWhileWorking, match="candidate 2 is not a number in generation 6"):
        evolve(evolution(Noisy(broken_at=6)), PLAN, run, QUIET)
    outcome = evolve(evolution(Noisy()), PLAN, run, QUIET)
    assert outcome.progress.generation == 12


def test_a_checkpoint_of_another_job_is_refused_in_one_sentence(tmp_path):
    run = a_run(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        evolve(evolution(Noisy()), PLAN, run, Dying(2))
    other = Evolution(CMASearcher(np.zeros(SIZE + 1), population=8, sigma=0.3), Noisy(), Noisy(), 3)
    with pytest.raises(WrongInput, match="is not of this job; remove the run and train again"):
        evolve(other, PLAN, run, QUIET)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"generations": 0}, "generations must be 1 or more, got 0"),
        ({"rollouts": 0}, "rollouts must be 1 or more, got 0"),
        ({"held_out": 1}, "held_out must be 2 or more, got 1"),
        ({"held_out_every": 0}, "held_out_every must be 1 or more, got 0"),
    ],
)
def test_numbers_that_cannot_be_are_refused(fields, words):
    with pytest.raises(WrongInput, match=words):
        EvolutionPlan(**fields)


def test_the_checkpoint_is_json_and_safetensors_alone(tmp_path):
    evolve(evolution(Noisy()), PLAN, a_run(tmp_path), QUIET)
    files = {file.suffix for file in (tmp_path / "checkpoint").rglob("*") if file.is_file()}
    assert files == {".json", ".safetensors"}
    newest = max((tmp_path / "checkpoint").iterdir())
    json.loads((newest / "state.json").read_text())
