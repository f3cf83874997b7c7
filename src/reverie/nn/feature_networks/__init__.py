"""Frozen networks whose features judge reconstructions."""
