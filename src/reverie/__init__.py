"""Reverie: learn what an environment looks like, find out what the representation knows."""
