"""Pilot: a trained controller as a policy that is shown frames, so that what it meets can be recorded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reverie.core.world import ActionSpace, World
from reverie.core.world_model import encode_actions
from reverie.envs.coded import CodedWorlds, Sight, decode_actions
from reverie.verbs._coded import check_world
from reverie.verbs.load_agent import LoadedAgent, load_agent


def pilot(run: Path, world: World, env: str, epsilon: float) -> "Pilot":
    """The controller of a run, for a world; WrongInput where the world's frames or actions do not fit it."""
    agent = load_agent(run)
    check_world(agent, world, env)
    return Pilot(agent, world.action_space, epsilon)


def pilot_source(run: Path, epsilon: float) -> dict[str, Any]:
    """What a manifest says of who acted: the controller by its checksum, wherever its run lies."""
    agent = load_agent(run)
    sums = agent.run.result()["sha256"]
    return {"word": "run", "method": agent.run.job()["job"].get("method"), "sha256": sums, "epsilon": epsilon}


@dataclass(frozen=True)
class Pilot:
    """Sees frames through the representation, remembers with the world model, acts by the controller."""

    agent: LoadedAgent
    action_space: ActionSpace
    epsilon: float
    """Share of the steps that take a uniform action instead."""

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action for a frame as bytes; hidden is what the episode has shown so far."""
        model = self.agent.model
        so_far: CodedWorlds = hidden or CodedWorlds(
            Sight(model.representation.representation, model.world_model), [generator]
        )
        instant = so_far.see([observation])
        with torch.no_grad():
            encoded = self.agent.actor(1).act(instant.code, instant.hidden)
        action = decode_actions(self.action_space, encoded)[0]
        if self.epsilon and generator.random() < self.epsilon:
            action = self.action_space.sample(generator)
        so_far.remember(instant, encode_actions(self.action_space, np.asarray(action)[None]))
        return action, so_far
