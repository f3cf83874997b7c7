"""Commands: a page of markdown for each, made of what the command itself answers to --help."""

import os
from collections.abc import Iterator

from reverie.cli.commands import COMMANDS, Command
from reverie.cli.parse import Help, parse


def pages() -> dict[str, str]:
    """Markdown by its place in the site."""
    os.environ["COLUMNS"] = "76"  # what fits beside the navigation
    found = {"commands/index.md": "\n".join(_listing())}
    for name, command in COMMANDS.items():
        found[f"commands/{name}.md"] = "\n".join(_page(name, command))
    return found


def _listing() -> Iterator[str]:
    from reverie.cli import _summary

    yield from (
        "# Commands",
        "",
        "What each command answers to `--help`, asked when these pages were made.",
        "",
    )
    yield from ("| command | |", "| --- | --- |")
    for name, command in COMMANDS.items():
        yield f"| [`reverie {name}`]({name}.md) | {_summary(command)} |"
    yield from (
        "",
        "Exit status: 0 done; 1 broke while working; 2 wrong use or input, refused before work; 3 a study's",
    )
    yield from ("claim is not supported; 130 Ctrl-C. `--json` prints the result as the last line.",)


def _page(name: str, command: Command) -> Iterator[str]:
    yield from (f"# reverie {name}", "")
    yield from _answer(name, command, ["--help"])
    for words in _words(command):
        yield from (f"## {' '.join([name, *words])}", "")
        yield from _answer(name, command, [*words, "--help"])


def _words(command: Command) -> Iterator[list[str]]:
    """The words that a command can begin with, and those of the commands inside it."""
    for word in command.words():
        yield [word]
        for more in _words(command.inner[word]) if word in command.inner else ():
            yield [word, *more]


def _answer(name: str, command: Command, words: list[str]) -> Iterator[str]:
    try:
        parse(command, name, words)
    except Help as text:
        lines = (line.rstrip() for line in str(text).splitlines())
        yield from ("```text", *lines, "```", "")
        return
    raise AssertionError(f"reverie {name} {' '.join(words)} gave no help")
