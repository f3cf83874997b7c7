"""The door to `reverie play`."""

import time
from collections.abc import Callable
from typing import Any

from reverie.cli.answer import Answer
from reverie.core.console import Console, counted
from reverie.core.errors import WrongInput


def play_door() -> Callable[..., Any]:
    """The door to `reverie play`."""

    from reverie.cli.terminal import check_terminal
    from reverie.verbs.play import PlayJob, Session, play

    def door(job: PlayJob, rate: float = 12.0):
        """Steer in the dream of a world model with the keyboard, watch a controller there, or play for real.

        Args:
            rate: Steps a second.
        """
        if not 0 < rate <= 1000:
            raise WrongInput(f"rate must be above 0 and at most 1000 steps a second, got {rate:g}")

        def call(console: Console) -> Answer:
            check_terminal()
            session: Session = play(job, console)
            try:
                _show(session, 1.0 / rate)
            except KeyboardInterrupt:
                return Answer(_told(session), _result(session), 130)
            finally:
                session.close()
            return Answer(_told(session), _result(session))

        return call

    return door


def _show(session: Any, span: float) -> None:
    """Draw, listen, step, until somebody quits."""
    from reverie.cli.terminal import draw, keys, screen

    shown, due = None, time.monotonic() + span
    with screen():
        while not session.closed:
            shown = draw(session.frame(), session.lines(), shown)
            for key in keys(due - time.monotonic()):
                session.press(key)
            if time.monotonic() >= due:
                session.tick()
                # A step that took too long is not made up for.
                due = max(due + span, time.monotonic())


def _result(session: Any) -> dict[str, Any]:
    return {"episodes": len(session.scores), "scores": session.scores}


def _told(session: Any) -> str:
    scores = session.scores
    best = f", the best with {max(scores):.4g}" if scores else ""
    return f"{counted(len(scores), 'episode')} played to the end{best}"
