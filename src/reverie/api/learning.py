"""Learning: representations, world models and controllers, fitted, resumed, loaded, exported, adopted."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from reverie.api._given import Place, console, parts, paths
from reverie.core.config import from_json
from reverie.core.family import config_of


def fit(method: str, data: Place, run: Place, processes: int = 1, **choices: Any) -> dict[str, Any]:
    """Fit a representation to a data set, into a new run folder.

    `method` is a word such as "conv-vae"; `choices` are its fields (beta, reconstruction, ...), those of the
    plan (epochs, learning_rate, ...) and of the conditions (seed, device, threads, ...). Several
    processes split every batch.
    Raises WrongInput for an unknown method or field.
    """
    from reverie.core.representation import RepresentationConfig
    from reverie.engine.plan import Plan
    from reverie.verbs import fit as verb

    kinds = {
        "representation": config_of("representations", method, RepresentationConfig),
        "plan": Plan,
        "conditions": verb.Conditions,
    }
    chosen = parts(kinds, choices, method)
    return verb.fit(verb.FitJob(data=Path(data), processes=processes, **chosen), Path(run), console())


def model(method: str, representation: Place, data: Place, run: Place, **choices: Any) -> dict[str, Any]:
    """Fit a world model to the codes that a representation makes of a data set, into a new run folder.

    `method` is a word such as "mdn-rnn"; `choices` are its fields (hidden_size, mixtures, ...), those of the
    stretches (window, burn_in, ...), of the plan (epochs, ...), of the conditions (seed, threads, ...), and
    `more` data sets, or a world-model run to `begin` with. Raises WrongInput for an unknown method or field.
    """
    from reverie.core.world_model import WorldModelConfig
    from reverie.data.sequences import Stretch
    from reverie.verbs import model as verb
    from reverie.verbs.fit import Conditions

    kinds = {
        "model": config_of("worldmodels", method, WorldModelConfig),
        "sources": verb.Sources,
        "stretch": Stretch,
        "plan": type(verb.PLAN),
        "conditions": Conditions,
    }
    usual = {field.name: getattr(verb.PLAN, field.name) for field in fields(verb.PLAN)}
    chosen = parts(kinds, usual | choices, method)
    job = verb.ModelJob(representation=Path(representation), data=Path(data), **chosen)
    return verb.model(job, Path(run), console())


def train(
    method: str, world_model: Place, run: Place, start: Place | None = None, **choices: Any
) -> dict[str, Any]:
    """Train a controller in the dream of a world model, into a new run folder.

    `method` is a word such as "linear-cma"; `choices` are its fields (inputs, population, ...), those of the
    evolution (generations, rollouts, ...), of the dream (temperature, max_steps), and seed, threads. The
    search begins at the controller of the run `start`, or at zero.
    Raises WrongInput for an unknown method or field.
    """
    from reverie.core.searcher import ControllerConfig
    from reverie.engine.evolve import EvolutionPlan
    from reverie.envs.dream import DreamConfig
    from reverie.verbs import train as verb

    kinds = {
        "agent": config_of("agents", method, ControllerConfig),
        "plan": EvolutionPlan,
        "dream": DreamConfig,
        "circumstances": verb.Circumstances,
    }
    chosen = parts(kinds, choices, method)
    begin = Path(start) if start is not None else None
    job = verb.TrainJob(world_model=Path(world_model), start=begin, **chosen)
    return verb.train(job, Path(run), console())


def resume(run: Place, **choices: Any) -> dict[str, Any]:
    """Continue an interrupted capture or fit.

    `choices` are the fields of the crew that goes on with a capture: workers, executor, ...
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import resume as verb

    return verb.resume(Path(run), console(), from_json(Crew, choices, "crew"))


def load(run: Place) -> Any:
    """The trained representation of a run: `encode(frames).mean`, `decode(codes)`; frames float in [0, 1]."""
    from reverie.verbs import load as verb

    return verb.load(Path(run)).representation


def export(run: Place, file: Place) -> dict[str, Any]:
    """Write a run's encoder as an ONNX file; its metadata say what it takes."""
    from reverie.verbs import export as verb

    return verb.export(Path(run), Path(file))


def adopt(
    encoder: Any, run: Place, data: Place | Sequence[Place], *, name: str = "", pool: int = 4
) -> dict[str, Any]:
    """Make a run of an encoder from elsewhere, for `probe`, `look` and `report`: its codes of recordings.

    `encoder` is a module or a function from frames (float in [0, 1], channel second) to codes, an ONNX file,
    or a layer of a feature network ("squeezenet@fire3"); `name` is what pages call one from memory. Features
    with rows and columns are averaged over a grid of `pool` by `pool`.
    """
    from reverie.verbs import adopt as verb
    from reverie.verbs.encoders import encoder_of

    known = isinstance(encoder, str | Path)
    word = str(encoder) if known else name or getattr(encoder, "__name__", type(encoder).__name__)
    job = from_json(verb.AdoptJob, {"encoder": word, "data": paths(data), "pool": pool}, "adopt")
    return verb.adopt(encoder_of(word, console()) if known else encoder, job, Path(run), console())
