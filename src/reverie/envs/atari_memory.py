"""Atari memory: what single bytes of the console mean, game by game.

Source: Anand et al. 2019, "Unsupervised State Representation Learning in Atari" (AtariARI), corrected and
extended where pixels and rewards of the Arcade Learning Environment say otherwise: in Breakout byte 77 counts
points, not bricks; in Space Invaders byte 16 tells the rows, and bytes 81 to 87 the shots. Each place is
tested against the drawn object. Points have hexadecimal digits that are read as decimal ones.
"""

from reverie.core.world import Factor

POINTS = "points in hexadecimal digits"

MEMORY: dict[str, dict[int, Factor]] = {
    "pong": {
        13: Factor("enemy_points", "points"),
        14: Factor("player_points", "points"),
        49: Factor("ball_x", "pixels"),
        50: Factor("enemy_y", "pixels"),
        51: Factor("player_y", "pixels"),
        54: Factor("ball_y", "pixels"),
    },
    "breakout": {
        57: Factor("lives", "count"),
        72: Factor("player_x", "pixels"),
        76: Factor("hundreds_of_points", "100 points"),
        77: Factor("points", POINTS),
        99: Factor("ball_x", "pixels"),
        101: Factor("ball_y", "pixels"),
    },
    "space_invaders": {
        16: Factor("invaders_y", "2 pixels"),
        17: Factor("invaders_left", "count"),
        26: Factor("invaders_x", "pixels"),
        28: Factor("player_x", "pixels"),
        73: Factor("lives", "count"),
        81: Factor("first_shot_y", "2 pixels"),
        82: Factor("second_shot_y", "2 pixels"),
        83: Factor("first_shot_x", "pixels"),
        84: Factor("second_shot_x", "pixels"),
        85: Factor("players_shot_y", "2 pixels"),
        87: Factor("players_shot_x", "pixels"),
        102: Factor("hundreds_of_points", "100 points in hexadecimal digits"),
        104: Factor("points", POINTS),
    },
    "boxing": {
        16: Factor("minutes", "min"),
        17: Factor("seconds", "s in hexadecimal digits"),
        18: Factor("player_points", POINTS),
        19: Factor("enemy_points", POINTS),
        32: Factor("player_x", "pixels"),
        33: Factor("enemy_x", "pixels"),
        34: Factor("player_y", "pixels"),
        35: Factor("enemy_y", "pixels"),
    },
    "freeway": {
        14: Factor("player_y", "pixels upwards"),
        103: Factor("points", POINTS),
        **{117 - lane: Factor(f"car_{lane + 1:02d}_x", "pixels") for lane in range(10)},
    },
}
"""Bytes with a meaning by game; cars are counted from the top of the screen."""


def factors_of(game: str) -> tuple[Factor, ...]:
    """The 128 bytes of a game's memory: by their names where they have one, else ram_000 to ram_127."""
    known = MEMORY.get(game, {})
    return tuple(known.get(byte, Factor(f"ram_{byte:03d}", "byte")) for byte in range(128))
