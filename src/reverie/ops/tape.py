"""Tape: reverse accumulation of gradients in a page, to be read; the product itself uses torch's.

Source: Kochenderfer et al., Algorithms for Decision Making, appendix D.1, eq. D.5 and example D.2.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """A number of a computation, what it was computed from, and how it changes with each of these."""

    value: float
    name: str = ""
    parents: tuple["Node", ...] = ()
    slopes: tuple[float, ...] = ()
    """Derivative of this number by each parent."""
    gradient: float = field(default=0.0, init=False)
    """Derivative of the last number by this one, once `backward` has been called on the last."""

    def __add__(self, other: "Node | float") -> "Node":
        other = _node(other)
        return Node(self.value + other.value, "+", (self, other), (1.0, 1.0))

    def __sub__(self, other: "Node | float") -> "Node":
        other = _node(other)
        return Node(self.value - other.value, "-", (self, other), (1.0, -1.0))

    def __mul__(self, other: "Node | float") -> "Node":
        other = _node(other)
        return Node(self.value * other.value, "*", (self, other), (other.value, self.value))

    def squared(self) -> "Node":
        """The square of this number."""
        return Node(self.value**2, "square", (self,), (2.0 * self.value,))


def sine(node: Node) -> Node:
    """The sine of a number."""
    return Node(math.sin(node.value), "sin", (node,), (math.cos(node.value),))


def tanh(node: Node) -> Node:
    """The hyperbolic tangent of a number."""
    value = math.tanh(node.value)
    return Node(value, "tanh", (node,), (1.0 - value * value,))


def exponential(node: Node) -> Node:
    """The exponential of a number."""
    value = math.exp(node.value)
    return Node(value, "exp", (node,), (value,))


FUNCTIONS: dict[str, Callable[[Node], Node]] = {"sin": sine, "tanh": tanh, "exp": exponential}
"""Functions of one number by their names."""


def backward(last: Node) -> None:
    """Give every number its gradient: the sum over its uses of the use's gradient times the slope (D.5)."""
    order = ordered(last)
    for node in order:
        node.gradient = 0.0
    last.gradient = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.gradient += node.gradient * slope


def ordered(last: Node) -> Sequence[Node]:
    """All numbers that `last` depends on and itself, parents before children."""
    found: list[Node] = []
    seen: set[int] = set()
    waiting = [(last, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((parent, False) for parent in node.parents)
    return found


def written(last: Node) -> list[str]:
    """The computation line by line: name, value, gradient."""
    return [f"{node.name:<8} {node.value:>18,.6g} {node.gradient:>18,.6g}" for node in ordered(last)]


def _node(value: "Node | float") -> Node:
    return value if isinstance(value, Node) else Node(float(value), f"{value:g}")
