"""Whole experiments: each reruns one claim and gives a verdict."""
