"""Performances of a trained run: codes and memories of real frames, many episodes side by side."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.representation import Representation
from reverie.core.seeds import numpy_generator
from reverie.core.world import World
from reverie.data.store import DataSet, open_data
from reverie.engine.outcome import Diary, Outcome
from reverie.envs.coded import CodedWorlds, Sight, decode_actions
from reverie.envs.dream import checked
from reverie.envs.make import WorldConfig, make_world
from reverie.verbs import _machine as machine
from reverie.verbs._performance import EvaluateJob, Group
from reverie.verbs.load import Adopted, Loaded
from reverie.verbs.load_agent import LoadedAgent, load_agent
from reverie.verbs.load_model import untrained_model


def agent_for(job: EvaluateJob) -> LoadedAgent:
    """The run that plays. WrongInput where it cannot, or where it learnt from the episodes to be played."""
    agent = load_agent(Path(job.subject))
    for data in _learnt_from(agent):
        origin = data.origin if data else None
        if data and origin and origin["seed"] == job.seed and data.env == (job.env or agent.model.env):
            raise WrongInput(
                f"seed {job.seed} is that of {data.path}, which {job.subject} learnt from, so that its "
                "episodes are not held out; choose another --seed"
            )
    return agent


def frames_seen(agent: LoadedAgent) -> int | None:
    """Real frames that a run learnt from, those of each recording once.

    None where they cannot be counted: a recording is gone, or candidates played in the environment.
    """
    recordings = list(_learnt_from(agent))
    if agent.job.where == "env" or None in recordings:
        return None
    return sum({data.fingerprint: data.frame_count for data in recordings if data}.values())


def world_of(agent: LoadedAgent) -> WorldConfig:
    """How worlds are looked at: as they were when the recordings were made."""
    source: Any = agent.model.data.manifest.source
    told = source.get("world")
    if not isinstance(told, dict):
        raise WrongInput(f"{agent.model.data.path} was not captured, so there is no world to play in")
    names = {field.name for field in fields(WorldConfig)}
    return WorldConfig(**{name: value for name, value in told.items() if name in names})


def check_world(agent: LoadedAgent, world: World, env: str) -> None:
    """Refuse a world whose actions or frames are not those that the run knows."""
    known, found = agent.model.action_space, world.action_space
    size = [None if space.low is None else space.low.size for space in (known, found)]
    if known.count != found.count or size[0] != size[1]:
        raise WrongInput(
            f"{agent.run.folder} was trained for {_actions(known)}, and {env} takes {_actions(found)}"
        )
    world.reset(numpy_generator(0, "check"))
    height, width, channel = world.frame().shape
    if (channel, height, width) != tuple(agent.model.data.frame_shape):
        shape = " x ".join(map(str, agent.model.data.frame_shape))
        raise WrongInput(
            f"{agent.run.folder} sees frames of {shape}, {env} shows {channel} x {height} x {width}"
        )


def sight_of(agent: LoadedAgent, job: EvaluateJob) -> Sight:
    """Through what the run sees, less what an ablation takes away."""
    representation: Representation = agent.model.representation.representation
    whole = Sight(representation, agent.model.world_model, job.codes)
    return {
        "none": lambda: whole,
        "shuffled-codes": lambda: replace(whole, shown="shuffled"),
        "no-codes": lambda: replace(whole, shown="none"),
        "no-memory": lambda: replace(whole, remembers=False),
        "untrained-model": lambda: replace(whole, world_model=untrained_model(agent.model)),
        "changed-colours": lambda: replace(whole, view=changed_colours),
    }[job.ablation]()


def changed_colours(frame: np.ndarray) -> np.ndarray:
    """Red for blue and blue for red; a negative where there is only grey."""
    height, width, channel = frame.shape
    if channel % 3:
        return 255 - frame
    return frame.reshape(height, width, channel // 3, 3)[..., ::-1].reshape(frame.shape).copy()


def coded(job: EvaluateJob, worker: int) -> Group:
    """What a worker does for a run: play the episodes of a group side by side."""
    agent = agent_for(job)
    sight, config = sight_of(agent, job), world_of(agent)
    worlds = [make_world(job.env, config) for _ in range(min(job.together, job.episodes))]

    def work(group: int) -> list[Outcome]:
        first = group * job.together
        episodes = range(first, min(first + job.together, job.episodes))
        with machine.threads(1):
            return _lockstep(agent, sight, list(zip(worlds, episodes, strict=False)), job)

    return work


def _lockstep(
    agent: LoadedAgent, sight: Sight, pairs: list[tuple[World, int]], job: EvaluateJob
) -> list[Outcome]:
    for world, episode in pairs:
        world.reset(numpy_generator(job.seed, "episode", episode))
    diaries = [Diary() for _ in pairs]
    playing = list(range(len(pairs)))
    coded_worlds = CodedWorlds(sight, [numpy_generator(job.seed, "codes", episode) for _, episode in pairs])
    actor, size = agent.actor(len(pairs)), sight.world_model.action_size
    while playing:
        instant = coded_worlds.see([pairs[row][0].frame() for row in playing])
        known = coded_worlds.known(instant)
        with torch.no_grad():
            encoded = checked(actor.act(known.code, known.hidden), len(playing), size)
        coded_worlds.remember(instant, encoded)
        actions = decode_actions(agent.model.action_space, encoded)
        for row, action in zip(playing, actions, strict=True):
            _step(diaries[row], pairs[row], action, job)
        left = [place for place, row in enumerate(playing) if diaries[row].ending is None]
        if len(left) < len(playing):
            playing = [playing[place] for place in left]
            coded_worlds.keep(left)
            actor = actor.keep(torch.tensor(left, dtype=torch.int64))
    return [diary.outcome() for diary in diaries]


def _step(diary: Diary, pair: tuple[World, int], action: Any, job: EvaluateJob) -> None:
    world, episode = pair
    try:
        diary.step(world, action, job.max_steps)
    except BrokeWhileWorking as error:
        raise BrokeWhileWorking(f"{job.env}, episode {episode}, {error}") from error


def _learnt_from(agent: LoadedAgent) -> Iterator[DataSet | None]:
    """Recordings that a run, and those at which its search began, learnt from; None for one that is gone."""
    visited: set[Path] = set()
    while agent.run.folder.resolve() not in visited:
        visited.add(agent.run.folder.resolve())
        yield from agent.model.recordings
        yield _own_recordings(agent.model.representation)
        if agent.job.start is None:
            return
        try:
            agent = load_agent(agent.job.start)
        except WrongInput:
            yield None
            return


def _own_recordings(representation: Loaded | Adopted) -> DataSet | None:
    """What a representation learnt from, where it still lies in its place, unchanged."""
    try:
        data = open_data(representation.own_data)
    except WrongInput:
        return None
    return data if data.fingerprint == representation.run.job().get("uses", {}).get("data") else None


def _actions(space: Any) -> str:
    return f"a box of {space.low.size} numbers" if space.count is None else f"{space.count} actions"
