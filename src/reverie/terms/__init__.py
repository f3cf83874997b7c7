"""Terms of an objective: one file each; the words before the first colon are the files' names."""

from reverie.terms._words import parse

__all__ = ["parse"]
