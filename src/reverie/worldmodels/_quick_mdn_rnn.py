"""The mixture-density recurrent network again, for dreaming only: the same numbers in fewer passes.

Gates and mixture parameters are each one product with weights that were laid out for it beforehand, biases
merged; tanh is taken as a sigmoid, together with the gates; components lie side by side, so that a draw reads
whole rows. In bfloat16 only these products are rounded; the state, the draws, reward and end are float32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from reverie.core.representation import Player
from reverie.core.world_model import Hidden, Noise, Precision, Prediction, Predictive, WorldModel
from reverie.worldmodels.mdn_rnn import LOG_SCALE, MDNRNN, JointMixture, UnitMixtures


class _Product:
    """Inputs times fixed weights, plus a bias."""

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._weight, self._bias = weight.detach().to(dtype).contiguous(), bias.detach().to(dtype)
        self._packed: Tensor | None = None
        if weight.device.type == "cpu" and torch.backends.mkldnn.is_available():
            try:
                self._packed = torch.ops.mkldnn._reorder_linear_weight(self._weight, None)
            except (AttributeError, RuntimeError):  # a build of torch without this layout
                self._packed = None

    def __call__(self, inputs: Float[Tensor, "batch input"]) -> Float[Tensor, "batch output"]:
        inputs = inputs.to(self._dtype)
        if self._packed is None:
            return linear(inputs, self._weight, self._bias)
        return torch.ops.mkldnn._linear_pointwise(inputs, self._packed, self._bias, "none", [], "")


@dataclass(frozen=True)
class QuickMixtures(Predictive):
    """Mixtures whose components lie side by side; one choice for each unit, or one for all."""

    logits: Float[Tensor, "batch component choice"]
    location: Float[Tensor, "batch component code"]
    log_scale: Float[Tensor, "batch component code"]
    """As the network said it, without bounds."""

    def draw(self, noise: Noise, temperature: float = 1.0) -> Float[Tensor, "batch code"]:
        """The draw of the plain network, up to rounding."""
        choices = self.logits.shape[2]
        weights = (self.logits - self.logits.amax(1, keepdim=True)).mul_(1 / temperature).exp_()
        borders = weights.cumsum(1)
        mark = (1.0 - noise.choice[:, None, :choices]).mul_(borders[:, -1:])
        chosen = (mark > borders[:, :-1]).sum(1, keepdim=True).expand(-1, 1, self.location.shape[2])
        location, log_scale = self.location.gather(1, chosen), self.log_scale.gather(1, chosen)
        deviation = log_scale[:, 0].clamp(*LOG_SCALE).exp_().mul_(math.sqrt(temperature))
        return torch.addcmul(location[:, 0], deviation, noise.spread)

    def sample(
        self, generator: torch.Generator | None, temperature: float = 1.0
    ) -> Float[Tensor, "batch code"]:
        """A draw at random."""
        return self.draw(Noise.like(self.location[:, 0], generator), temperature)

    def log_prob(self, codes: Float[Tensor, "batch code"]) -> Float[Tensor, " batch"]:
        """Log-density of the plain network."""
        log_scale = self.log_scale.clamp(*LOG_SCALE).mT
        if self.logits.shape[2] == 1:
            return JointMixture(self.logits[..., 0], self.location.mT, log_scale).log_prob(codes)
        return UnitMixtures(self.logits.mT, self.location.mT, log_scale).log_prob(codes)


class QuickMDNRNN(WorldModel):
    """A fitted network laid out for many steps; later changes of its weights are not seen."""

    def __init__(self, model: MDNRNN, precision: Precision) -> None:
        super().__init__()
        self._model = (model,)  # no part of this module: its weights stand twice otherwise
        self._dtype = torch.float32 if precision == "float32" else torch.bfloat16
        self.code_size, self.action_size = model.code_size, model.action_size
        self.hidden_sizes = model.hidden_sizes
        self._gates = _Product(*_gate_weights(model), self._dtype)
        self._head = _Product(*_head_weights(model), self._dtype)
        self._reward = [float(number) for number in model.reward_scale]

    def initial(self, batch: int) -> Hidden:
        """Zeros."""
        return self._model[0].initial(batch)

    def step(
        self, hidden: Hidden, code: Float[Tensor, "batch code"], action: Float[Tensor, "batch action"]
    ) -> tuple[Hidden, Prediction]:
        """The step of the plain network, up to rounding."""
        gates = self._gates(torch.cat((code, action, hidden[0]), 1)).float().sigmoid_()
        enter, forget, show, proposal = gates.chunk(4, 1)
        cell = (forget * hidden[1]).addcmul_(enter, proposal, value=2).sub_(enter)
        half = torch.mul(cell, 2).sigmoid_().sub_(0.5)  # half of tanh
        output = torch.mul(show, half).mul_(2)
        return (output, cell), self._predict(self._head(output).float())

    def follow(
        self,
        hidden: Hidden,
        codes: Float[Tensor, "batch steps code"],
        actions: Float[Tensor, "batch steps action"],
    ) -> tuple[Hidden, Prediction]:
        """What the plain network does: here nothing is dreamt."""
        return self._model[0].follow(hidden, codes, actions)

    def players(self) -> Sequence[Player]:
        """Nobody learns."""
        return ()

    def _predict(self, raw: Float[Tensor, "batch output"]) -> Prediction:
        config = self._model[0].config
        parts, size = config.mixtures, self.code_size
        choices = size if config.mixture == "unit" else 1
        logits, location, log_scale, others = raw.split(
            (parts * choices, parts * size, parts * size, raw.shape[1] - parts * (choices + 2 * size)), 1
        )
        code = QuickMixtures(
            logits.unflatten(1, (parts, choices)),
            location.unflatten(1, (parts, size)),
            log_scale.unflatten(1, (parts, size)),
        )
        mean, scale = self._reward
        nothing = raw.new_zeros(len(raw))
        reward = others[:, 0] * scale + mean if config.reward_weight else nothing + mean
        end = others[:, -1] - math.log(config.end_emphasis) if config.end_weight else nothing - 1e4
        return Prediction(code, reward, end)


def _gate_weights(model: MDNRNN) -> tuple[Tensor, Tensor]:
    """Weights of code, action and output; gates in the order enter, forget, show, proposal.

    The proposal's are doubled: tanh(x) = 2 sigmoid(2 x) - 1.
    """
    weight = torch.cat([model.lstm.get_parameter(f"weight_{part}_l0") for part in ("ih", "hh")], 1)
    bias = model.lstm.get_parameter("bias_ih_l0") + model.lstm.get_parameter("bias_hh_l0")
    enter, forget, proposal, show = range(4)
    factors = {enter: 1.0, forget: 1.0, show: 1.0, proposal: 2.0}
    weights, biases = weight.chunk(4), bias.chunk(4)
    return (
        torch.cat([factor * weights[gate] for gate, factor in factors.items()]),
        torch.cat([factor * biases[gate] for gate, factor in factors.items()]),
    )


def _head_weights(model: MDNRNN) -> tuple[Tensor, Tensor]:
    """Weights of the head, component by component instead of unit by unit."""
    config, size = model.config, model.code_size
    choices = size if config.mixture == "unit" else 1
    total, rows, start = len(model.head.weight), [], 0
    for width in (choices, size, size):
        part = torch.arange(start, start + width * config.mixtures).view(width, config.mixtures)
        rows.append(part.T.flatten())
        start += width * config.mixtures
    order = torch.cat([*rows, torch.arange(start, total)]).to(model.head.weight.device)
    return model.head.weight[order], model.head.bias[order]
