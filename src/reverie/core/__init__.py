"""Nouns and laws of the house: what every room may know."""
