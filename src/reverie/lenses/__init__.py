"""Ways of looking at a representation: one file each."""
