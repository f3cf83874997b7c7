"""Frozen networks whose features judge reconstructions."""

from reverie.nn.feature_networks.network import Convention, FeatureNetwork

__all__ = ["Convention", "FeatureNetwork"]
