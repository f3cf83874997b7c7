"""Bricks: networks, feature networks, and the Autoencoder class."""
