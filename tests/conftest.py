"""One torch thread, for every test: two busy threads on two cores are ten times slower than one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "agg")

import torch

torch.set_num_threads(1)
