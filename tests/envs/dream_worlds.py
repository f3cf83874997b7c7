"""Worlds small enough to be worked by hand, and controllers for them."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from reverie.core.world_model import Noise, Prediction, Predictive, Starts, WorldModel


@dataclass(frozen=True)
class Normal(Predictive):
    """Normal with one deviation for all units."""

    location: torch.Tensor
    deviation: float

    def draw(self, noise, temperature=1.0):
        return self.location + math.sqrt(temperature) * self.deviation * noise.spread

    def sample(self, generator, temperature=1.0):
        return self.draw(Noise.like(self.location, generator), temperature)

    def log_prob(self, codes):
        return torch.distributions.Normal(self.location, self.deviation).log_prob(codes).sum(-1)


class Line(WorldModel):
    """z' = z + a with noise; h' = h + z + a; reward: sum of z plus ten times a; ends with `end_logit`."""

    code_size, action_size, hidden_sizes = 2, 2, (2,)

    def __init__(self, deviation=0.0, end_logit=-1e4, slope=0.0):
        super().__init__()
        self.deviation, self.end_logit, self.slope = deviation, end_logit, slope
        self.steps = []
        self.parameter = nn.Parameter(torch.zeros(()))

    def initial(self, batch):
        return (torch.zeros(batch, 2),)

    def step(self, hidden, code, action):
        self.steps.append(len(code))
        end = self.end_logit + self.slope * code.sum(1)
        after = Prediction(Normal(code + action, self.deviation), code.sum(1) + 10 * action.sum(1), end)
        return (hidden[0] + code + action,), after

    def follow(self, hidden, codes, actions):
        raise NotImplementedError

    def players(self):
        return []


class Constant:
    """The same action in every row, whatever is seen; a row for each candidate and dream."""

    def __init__(self, actions):
        self.actions = actions

    def act(self, code, hidden):
        return self.actions

    def keep(self, rows):
        return Constant(self.actions[rows])


class Linear:
    """Each candidate's own matrix of what is seen."""

    def __init__(self, weights, rows):
        self.weights, self.rows = weights, rows

    @staticmethod
    def population(weights, dreams):
        return Linear(weights, torch.arange(len(weights)).repeat_interleave(dreams))

    def act(self, code, hidden):
        seen = torch.cat((code, *hidden), 1)
        return torch.tanh(torch.einsum("bi,bio->bo", seen, self.weights[self.rows]))

    def keep(self, rows):
        return Linear(self.weights, self.rows[rows])


def starts(count, size=2, hidden=2, deviation=0.0):
    generator = torch.Generator().manual_seed(1)
    mean = torch.empty(count, size).normal_(generator=generator)
    memory = torch.empty(count, hidden).normal_(generator=generator)
    return Starts(mean, torch.full_like(mean, deviation), (memory,))


def linear_population(candidates, inputs, outputs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.empty(candidates, inputs, outputs).normal_(generator=generator) * 0.3
