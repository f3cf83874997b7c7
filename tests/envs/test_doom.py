"""Doom: what is told of fireballs and imps is what ViZDoom's own labels mark in the same frame."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("vizdoom")

from reverie.agents._words import policy_of
from reverie.agents.held import HeldConfig
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.engine.outcome import play
from reverie.engine.rollout import Cut, record
from reverie.envs.doom import TAKE_COVER
from reverie.envs.make import WorldConfig, make_unseen_world, make_world

ENV = "VizdoomTakeCover-v1"
NUMBER = {factor.name: index for index, factor in enumerate(TAKE_COVER)}
CAPTURE = """
import sys
from pathlib import Path
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture
if __name__ == "__main__":
    job = CaptureJob(env="VizdoomTakeCover-v1", episodes=4, max_steps=40, policy="held")
    capture(job, Path(sys.argv[1]), crew=Crew(workers=int(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def fight():
    world = make_world(ENV, WorldConfig(size=0))
    policy = HeldConfig().build(world.action_space)
    return record(world, policy, numpy_generator(1), Cut(max_steps=3000))


@pytest.fixture(scope="module")
def labels(fight):
    """What ViZDoom itself marks in each frame of the same game: name, left edge, width."""
    import vizdoom.vizdoom as vizdoom

    world = make_world(ENV, WorldConfig(size=0))
    game = world._env.unwrapped.game
    game.set_labels_buffer_enabled(True)
    world.reset(numpy_generator(1))
    found = []
    for action in [*fight.actions, None]:
        state = game.get_state()
        marks = state.labels if state is not None else []
        found.append([(mark.object_name, mark.x, mark.width) for mark in marks])
        if action is not None:
            world.step(action)
    assert isinstance(game, vizdoom.DoomGame)
    return found


def errors_of_the_fireball(fight, labels, lag):
    """Columns between the nearest fireball's middle in the labels and where factors `lag` later put it."""
    errors = []
    for step in range(2, len(labels) - 3):
        ahead, left = (
            fight.factors[step + lag, NUMBER[f"fireball_1_{where}"]] for where in ("ahead", "left")
        )
        marks = [x + width / 2 for name, x, width in labels[step] if name == "DoomImpBall" and width > 2]
        if 40 < ahead < 400 and abs(left) < 0.85 * ahead and len(marks) == 1:
            errors.append(80 - 80 * left / ahead - marks[0])
    return np.array(errors)


def test_the_nearest_fireball_is_where_the_labels_of_the_same_frame_mark_it(fight, labels):
    aligned = errors_of_the_fireball(fight, labels, 0)
    assert len(aligned) > 30 and np.abs(aligned).max() < 4 and np.std(aligned) < 0.7
    for lag in (-1, 1):
        assert np.std(errors_of_the_fireball(fight, labels, lag)) > 1.5 * np.std(aligned)


def test_things_are_counted_as_they_are_marked(fight, labels):
    marked = np.array([sum(name == "DoomImpBall" for name, _, _ in marks) for marks in labels])
    told = fight.factors[:, NUMBER["fireballs_in_view"]]
    # At the edge of the picture, half a fireball is marked while its middle is not in view.
    assert marked.max() >= 2 and np.mean(marked[:-1] == told[:-1]) > 0.85
    assert (told <= fight.factors[:, NUMBER["fireballs"]]).all()


def test_the_last_frame_is_the_one_before_and_marked_as_not_visible(fight):
    assert fight.ending == "terminated"
    assert fight.visible[:-1].all() and not fight.visible[-1]
    assert np.array_equal(fight.frames[-1], fight.frames[-2])
    assert np.array_equal(fight.factors[-1], fight.factors[-2])


def test_who_lives_long_is_stopped_by_our_limit():
    assert make_world(ENV, WorldConfig()).description()["options"]["max_episode_steps"] == 2100
    world = make_world(ENV, WorldConfig(size=8, options={"max_episode_steps": 20}))
    episode = record(
        world, HeldConfig().build(world.action_space), numpy_generator(0), Cut(max_steps=99, stride=9)
    )
    assert episode.ending == "truncated" and episode.visible.all()


def test_two_processes_record_the_same_bytes_and_leave_nothing_where_the_user_stands(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    files = {}
    for workers in ("1", "2"):
        folder = tmp_path / workers
        command = [sys.executable, "-c", CAPTURE, str(folder), workers]
        subprocess.run(command, cwd=here, check=True, env={**os.environ, "TMPDIR": str(tmp_path)})
        paths = (path for path in folder.rglob("*") if path.is_file())
        files[workers] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    assert files["1"] == files["2"] and len(files["1"]) > 4
    assert list(here.iterdir()) == []
    assert not list(tmp_path.glob("reverie-doom-*"))
    # An engine that was asked to end takes a moment.
    deadline = time.monotonic() + 10
    while engines(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not engines(tmp_path)


def engines(place):
    """Processes that stand somewhere inside `place`; only Linux tells."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cwd"):
        try:
            found += [words] if str(place) in str(words.readlink()) else []
        except OSError:
            continue
    return found


def test_doom_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("reverie.envs.make._register_doom", lambda: False)
    monkeypatch.setattr("gymnasium.registry", {})
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[doom\]'"):
        make_world(ENV, WorldConfig())


@pytest.mark.parametrize("words", ["periodic:left:130+right:130@65", "held:1-60", "still"])
def test_what_is_not_drawn_is_played_the_same(words):
    """Scores and lengths of whole episodes, with and without drawing; one game serves several episodes."""
    outcomes = []
    for make in (make_world, make_unseen_world):
        world = make(ENV, WorldConfig())
        policy = policy_of(words).build(world.action_space)
        outcomes.append([play(world, policy, numpy_generator(7, index), 3000) for index in range(4)])
        world.close()
    assert outcomes[0] == outcomes[1]
    assert len({outcome.steps for outcome in outcomes[0]}) > 1


def test_an_unseen_game_keeps_its_limit():
    world = make_unseen_world(ENV, WorldConfig(options={"max_episode_steps": 30}))
    policy = policy_of("still").build(world.action_space)
    outcome = play(world, policy, numpy_generator(1), 1000)
    assert (outcome.steps, outcome.ending, outcome.score) == (30, "truncated", 30.0)


def test_actions_have_the_names_of_what_they_do():
    """Left is where y grows, for who looks along x."""
    world = make_world(ENV, WorldConfig())
    assert world.action_space.names == ("none", "right", "left")
    for name, side in (("none", 0), ("right", -1), ("left", 1)):
        world.reset(numpy_generator(1))
        before = world.truth()[NUMBER["player_y"]]
        for _ in range(20):
            world.step(world.action_space.names.index(name))
        assert np.sign(world.truth()[NUMBER["player_y"]] - before) == side
