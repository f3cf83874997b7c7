"""Loops and machines: fitting and rolling out."""
