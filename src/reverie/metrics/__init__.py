"""Codes against factors: what a representation knows."""
