"""The promises of each family as public functions, for us and for plugins."""
