"""The command line: one door to the verbs."""

import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from reverie.cli.commands import COMMANDS, Command
from reverie.cli.console import console_for
from reverie.cli.parse import Help, parse
from reverie.core.console import printable
from reverie.core.errors import BrokeWhileWorking, WrongInput, unknown
from reverie.core.family import first_line

LONGEST = 1000
"""Letters of a sentence; of a longer one, which quotes a file, the middle is left out."""
DONE, BROKE, WRONG, UNSUPPORTED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status and never shows a traceback.

    0 done; 1 broke while working; 2 wrong use or input; 3 a study's claim is not supported; 130 Ctrl-C.
    Set REVERIE_TRACEBACK=1 to see where an unexpected error comes from.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _tame_threads()
    # A module beside the user, as in `capture my_envs:Maze-v0`, is found; installed ones go first.
    sys.path.append(str(Path.cwd()))
    try:
        try:
            return _run(words)
        except Help as text:
            print(text)
            return DONE
    except KeyboardInterrupt:
        return _say(_interrupted(words), INTERRUPTED)
    except WrongInput as error:
        return _say(str(error), WRONG)
    except BrokeWhileWorking as error:
        return _say(str(error), BROKE)
    except BrokenPipeError:
        # The reader went away, as in `reverie runs | head`: nobody is left to tell.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        return DONE
    except UnicodeEncodeError as error:
        return _say(f"{error.object[:100]!r} holds signs that are no text; choose another name", WRONG)
    except OSError as error:
        return _say(_system(error), BROKE)
    except MemoryError:
        return _say("there is not enough memory; choose smaller sizes", BROKE)
    except Exception as error:
        if "can't allocate memory" in str(error):
            return _say("there is not enough memory; choose smaller sizes", BROKE)
        if os.environ.get("REVERIE_TRACEBACK"):
            raise
        text = " ".join(str(error).split())[:200]
        remedy = "this is a bug of Reverie: REVERIE_TRACEBACK=1 shows where"
        return _say(f"unexpected {type(error).__name__}: {text}; {remedy}", BROKE)


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        raise Help(_overview())
    if words[0] == "--version":
        raise Help(f"reverie {version('reverie-worlds')}")
    as_json = "--json" in words
    name, *rest = [word for word in words if word != "--json"] or ["--help"]
    if name.startswith("-"):
        raise unknown("option", name, ("--help", "--version", "--json"))
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    answer = parse(COMMANDS[name], name, rest)(console_for(sys.stderr))
    if answer.text:
        print(printable(answer.text))
    if as_json:
        print(json.dumps(answer.result, allow_nan=False))
    return answer.status


def _tame_threads() -> None:
    """Half of the cores for linear algebra, unless told otherwise: busy threads on busy cores crawl."""
    half = str(max(1, (os.cpu_count() or 2) // 2))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, half)


def _overview() -> str:
    lines = [
        "usage: reverie COMMAND ...",
        "",
        "Learn what an environment looks like, find out what you know of it.",
        "",
    ]
    lines += [f"  {name:<9} {_summary(command)}" for name, command in COMMANDS.items()]
    lines += [
        "",
        "reverie COMMAND --help tells more; --json prints the result as the last line of any command.",
    ]
    return "\n".join([*lines, "REVERIE_DATA names the folder of data sets and weights."])


def _summary(command: Command) -> str:
    file = Path(__file__).parent.parent / command.source
    line = first_line(file).rstrip(".")
    return command.summary or line.partition(": ")[2] or line[:1].lower() + line[1:]


def _system(error: OSError) -> str:
    place = f" at {error.filename}" if error.filename else ""
    if error.errno == 28:
        return f"the disk is full{place}; what was written before is kept: free space, then reverie resume"
    return f"{error.strerror or error}{place}"


def _interrupted(words: list[str]) -> str:
    again = "the same command" if words[0] in ("demo", "study") else "reverie resume and the folder"
    return f"interrupted; what is done is kept: continue with {again}"


def _short(text: str) -> str:
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"


def _say(text: str, status: int) -> int:
    print(f"reverie: {_short(' '.join(printable(text).split()))}", file=sys.stderr)
    return status
