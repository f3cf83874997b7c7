"""Recurrent cells, one step at a time."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

LSTMState = tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"]]


def lstm_step(lstm: nn.LSTM, inputs: Float[Tensor, "batch input"], state: LSTMState) -> LSTMState:
    """The state (h, c) of a one-layer LSTM after one more input, without the machinery for sequences.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates in torch's order.
    """
    hidden, cell = state
    seen, remembered, seen_bias, remembered_bias = lstm.all_weights[0]
    gates = linear(inputs, seen, seen_bias) + linear(hidden, remembered, remembered_bias)
    enter, forget, proposal, show = gates.chunk(4, dim=1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(proposal)
    return torch.sigmoid(show) * torch.tanh(cell), cell
