"""World models: dynamics in code space, one file per method."""
