"""Terminal: pictures of coloured half blocks and keys without return; it is left as it was found."""

import os
import re
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from reverie.core.console import printable
from reverie.core.errors import WrongInput

ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
"""Another screen, no cursor, nothing on it."""
LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"
HOME, CLEAR, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[2J", "\x1b[0m\x1b[K", "\x1b[0m\x1b[J"
BLOCK = "\N{UPPER HALF BLOCK}"
NAMES = {"A": "up", "B": "down", "C": "right", "D": "left"}
Shown = tuple[os.terminal_size, str]
"""What a screen shows, and how large it is."""
SMALLEST = 4
"""Fewest lines and columns in which a picture can be seen."""


def check_terminal() -> None:
    """Refuse, in one sentence, a place where nobody can press keys or see colours."""
    instead = "pictures and films need none: reverie look RUN"
    for name, stream in (("input", sys.stdin), ("output", sys.stdout)):
        if not stream.isatty():
            raise WrongInput(f"reverie play needs a terminal, and standard {name} is none; {instead}")
    try:
        BLOCK.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        raise WrongInput(
            f"reverie play draws with blocks, which {sys.stdout.encoding} has not; set PYTHONUTF8=1"
        ) from None
    try:
        import termios  # noqa: F401
    except ImportError:
        raise WrongInput(f"reverie play needs a terminal of Linux or macOS; {instead}") from None


@contextmanager
def screen() -> Iterator[None]:
    """Keys come one by one and a screen of its own is shown; afterwards everything is as before.

    That holds for an error, for Ctrl-C, and for signals that ask the process to end: they interrupt too.
    """
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        tty.setcbreak(keyboard)
        _never_suspended(keyboard)
        _write(ENTER)
        yield
    finally:
        _write(LEAVE)
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def keys(seconds: float) -> list[str]:
    """The keys that were pressed, the first of them within that time; "q" where nobody can press any."""
    keyboard = sys.stdin.fileno()
    if not select.select([keyboard], [], [], max(0.0, seconds))[0]:
        return []
    given = os.read(keyboard, 1024)
    return named(given.decode(errors="ignore")) if given else ["q"]


def named(text: str) -> list[str]:
    """Keys by name, from what a terminal sends for them; what is none of ours is left out."""
    found = re.findall(r"\x1b[\[O][0-9;]*([A-Za-z~])|(\x1b)|(.)", text, re.S)
    read = ((NAMES.get(arrow, "") if arrow else "" if escape else sign) for arrow, escape, sign in found)
    return ["space" if key == " " else key for key in read if key]


def draw(frame: np.ndarray, lines: Sequence[str], last: Shown | None) -> Shown:
    """Show a picture with words below, as large as the terminal is now; returns what is shown.

    Nothing is written where that is what was shown `last`; the screen is wiped where its size has changed.
    """
    # The terminal's own word: COLUMNS and LINES, where a shell exports them, do not follow its size.
    size = os.get_terminal_size(sys.stdout.fileno())
    shown = size, page(frame, lines, size)
    if shown != last:
        wipe = "" if last is not None and size == last[0] else CLEAR
        _write(wipe + HOME + shown[1] + REST_OF_SCREEN)
    return shown


def page(frame: np.ndarray, lines: Sequence[str], size: os.terminal_size) -> str:
    """A picture with words below, for a terminal of a size; what does not fit is left out."""
    words = [printable(line)[: size.columns - 1] for line in lines[: size.lines]]
    rows = size.lines - len(words)
    drawn = blocks(frame, size.columns, rows) if min(rows, size.columns) >= SMALLEST else []
    return f"{REST_OF_LINE}\n".join([*drawn, *words])


def blocks(frame: np.ndarray, columns: int, rows: int) -> list[str]:
    """A picture as lines of half blocks, two pixels in each, as large as fits without changing its shape."""
    pixels = _fitted(_colours(frame), columns, 2 * rows)
    if len(pixels) % 2:
        pixels = np.concatenate((pixels, np.zeros_like(pixels[:1])))
    lines = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        parts, before = [], None
        for pair in np.concatenate((upper, lower), axis=1).tolist():
            if pair != before:
                parts.append("\x1b[38;2;{};{};{};48;2;{};{};{}m".format(*pair))
                before = pair
            parts.append(BLOCK)
        lines.append("".join(parts))
    return lines


def _fitted(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture at the largest size inside: sharp where it is enlarged, mean colours where it shrinks."""
    share = min(width / pixels.shape[1], height / pixels.shape[0])
    size = max(1, int(pixels.shape[1] * share)), max(1, int(pixels.shape[0] * share))
    way = Image.Resampling.NEAREST if share >= 1 else Image.Resampling.BOX
    return np.asarray(Image.fromarray(pixels).resize(size, way))


def _colours(frame: np.ndarray) -> np.ndarray:
    """RGB of a frame; of stacked ones the latest."""
    channels = frame.shape[2]
    latest = frame[..., -3:] if channels % 3 == 0 else np.repeat(frame[..., -1:], 3, axis=2)
    return np.ascontiguousarray(latest)


def _never_suspended(keyboard: int) -> None:
    """Ctrl-Z would leave a strange screen to the shell."""
    import termios

    settings = termios.tcgetattr(keyboard)
    settings[6][termios.VSUSP] = b"\x00"
    termios.tcsetattr(keyboard, termios.TCSANOW, settings)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
