"""Words of a command line to a call: tyro does the work, this file makes its errors one sentence."""

import io
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from difflib import get_close_matches
from typing import Any

import tyro

from reverie.cli.answer import Answer
from reverie.cli.commands import Command
from reverie.cli.words import listing
from reverie.core.console import Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.family import members

Call = Callable[[Console], Answer]

STYLE = (
    tyro.conf.OmitArgPrefixes,
    tyro.conf.PositionalMetavarFromFieldName,
    tyro.conf.FlagCreatePairsOff,
)


SENTENCES = {
    r"Error parsing (\S+):.*int\(\).*: ('.*')": "{0} takes a whole number, got {1}",
    r"Error parsing (\S+):.*float: ('.*')": "{0} takes a number, got {1}",
    r"Error parsing (?!--)\S+: (.*)": "{0}",
    r"invalid choice ('.*') for argument '(\S+)'. Expected one of \((.*)\)": "{1} takes one of {2}, got {0}",
    r"Missing from .*?: ([A-Z]+)(?: .*)?\(required\)": "{title} needs {0}; {title} --help tells more",
    r"Missing from .*?: (--[a-z-]+ [A-Z]+) .*?\(required\)": "{title} needs {0}; {title} --help tells more",
    r"Unrecognized options: (.*?)(?: Perhaps.*)?$": "{title} has no use for {0}; {title} --help tells more",
}

SEVERAL = re.compile(r"^  \[([A-Z]+)\]( +)((?:(?!^  \S).)*?)\(default:\s*\)", re.M | re.S)
"""In a page of help: a place for several things whose default is none of them, which no command takes."""


class Help(Exception):
    """Asked for help: the text to print."""


def parse(command: Command, name: str, words: Sequence[str]) -> Call:
    """The call that a command line means; Help when it asks for help, WrongInput when it is wrong."""
    words, title = list(words), f"reverie {name}"
    if command.family or command.choices:
        chosen = _choose(command, title, words)
        if chosen in command.inner:
            return parse(command.inner[chosen], f"{name} {chosen}", words[1:])
        return _call(command, command.door(chosen), f"{title} {chosen}", words[1:])
    return _call(command, command.door(), title, words)


def _choose(command: Command, title: str, words: list[str]) -> str:
    kinds = command.words()
    lines = [f"usage: {title} WORD ...", "", *_columns(kinds)]
    listing = "\n".join([*lines, "", f"{title} WORD --help tells more."])
    if words and words[0] in ("-h", "--help", "list"):
        raise Help(listing)
    if not words:
        raise WrongInput(f"{title} needs a word: {', '.join(kinds)}")
    if words[0] not in kinds:
        if command.family and words[0] in members(command.family):
            others = ", ".join(kinds)
            raise WrongInput(f"{title} has no use for {words[0]!r}, which learns nothing; choose {others}")
        raise unknown(f"word for {title}", words[0], kinds)
    return words[0]


def _call(command: Command, door: Callable[..., Call], title: str, words: list[str]) -> Call:
    out, err = io.StringIO(), io.StringIO()
    config = (*STYLE, tyro.conf.PositionalRequiredArgs) if command.positional else STYLE
    try:
        with redirect_stdout(out), redirect_stderr(err):
            return tyro.cli(door, prog=title, args=words, config=config)
    except SystemExit as end:
        if not end.code:
            raise Help("\n".join([_shown(_plain(out.getvalue())), *listing(title.split()[1])])) from None
    raise WrongInput(_sentence(err.getvalue(), title, words, _flags(door, title, config))) from None


def _sentence(box: str, title: str, words: list[str], flags: list[str]) -> str:
    """What tyro's error box says, as one sentence; a misspelt flag gets our own suggestion."""
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-") not in flags:
            near = get_close_matches(flag, flags, n=1, cutoff=0.6)
            remedy = f"did you mean {near[0]!r}?" if near else f"{title} --help lists the options"
            return f"unknown option {flag!r} of {title}; {remedy}"
    # A box is a title, a rule, what is wrong, a rule, and help; plain terminals get the same with dashes.
    said = _words_of(re.split(r"[─-]{5,}", _plain(box))[1])
    for pattern, sentence in SENTENCES.items():
        if found := re.search(pattern, said):
            return sentence.format(*found.groups(), title=title)
    return f"{said[:1].lower()}{said[1:]}; {title} --help tells more"


def _columns(kinds: dict[str, str]) -> list[str]:
    width = max(map(len, kinds))
    return [f"  {word:<{width}}  {line}" for word, line in kinds.items()]


def _words_of(text: str) -> str:
    return " ".join(re.sub(r"[│|╭╰╮╯]", " ", text).split()).rstrip(".")


def _flags(door: Callable[..., Call], title: str, config: tuple[Any, ...]) -> list[str]:
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            tyro.cli(door, prog=title, args=["--help"], config=config)
    except SystemExit:
        pass
    return sorted(set(re.findall(r"--[a-z][a-z0-9-]*", out.getvalue())) | {"--json"})


def _shown(text: str) -> str:
    """Help in which several things that must be given do not look optional, and no default is nothing."""
    names = [found[1] for found in SEVERAL.finditer(text)]
    text = SEVERAL.sub(lambda found: f"  {found[1]}...{found[2][1:] or ' '}{found[3]}(required)", text)
    for name in names:
        text = text.replace(f"[{name}]", f"{name}...")
    return re.sub(r"\s*\(default:\s*\)", "", text)


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip()
