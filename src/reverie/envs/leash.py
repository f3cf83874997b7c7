"""A leash for engines: programs that a world starts, and that end with it whatever ends it."""

import os
import shlex
import sys
from pathlib import Path

_TIED = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""Ask the system for signal 9 when the parent dies, then become the program. Source: man prctl."""


def leashed(program: Path, folder: Path) -> Path:
    """A launcher in `folder` for a program that the system ends together with the process that started it.

    An engine that waits for its player's next word would wait for ever after the player was killed. For Linux
    only; where nothing in the folder may be run, it is the program itself.
    """
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return program
    words = (sys.executable, "-I", "-S", "-c", _TIED, str(program))
    launcher = folder / f"{program.name}-leashed"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    launcher.chmod(0o700)
    return launcher
