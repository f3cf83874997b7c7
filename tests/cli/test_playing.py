"""Playing in a real terminal: frames change, keys arrive, and the terminal is left as it was found."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from reverie.cli import main
from reverie.cli.terminal import BLOCK, ENTER, LEAVE, blocks, named, page

PATIENCE = 120.0


class Seat:
    """A process in front of a pseudo-terminal: what it has written, and keys for it."""

    def __init__(self, words: list[str]) -> None:
        self.mine, self.its = pty.openpty()
        self.resize(24, 60)
        self.before = termios.tcgetattr(self.its)
        environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "OMP_NUM_THREADS": "1", "TERM": "xterm"}
        environment |= {"PYTHONUTF8": "1", "COLUMNS": "80", "LINES": "24"}  # as a shell may export them
        command = [sys.executable, "-m", "reverie", *words]
        self.process = subprocess.Popen(
            command, env=environment, start_new_session=True, stdin=self.its, stdout=self.its, stderr=self.its
        )
        # An interrupted process may leave half a sign.
        self.text, self.decoder = "", getincrementaldecoder("utf-8")("replace")

    def resize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self.mine, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.mine, keys.encode())

    def read(self) -> None:
        if select.select([self.mine], [], [], 0.1)[0]:
            self.text += self.decoder.decode(os.read(self.mine, 1 << 16))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until the pattern stands in what came since the last time; what is before is forgotten."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.read()
            if found := re.search(pattern, self.text, re.S):
                self.text = self.text[found.end() :]
                return found
            assert self.process.poll() is None, self.text[-2000:]
        raise AssertionError(f"no {pattern!r} in {self.text[-500:]!r}")

    def end(self) -> int:
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            self.read()
        for _ in range(20):
            self.read()
        assert self.process.returncode is not None
        return self.process.returncode


@contextmanager
def seat(words: list[str]) -> Iterator[Seat]:
    taken = Seat(words)
    try:
        yield taken
    finally:
        if taken.process.poll() is None:
            taken.process.kill()
        taken.process.wait()
        os.close(taken.mine)
        os.close(taken.its)


PLAY = ["play", "CartPole-v1", "--rate", "5"]


def test_frames_change_keys_arrive_and_everything_is_as_before():
    with seat(PLAY) as taken:
        taken.wait_for(re.escape(ENTER))
        assert termios.tcgetattr(taken.its)[3] & (termios.ICANON | termios.ECHO) == 0
        taken.wait_for(r"step [1-9]\d*  reward \+1 ")
        taken.press(" ")
        taken.wait_for("paused")
        taken.press("r")
        taken.wait_for("step 0 .*?paused")
        taken.press("2n")
        one = taken.wait_for(f"38;2;.*?{BLOCK}.*?step 1 .*?you: action 1  paused").group()
        taken.press("nnn")
        four = taken.wait_for(f"38;2;.*?{BLOCK}.*?step 4 ").group()
        assert one.rpartition(BLOCK)[0] != four.rpartition(BLOCK)[0]
        taken.resize(16, 40)
        smaller = taken.wait_for(r"\x1b\[2J\x1b\[H.*?step 4 ").group()
        assert smaller.count(BLOCK) < four.count(BLOCK)
        taken.press("q")
        assert taken.end() == 0
        assert LEAVE in taken.text and "0 episodes played to the end" in taken.text
        assert termios.tcgetattr(taken.its) == taken.before


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM"])
def test_an_interrupted_game_leaves_the_terminal_as_it_was(way):
    with seat(PLAY) as taken:
        taken.wait_for("step [1-9]")
        taken.process.send_signal(signal.SIGINT if way == "Ctrl-C" else signal.SIGTERM)
        assert taken.end() == 130
        assert LEAVE in taken.text and "Traceback" not in taken.text
        assert termios.tcgetattr(taken.its) == taken.before


def test_without_a_terminal_it_is_refused_in_one_sentence(capsys, monkeypatch):
    assert main(PLAY) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "needs a terminal, and standard input is none" in told
    assert main(["play", "CartPole-v1", "--rate", "0"]) == 2
    assert "rate must be above 0" in capsys.readouterr().err


def test_every_block_shows_two_pixels():
    frame = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    lines = blocks(frame, 2, 2)
    assert lines == [
        f"\x1b[38;2;0;1;2;48;2;6;7;8m{BLOCK}\x1b[38;2;3;4;5;48;2;9;10;11m{BLOCK}",
        f"\x1b[38;2;12;13;14;48;2;18;19;20m{BLOCK}\x1b[38;2;15;16;17;48;2;21;22;23m{BLOCK}",
    ]


@pytest.mark.parametrize(("columns", "rows"), [(80, 20), (20, 80), (7, 5), (300, 90)])
def test_a_picture_keeps_its_shape_and_fits(columns, rows):
    lines = blocks(np.zeros((60, 90, 3), np.uint8), columns, rows)
    width = lines[0].count(BLOCK)
    assert width <= columns and len(lines) <= rows
    assert abs(2 * len(lines) - width * 60 / 90) <= 2


def test_grey_and_stacked_frames_are_shown():
    grey = blocks(np.full((2, 2, 1), 7, np.uint8), 2, 1)
    assert grey == [f"\x1b[38;2;7;7;7;48;2;7;7;7m{BLOCK}{BLOCK}"]
    stacked = np.concatenate([np.full((2, 2, 3), shade, np.uint8) for shade in (1, 9)], axis=2)
    assert "38;2;9;9;9" in blocks(stacked, 2, 1)[0]


def test_words_that_do_not_fit_are_cut_and_cannot_move_the_cursor():
    text = page(np.zeros((4, 4, 3), np.uint8), ["a" * 50, "b\x1b[2J"], os.terminal_size((10, 3)))
    assert "a" * 9 in text and "a" * 10 not in text and "\x1b[2J" not in text
    assert BLOCK not in text, "no room for a picture"


def test_keys_have_names():
    assert named("a\x1b[A\x1bOD \x1b[1;5C") == ["a", "up", "left", "space", "right"]
    assert named("\x1b") == [] and named("\x1b[5~q") == ["q"]
