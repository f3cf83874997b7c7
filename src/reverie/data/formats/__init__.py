"""Exchange formats: recordings as other tools want them, one file each."""
