"""Representations: one file per method."""
