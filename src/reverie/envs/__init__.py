"""Worlds to see."""
