"""From what a user types to a term's config."""

from reverie.core.family import config_of
from reverie.core.term import TermConfig


def parse(words: str) -> TermConfig:
    """The config of a reconstruction term: "pixel", "pixel:bce", "perceptual:squeezenet@fire3:channel".

    The word before the first colon names the term's file; the file reads the rest.
    Raises WrongInput for words that nobody knows.
    """
    name, _, rest = words.partition(":")
    return config_of("terms", name, TermConfig).parse(rest)
