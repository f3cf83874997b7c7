"""Dreaming: a world model stepped on its own draws, many rows at once, without ever decoding a frame."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reverie.core.config import Config
from reverie.core.errors import WrongInput
from reverie.core.world_model import Actor, Hidden, Precision, Starts, WorldModel
from reverie.envs.dream_chance import CHUNK, Chance, StepChance

CROWD = 0.875
"""Share of living rows below which the dead ones are taken out of a tile."""


@dataclass(frozen=True, kw_only=True)
class DreamConfig(Config):
    """How is dreamt."""

    temperature: float = 1.0
    """How far draws stray: mixture logits are divided by it, deviations multiplied by its square root."""
    max_steps: int = 1000
    """Steps after which a dream is cut off."""
    precision: Precision = "float32"
    """Of the products of a step; state and draws are float32 always."""
    tile: int = 256
    """Rows that are dreamt together; memory and speed, and the last bits of sums, depend on it."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0 < self.temperature < float("inf"):
            raise WrongInput(f"temperature must be above 0, got {self.temperature}; 1 draws as M has learnt")
        for name in ("max_steps", "tile"):
            if getattr(self, name) < 1:
                raise WrongInput(f"{name} must be 1 or more, got {getattr(self, name)}")


@dataclass(frozen=True)
class Dreams:
    """How the dreams of each candidate went."""

    returns: Float[Tensor, "candidate dream"]
    """Sum of the rewards, that of the last step included."""
    lengths: Int64[Tensor, "candidate dream"]
    """Number of steps."""
    ended: Bool[Tensor, "candidate dream"]
    """Whether the world model ended it; the others were cut off."""


@dataclass(frozen=True)
class Moment:
    """Where some dreams are."""

    code: Float[Tensor, "batch code"]
    hidden: Hidden

    def at(self, rows: Int64[Tensor, " kept"]) -> "Moment":
        """Some of them."""
        return Moment(self.code[rows], tuple(part[rows] for part in self.hidden))


def advance(
    world_model: WorldModel,
    moment: Moment,
    action: Float[Tensor, "batch action"],
    *,
    chance: StepChance,
    temperature: float,
) -> tuple[Moment, Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """One step of every row: where it leads, its reward, and whether it ends the dream."""
    hidden, prediction = world_model.step(moment.hidden, moment.code, action)
    code = prediction.code.draw(chance.code, temperature)
    return Moment(code, hidden), prediction.reward, chance.end < prediction.end_logit.sigmoid()


@torch.no_grad()
def dream(
    world_model: WorldModel,
    starts: Starts,
    actor: Actor,
    config: DreamConfig,
    *,
    seed: int,
    population: int = 1,
    first: int = 0,
) -> Dreams:
    """Let every candidate of a population dream once from every start.

    `actor` acts for `population * len(starts)` rows: all dreams of the first candidate, then all of the next.
    The chance of dream number `first + i`, which begins at `starts[i]`, depends on the seed, that number and
    the step: all candidates meet the same, whoever else dreams and whichever dreams are already over.
    Rows are dreamt in tiles of `config.tile`. The same tile gives the same bits (same machine, one thread);
    in other company sums are taken in another order, and results agree as far as floats do.
    Raises WrongInput for actions of another size than the world model's, or that are not numbers.
    """
    count, quick = len(starts), world_model.quick(config.precision)
    dreams = range(first, first + count)
    rows = torch.arange(population * count, device=starts.mean.device)
    tiles = [
        _Tile(quick, starts, config, seed, dreams).run(actor.keep(tile), tile % count)
        for tile in rows.split(config.tile)
    ]
    returns, lengths, ended = (torch.cat(c).view(population, count) for c in zip(*tiles, strict=True))
    return Dreams(returns, lengths, ended)


def checked(action: Tensor, rows: int, size: int) -> Float[Tensor, "batch action"]:
    """The same actions. Raises WrongInput for another shape than (rows, size), and for what is no number."""
    if action.shape != (rows, size):
        raise WrongInput(
            f"actions of shape {tuple(action.shape)} do not fit the world model; "
            f"it takes {size} numbers for each of {rows} rows, so ({rows}, {size})"
        )
    if not bool(action.isfinite().all()):
        bad = action[~action.isfinite()][0].item()
        raise WrongInput(f"an action must be made of finite numbers, got {bad}; look at the actor's weights")
    return action


@dataclass(frozen=True)
class _Tile:
    """What is dreamt together."""

    world_model: WorldModel
    starts: Starts
    config: DreamConfig
    seed: int
    dreams: range

    def run(self, actor: Actor, places: Int64[Tensor, " row"]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns, lengths and ends of rows, of which each begins at its place among the starts."""
        starts, device = self.starts, places.device
        chance = Chance(len(starts), self.world_model.code_size, device)
        noise = torch.stack([chance.begin(self.seed, dream) for dream in self.dreams])
        first = starts.mean + starts.deviation * noise
        moment = Moment(first, starts.hidden).at(places)
        rows, alive = torch.arange(len(places), device=device), torch.ones_like(places, dtype=torch.bool)
        returns, lengths = torch.zeros(len(places), device=device), torch.zeros_like(places)
        ended = torch.zeros_like(alive)
        for step in range(self.config.max_steps):
            if step % CHUNK == 0:
                for place in places[rows[alive]].unique().tolist():
                    chance.load(place, self.seed, self.dreams[place], step)
            action = checked(actor.act(moment.code, moment.hidden), len(rows), self.world_model.action_size)
            now, temperature = chance.at(step, places[rows]), self.config.temperature
            moment, reward, over = advance(
                self.world_model, moment, action, chance=now, temperature=temperature
            )
            returns[rows] += reward * alive
            lengths[rows] += alive
            ended[rows] |= over & alive
            alive = alive & ~over
            left = int(alive.sum())
            if left == 0:
                break
            if left < CROWD * len(rows):
                kept = alive.nonzero()[:, 0]
                rows, alive, moment, actor = rows[kept], alive[kept], moment.at(kept), actor.keep(kept)
        return returns, lengths, ended
