"""Open loop: a recorded stretch of an episode, and what a world model dreams in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.errors import WrongInput
from reverie.core.lens import OpenLoop
from reverie.core.representation import EncoderOnly, Representation
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.core.world_model import WorldModel, encode_actions
from reverie.data.batches import to_frames
from reverie.data.store import DataSet
from reverie.envs.dream import Moment, advance
from reverie.envs.dream_chance import CHUNK, Chance
from reverie.verbs._recorded import kept_apart
from reverie.verbs.codes import belief
from reverie.verbs.load_model import WARM_UP, LoadedModel

BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which stretch, and how it is dreamt."""

    steps: int
    """Most steps that are dreamt."""
    temperatures: Sequence[float]
    seed: int


@dataclass(frozen=True)
class Stretch:
    """A stretch of recorded steps: rows of its data set, and where they are from."""

    data: DataSet = field(repr=False)
    rows: slice
    """One more than steps."""
    warm_up: int
    source: str


def open_loop(loaded: LoadedModel, plan: Plan) -> OpenLoop:
    """Dream on from a recorded stretch, held out where episodes were, under its own actions.

    The world model sees up to `WARM_UP` recorded frames, or a third of the stretch; all temperatures meet
    the same chance. Raises WrongInput where the run's representation decodes nothing.
    """
    representation = loaded.representation.representation
    if isinstance(representation, EncoderOnly):
        raise WrongInput(
            f"the representation {loaded.representation.run.folder} decodes nothing, so dreams cannot be seen"
        )
    stretch = choose(loaded, plan)
    real = to_frames(np.array(stretch.data.pixels[stretch.rows]))
    mean, deviation = belief(representation, real)
    noise = torch.empty_like(mean).normal_(generator=torch_generator(plan.seed, "look", "codes"))
    seen = mean + deviation * noise
    rebuilt = _decoded(representation, mean)
    actions = encode_actions(loaded.action_space, stretch.data.actions[stretch.rows][:-1])
    dreamt, ends = {}, {}
    for heat in plan.temperatures:
        codes, end = dream_on(loaded.world_model, seen[: stretch.warm_up + 1], actions, (heat, plan.seed))
        after = _decoded(representation, codes)
        dreamt[heat] = torch.cat((rebuilt[: stretch.warm_up + 1], after))
        ends[heat] = end
    return OpenLoop(real, rebuilt, dreamt, ends, stretch.warm_up, stretch.source)


def choose(loaded: LoadedModel, plan: Plan) -> Stretch:
    """A stretch at random; from one of the longest episodes where none is as long as wanted."""
    conditions, data = loaded.job.conditions, loaded.data
    learnt, held = kept_apart(data, conditions.validation, conditions.seed)
    kind, episodes = ("held-out episode", held) if len(held) else ("episode (learnt from)", learnt)
    steps = {int(index): data.manifest.episodes[index].steps for index in episodes}
    longest = max(steps.values())
    warm_up = min(WARM_UP, longest // 3)
    wanted = min(warm_up + plan.steps, longest)
    if wanted < 1:
        raise WrongInput(f"the episodes of {data.path} that could be shown have no steps")
    generator = numpy_generator(plan.seed, "look", "stretch")
    index = int(generator.choice([episode for episode, length in steps.items() if length >= wanted]))
    begin = int(generator.integers(steps[index] - wanted + 1))
    first = data.manifest.episodes[index].rows.start + begin
    source = f"{kind} {index}, step {begin + warm_up} on"
    return Stretch(data, slice(first, first + wanted + 1), warm_up, source)


@torch.no_grad()
def dream_on(
    model: WorldModel,
    seen: Float[Tensor, "seen code"],
    actions: Float[Tensor, "steps action"],
    chance: tuple[float, int],
) -> tuple[Float[Tensor, "dreamt code"], int | None]:
    """Codes dreamt after those that were seen, and the frame at which the world model ends the dream.

    `actions[t]` is taken at frame t; `chance` is the temperature and the seed. The dream goes on after
    its end, as the recording does.
    """
    (temperature, seed), warm_up = chance, len(seen) - 1
    hidden = model.initial(1)
    if warm_up:
        hidden, _ = model.follow(hidden, seen[None, :-1], actions[None, :warm_up])
    moment, end, codes = Moment(seen[-1:], hidden), None, []
    held, place = Chance(1, model.code_size), torch.zeros(1, dtype=torch.int64)
    for step in range(len(actions) - warm_up):
        if step % CHUNK == 0:
            held.load(0, seed, 0, step)
        action = actions[None, warm_up + step]
        moment, _, over = advance(model, moment, action, chance=held.at(step, place), temperature=temperature)
        codes.append(moment.code)
        if end is None and bool(over):
            end = warm_up + step + 1
    return torch.cat(codes) if codes else seen[:0], end


@torch.no_grad()
def _decoded(representation: Representation, codes: Tensor) -> Tensor:
    """Frames of codes, in [0, 1]."""
    if not len(codes):
        return torch.empty(0)
    return torch.cat([representation.decode(part).clamp(0, 1) for part in codes.split(BATCH)])
