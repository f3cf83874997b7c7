"""Executors: where work is done, one file each; `start(crew, errand)` makes one (see engine/crew.py)."""
