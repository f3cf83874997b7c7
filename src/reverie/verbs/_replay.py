"""Whether an environment can play recordings again, and with which seeds."""

from typing import Any

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.data.exchange import Replay
from reverie.data.store import DataSet
from reverie.envs.game import reset_seed
from reverie.envs.replaying import Replayer


def replay_of(data: DataSet) -> Replay:
    """The seeds with which the episodes are played again; the first of them was, to make sure.

    Raises WrongInput, with the reason, where an environment cannot.
    """
    source: Any = data.manifest.source
    world, seed = source.get("world"), source.get("seed")
    if not isinstance(world, dict) or type(seed) is not int or seed < 0 or not len(data):
        raise WrongInput("they do not tell environment and seed")
    if source.get("stride") != 1:
        raise WrongInput("actions between the kept frames are not recorded; capture with --stride 1")
    seeds = [reset_seed(numpy_generator(seed, "episode", index)) for index in range(len(data))]
    player = Replayer(world)
    try:
        player.check(data[0], seeds[0])
        return Replay(spec=player.spec, seeds=seeds, first_action=player.first_action)
    finally:
        player.close()
