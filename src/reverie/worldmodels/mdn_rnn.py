"""Mixture-density recurrent network: an LSTM that predicts a mixture for the next code, a reward and an end.

422 368 parameters at 32 code units, 3 actions and 256 hidden units without the two heads; 1 678 785 at 64
units, 2 action columns and 512 hidden units with the head for the end; counted as the original counts, with
one bias a gate where torch keeps two. The hidden state starts anew with every episode, so that no column says
"restart". Departures: log-deviations are bounded, gradients are clipped by their norm, the weight of the rare
end is taken off its logit again, so that the end has the probability that it has in the recordings.
Source: Ha & Schmidhuber 2018, World Models, section 2.2, appendix A.2 and released code; Bishop 1994.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from reverie.core.representation import Losses, Player
from reverie.core.world_model import (
    Hidden,
    Noise,
    Precision,
    Prediction,
    Predictive,
    Sequences,
    Surroundings,
    WorldModel,
    WorldModelConfig,
)
from reverie.nn.recurrent import lstm_step
from reverie.ops.mixtures import choose, joint_mixture_log_prob, scattered, unit_mixture_log_prob

LOG_SCALE = (-7.0, 3.0)
"""Bounds of the log-deviations: no density without limit, and none that says nothing."""


@dataclass(frozen=True, kw_only=True)
class MDNRNNConfig(WorldModelConfig):
    """Mixture-density network on an LSTM."""

    hidden_size: int = 256
    """Width of the LSTM."""
    mixtures: int = 5
    """Normals in a mixture."""
    mixture: Literal["unit", "joint"] = "unit"
    """Whether every unit of the code has a mixture of its own, or one mixture chooses for all units."""
    reward_weight: float = 1.0
    """Weight of the squared error of the reward, in units of its variance; 0 has no head for it."""
    end_weight: float = 1.0
    """Weight of the cross-entropy of the end; 0 has no head for it."""
    end_emphasis: float = 10.0
    """How many times more an end counts than a step that goes on: ends are rare."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be."""
        self.check_positive("hidden_size", "mixtures", "end_emphasis")
        self.check_not_negative("reward_weight", "end_weight")

    def build(self, surroundings: Surroundings) -> WorldModel:
        """The network for codes and actions of these sizes."""
        return MDNRNN(self, surroundings)


@dataclass(frozen=True)
class UnitMixtures(Predictive):
    """A mixture for every unit of the code, independent of the others."""

    logits: Float[Tensor, "*batch code component"]
    location: Float[Tensor, "*batch code component"]
    log_scale: Float[Tensor, "*batch code component"]

    def sample(
        self, generator: torch.Generator | None, temperature: float = 1.0
    ) -> Float[Tensor, "*batch code"]:
        """A draw at random."""
        return self.draw(Noise.like(self.location[..., 0], generator), temperature)

    def draw(self, noise: Noise, temperature: float = 1.0) -> Float[Tensor, "*batch code"]:
        """Every unit from the component that its own number chose."""
        chosen = choose(self.logits, noise.choice, temperature).unsqueeze(-1)
        location, log_scale = self.location.gather(-1, chosen), self.log_scale.gather(-1, chosen)
        return scattered(location[..., 0], log_scale[..., 0], noise.spread, temperature)

    def log_prob(self, codes: Float[Tensor, "*batch code"]) -> Float[Tensor, "*batch"]:
        """Log-density, summed over units."""
        return unit_mixture_log_prob(codes, self.logits, self.location, self.log_scale).sum(-1)


@dataclass(frozen=True)
class JointMixture(Predictive):
    """One mixture of diagonal normals for the whole code: units move together."""

    logits: Float[Tensor, "*batch component"]
    location: Float[Tensor, "*batch code component"]
    log_scale: Float[Tensor, "*batch code component"]

    def sample(
        self, generator: torch.Generator | None, temperature: float = 1.0
    ) -> Float[Tensor, "*batch code"]:
        """A draw at random."""
        return self.draw(Noise.like(self.location[..., 0], generator), temperature)

    def draw(self, noise: Noise, temperature: float = 1.0) -> Float[Tensor, "*batch code"]:
        """All units from the component that the first unit's number chose."""
        chosen = choose(self.logits, noise.choice[..., 0], temperature)[..., None, None]
        chosen = chosen.expand(*self.location.shape[:-1], 1)
        location, log_scale = self.location.gather(-1, chosen), self.log_scale.gather(-1, chosen)
        return scattered(location[..., 0], log_scale[..., 0], noise.spread, temperature)

    def log_prob(self, codes: Float[Tensor, "*batch code"]) -> Float[Tensor, "*batch"]:
        """Log-density of the whole code."""
        return joint_mixture_log_prob(codes, self.logits, self.location, self.log_scale)


class MDNRNN(WorldModel):
    """The LSTM, one linear head for mixture, reward and end, and the scale of the rewards."""

    def __init__(self, config: MDNRNNConfig, surroundings: Surroundings) -> None:
        super().__init__()
        self.config = config
        self.code_size, self.action_size = surroundings.code_size, surroundings.action_size
        self.hidden_sizes = (config.hidden_size, config.hidden_size)
        self.lstm = nn.LSTM(self.code_size + self.action_size, config.hidden_size, batch_first=True)
        self.head = nn.Linear(config.hidden_size, sum(self._widths()))
        self.reward_scale: Tensor
        scale = torch.tensor([surroundings.reward_mean, surroundings.reward_deviation])
        self.register_buffer("reward_scale", scale)

    def _widths(self) -> tuple[int, int, int, int]:
        """Outputs for the choice of a component, for its normals, for the reward, for the end."""
        config = self.config
        choices = config.mixtures * (self.code_size if config.mixture == "unit" else 1)
        normals = 2 * config.mixtures * self.code_size
        return choices, normals, int(config.reward_weight > 0), int(config.end_weight > 0)

    def initial(self, batch: int) -> Hidden:
        """Zeros."""
        zeros = self.head.weight.new_zeros(batch, self.config.hidden_size)
        return zeros, zeros

    def step(
        self, hidden: Hidden, code: Float[Tensor, "batch code"], action: Float[Tensor, "batch action"]
    ) -> tuple[Hidden, Prediction]:
        """One step of the LSTM, and what its output says."""
        state = lstm_step(self.lstm, torch.cat((code, action), dim=1), (hidden[0], hidden[1]))
        return state, self._predict(state[0])

    def follow(
        self,
        hidden: Hidden,
        codes: Float[Tensor, "batch steps code"],
        actions: Float[Tensor, "batch steps action"],
    ) -> tuple[Hidden, Prediction]:
        """All steps in one call of the LSTM."""
        before = (hidden[0].unsqueeze(0).contiguous(), hidden[1].unsqueeze(0).contiguous())
        outputs, (last, cell) = self.lstm(torch.cat((codes, actions), dim=2), before)
        return (last[0], cell[0]), self._predict(outputs)

    def quick(self, precision: Precision = "float32") -> WorldModel:
        """The same with weights laid out for many steps."""
        from reverie.worldmodels._quick_mdn_rnn import QuickMDNRNN

        return QuickMDNRNN(self, precision)

    def players(self) -> Sequence[Player]:
        """One, who holds every parameter."""
        return [Player("world model", self.parameters, self.loss)]

    def loss(self, batch: Sequences, generator: torch.Generator | None) -> Losses:
        """Of every stretch, what its scored steps cost: nats per unit, reward, end.

        Each term is a sum over the stretch's scored steps, divided by the mean number of scored steps in the
        batch: averaged over the batch it is the cost of a step, and long stretches count for more.
        """
        codes = batch.codes(generator)
        _, prediction = self.follow(self.initial(len(batch)), codes[:, :-1], batch.actions)
        known = batch.scored & batch.seen
        # Not to be learnt, and whatever stands there is no reason for a gradient that is not a number.
        after = torch.where(known.unsqueeze(-1), codes[:, 1:], 0.0)
        nats = -prediction.code.log_prob(after) / self.code_size
        terms = {"code": _per_step(torch.where(known, nats, 0.0), known)}
        if self.config.reward_weight:
            wrong = (self._standard(prediction.reward) - self._standard(batch.rewards)).square()
            terms["reward"] = _per_step(torch.where(batch.scored, wrong, 0.0), batch.scored)
        if self.config.end_weight:
            missed = self._end_cost(prediction, batch)
            terms["end"] = _per_step(torch.where(batch.scored, missed, 0.0), batch.scored)
        weights = {"code": 1.0, "reward": self.config.reward_weight, "end": self.config.end_weight}
        return Losses(terms, {name: weights[name] for name in terms})

    def _end_cost(self, prediction: Prediction, batch: Sequences) -> Float[Tensor, "batch steps"]:
        emphasis = torch.tensor(self.config.end_emphasis, device=batch.ends.device)
        raw = prediction.end_logit + emphasis.log()
        return binary_cross_entropy_with_logits(raw, batch.ends, pos_weight=emphasis, reduction="none")

    def _standard(self, reward: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        return (reward - self.reward_scale[0]) / self.reward_scale[1].clamp_min(1e-8)

    def _predict(self, outputs: Float[Tensor, "*batch hidden"]) -> Prediction:
        choices, normals, reward, end = self.head(outputs).split(self._widths(), dim=-1)
        location, log_scale = rearrange(
            normals, "... (part code component) -> part ... code component", part=2, code=self.code_size
        )
        log_scale = log_scale.clamp(*LOG_SCALE)
        if self.config.mixture == "unit":
            logits = rearrange(choices, "... (code component) -> ... code component", code=self.code_size)
            code: Predictive = UnitMixtures(logits, location, log_scale)
        else:
            code = JointMixture(choices, location, log_scale)
        nothing = outputs.new_zeros(outputs.shape[:-1])
        expected = reward[..., 0] * self.reward_scale[1] if self.config.reward_weight else nothing
        raw = end[..., 0] - math.log(self.config.end_emphasis) if self.config.end_weight else nothing - 1e4
        return Prediction(code, expected + self.reward_scale[0], raw)


def _per_step(
    costs: Float[Tensor, "batch steps"], counted: Bool[Tensor, "batch steps"]
) -> Float[Tensor, " batch"]:
    return costs.sum(1) / counted.sum(1).float().mean().clamp_min(1.0)
