"""One step of our LSTM is one step of torch's."""

import torch
from torch import nn

from reverie.nn.recurrent import lstm_step


def test_steps_in_a_row_are_the_sequence():
    torch.manual_seed(0)
    lstm = nn.LSTM(5, 8, batch_first=True)
    inputs = torch.randn(3, 6, 5)
    outputs, (last, cell) = lstm(inputs)
    state = (torch.zeros(3, 8), torch.zeros(3, 8))
    for step in range(6):
        state = lstm_step(lstm, inputs[:, step], state)
        torch.testing.assert_close(state[0], outputs[:, step])
    torch.testing.assert_close(state, (last[0], cell[0]))
