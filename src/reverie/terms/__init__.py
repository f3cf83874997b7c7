"""Terms of an objective: one file each."""
