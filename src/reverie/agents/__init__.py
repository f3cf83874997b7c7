"""What acts: one file per policy."""
