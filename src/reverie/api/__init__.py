"""The verbs for Python: the same as on the command line, with words and keywords instead of jobs."""

from reverie.api.asking import audit, evaluate, look, metric, probe, report
from reverie.api.environments import dream, observe_codes, observe_frames, sb3_encoder, sb3_policy_kwargs
from reverie.api.learning import adopt, export, fit, load, model, resume, train
from reverie.api.recordings import capture, export_data, import_frames, make_data, make_pairs, open_data

__all__ = [
    "adopt",
    "audit",
    "capture",
    "dream",
    "evaluate",
    "export",
    "export_data",
    "fit",
    "import_frames",
    "load",
    "look",
    "make_data",
    "make_pairs",
    "metric",
    "model",
    "observe_codes",
    "observe_frames",
    "open_data",
    "probe",
    "report",
    "resume",
    "sb3_encoder",
    "sb3_policy_kwargs",
    "train",
]
