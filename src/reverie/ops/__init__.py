"""Pure functions, each with its source."""
