"""The verbs for Python: the same as on the command line, with words and keywords instead of jobs."""

# ruff: noqa: F401 - what is imported here is what `reverie` shows; its names stand in reverie/__init__.py.

from reverie.api.asking import audit, evaluate, look, metric, probe, report
from reverie.api.environments import dream, observe_codes, observe_frames, sb3_encoder, sb3_policy_kwargs
from reverie.api.learning import adopt, export, fit, load, model, resume, train
from reverie.api.recordings import capture, export_data, import_frames, make_data, make_pairs, open_data
