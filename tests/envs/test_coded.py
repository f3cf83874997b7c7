"""Coded worlds: what who acts is told and what the world model sees, by hand for each way of seeing."""

import numpy as np
import pytest
import torch
from dream_worlds import Line

from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import EncoderOnly
from reverie.core.world import ActionSpace
from reverie.envs.coded import CodedWorlds, Sight, decode_actions


class Corner(EncoderOnly):
    """The code of a frame is its two bytes of the first pixel, believed with one deviation."""

    code_size = 2

    def __init__(self, deviation=0.5):
        super().__init__()
        self.variance = 2 * np.log(deviation)

    def encode(self, frames):
        corner = (frames[:, :, 0, 0] * 255).round()
        return DiagonalGaussian(corner, torch.full_like(corner, self.variance))

    def players(self):
        return ()


STILL = torch.zeros(3, 2)


def frames(*corners):
    return [np.array([[corner]], dtype=np.uint8) for corner in corners]


def worlds(count=3, seed=0, **choices):
    sight = Sight(Corner(), Line(), **{"codes": "mean", **choices})
    return CodedWorlds(sight, [np.random.default_rng([seed, number]) for number in range(count)])


def told(coded, *steps):
    """Codes and memories that who acts is told, step by step; it takes no action, which adds nothing."""
    for corners in steps:
        instant = coded.see(frames(*corners))
        known = coded.known(instant)
        yield known.code.tolist(), known.hidden[0].tolist()
        coded.remember(instant, STILL[: len(corners)])


FIRST, SECOND = ((1, 2), (10, 20), (100, 200)), ((3, 4), (30, 40), (5, 6))


def rows(*corners):
    return [list(map(float, corner)) for corner in corners]


NOTHING = rows((0, 0), (0, 0), (0, 0))


def test_whole_sight_is_the_own_code_and_the_sum_of_those_before():
    assert list(told(worlds(), FIRST, SECOND)) == [(rows(*FIRST), NOTHING), (rows(*SECOND), rows(*FIRST))]


def test_shuffled_codes_are_those_of_the_neighbour_in_sight_and_in_memory():
    turned = [rows(*step[1:], step[0]) for step in (FIRST, SECOND)]
    found = list(told(worlds(shown="shuffled"), FIRST, SECOND))
    assert found == [(turned[0], NOTHING), (turned[1], turned[0])]


def test_shuffled_codes_close_the_ring_when_a_world_is_over():
    coded = worlds(shown="shuffled")
    list(told(coded, FIRST))
    coded.keep([0, 2])
    assert next(told(coded, ((3, 4), (5, 6)))) == (rows((5, 6), (3, 4)), rows((10, 20), (1, 2)))


def test_a_world_left_alone_sees_moments_of_its_own_past_in_any_order():
    coded = worlds(shown="shuffled")
    list(told(coded, FIRST))
    coded.keep([2])
    own = [(100, 200), *((moment, moment) for moment in range(1, 60))]
    seen = [code[0] for code, _ in told(coded, *([corner] for corner in own[1:]))]
    for number, code in enumerate(seen):
        assert code in rows(*own[: number + 2]), "of this world, and not of what is still to come"
    assert len({tuple(code) for code in seen}) > 20 and seen != rows(*own[1:])


def test_no_codes_are_zeros_for_who_acts_while_memory_goes_on():
    assert list(told(worlds(shown="none"), FIRST, SECOND)) == [(NOTHING, NOTHING), (NOTHING, rows(*FIRST))]


def test_no_memory_is_the_beginning_for_who_acts_while_codes_go_on():
    coded = worlds(remembers=False)
    assert list(told(coded, FIRST, SECOND)) == [(rows(*FIRST), NOTHING), (rows(*SECOND), NOTHING)]
    assert coded.see(frames(*FIRST)).hidden[0].tolist() == (np.array(FIRST) + SECOND).tolist()


def test_a_view_changes_frames_before_they_are_encoded():
    coded = worlds(view=lambda frame: 255 - frame)
    assert next(told(coded, FIRST))[0] == rows((254, 253), (245, 235), (155, 55))


def test_actions_are_remembered_with_the_codes():
    coded = worlds()
    coded.remember(coded.see(frames(*FIRST)), torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    assert coded.see(frames(*SECOND)).hidden[0].tolist() == rows((2, 2), (10, 21), (100, 200))


def test_codes_are_drawn_from_the_belief_by_the_generator_of_their_world():
    """Deviation 1/2 around 100 in 4000 draws; standard errors 0.0056 of the mean, 0.004 of the deviation."""
    sight = Sight(Corner(0.5), Line())
    coded = CodedWorlds(sight, [np.random.default_rng([7, number]) for number in range(4000)])
    drawn = coded.see(frames(*[(100, 100)] * 4000)).code.numpy()
    assert drawn.mean() == pytest.approx(100, abs=0.03) and drawn.std() == pytest.approx(0.5, abs=0.02)
    alone = CodedWorlds(sight, [np.random.default_rng([7, 5])]).see(frames((100, 100))).code.numpy()
    assert (alone[0] == drawn[5]).all(), "whoever plays beside it"


def test_actions_are_the_largest_or_what_lies_in_the_box():
    three = ActionSpace(count=3)
    assert decode_actions(three, torch.tensor([[0.1, 0.9, 0.3], [2.0, -1.0, 0.0]])) == [1, 0]
    box = ActionSpace(count=None, low=np.array([-1, 0], np.float32), high=np.array([1, 1], np.float32))
    found = decode_actions(box, torch.tensor([[-3.0, 0.5], [0.25, 4.0]]))
    assert np.stack(found).tolist() == [[-1.0, 0.5], [0.25, 1.0]]
