"""CartPole: a pole on a cart; truth is its four state variables."""

from reverie.core.world import Factor
from reverie.envs.game import Game, observation_truth


def cart_pole() -> Game:
    """The game behind CartPole-v0 and -v1."""
    return Game(
        factors=(
            Factor("position", "m"),
            Factor("velocity", "m/s"),
            Factor("angle", "rad"),
            Factor("angular_velocity", "rad/s"),
        ),
        truth=observation_truth,
        lasting=True,
    )
