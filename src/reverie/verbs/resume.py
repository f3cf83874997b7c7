"""Resume: whatever was interrupted, continued to the same end."""

from pathlib import Path
from typing import Any

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.crew import ALONE, Crew


def resume(folder: Path, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Complete what was interrupted; what is finished is left alone and its result returned."""
    run = Run.open(folder)
    verb = run.job()["verb"]
    if verb == "capture":
        from reverie.verbs.capture import resume_capture

        return resume_capture(folder, console, crew)
    if verb == "fit":
        from reverie.verbs.fit import resume_fit

        return run.result() if run.finished else resume_fit(run, console)
    if verb == "model":
        from reverie.verbs.model import resume_model

        return run.result() if run.finished else resume_model(run, console)
    if verb == "train":
        from reverie.verbs.train import resume_train

        return run.result() if run.finished else resume_train(run, console, crew)
    if verb == "evaluate":
        from reverie.verbs.evaluate import resume_evaluate

        return run.result() if run.finished else resume_evaluate(run, console, crew)
    raise WrongInput(f"{folder} was made by `reverie {verb}`, which cannot be resumed; run it again")
