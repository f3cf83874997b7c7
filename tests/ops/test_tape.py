"""The tape against numbers worked by hand and against torch."""

import pytest

from reverie.core.console import QUIET
from reverie.ops.tape import FUNCTIONS, Node, backward, ordered, written
from reverie.studies.worked_gradient import BY_HAND, GRADIENT, WorkedGradientConfig, house, mini_batches


def test_the_example_of_the_textbook_to_the_last_digit():
    numbers, first, slope = house(10_000.0, 123.0)
    backward(numbers["loss"])
    assert {name: node.value for name, node in numbers.items()} == BY_HAND
    assert (first.gradient, slope.gradient) == GRADIENT == (-85_000.0, -2.125e8)
    assert numbers["c2"].gradient == -85_000.0


def test_a_number_that_is_used_twice_gets_both_gradients():
    """x * x + x at 3 has the derivative 7."""
    x = Node(3.0)
    backward(x * x + x)
    assert x.gradient == 7.0


def test_going_back_twice_does_not_add_up():
    x = Node(2.0)
    last = x.squared() - 1.0
    backward(last)
    backward(last)
    assert x.gradient == 4.0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes_are_those_of_small_differences(name):
    function, step = FUNCTIONS[name], 1e-6
    x = Node(0.3)
    backward(function(x))
    rise = function(Node(0.3 + step)).value - function(Node(0.3 - step)).value
    assert x.gradient == pytest.approx(rise / (2 * step), rel=1e-8)


def test_a_computation_is_written_with_parents_first():
    x = Node(2.0, "x")
    last = x * x
    assert [node.name for node in ordered(last)] == ["x", "*"]
    backward(last)
    assert written(last)[0].split() == ["x", "2", "4"]


def test_long_chains_do_not_exhaust_the_stack():
    node = first = Node(1.0)
    for _ in range(5000):
        node = node + 1.0
    backward(node)
    assert first.gradient == 1.0


def test_the_study_passes_and_would_fail(tmp_path):
    study = WorkedGradientConfig()
    result = study.one_seed(7, tmp_path, QUIET)
    assert study.verdict([result]).status == "passed"
    for key, value in {"tape": 1e-6, "mini_batches": 1e-3, "by_hand": 1.0, "after": 2e9}.items():
        assert study.verdict([result | {key: value}]).status == "failed"


def test_one_mini_batch_is_not_the_full_gradient():
    found = mini_batches(3)
    assert found["one_batch"] > 1e6 * found["mini_batches"]
