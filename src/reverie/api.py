"""The verbs for Python: the same as on the command line, with words and keywords instead of jobs."""

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from reverie.core.config import from_json
from reverie.core.console import Console, PlainConsole
from reverie.core.errors import unknown
from reverie.core.family import config_of

Place = str | Path


def capture(env: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Record episodes of an environment into a new folder.

    `choices` are the fields of CaptureJob (episodes, size, seed, policy, stride, scenes, ...) and of the crew
    that records (workers, executor, ...).
    Raises WrongInput for an unknown environment or field.
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import capture as verb

    crew = from_json(Crew, _taken(Crew, choices), "crew")
    others = {name: value for name, value in choices.items() if name not in _taken(Crew, choices)}
    job = from_json(verb.CaptureJob, {"env": env, **others}, "capture")
    return verb.capture(job, Path(data), _console(), crew)


def import_frames(folder: Place, data: Place, size: int | None = None) -> dict[str, Any]:
    """Make a data set of exported recordings, a local Minari data set, or a folder of images.

    `size` is the height and width to scale to; without it images become 64 by 64, recordings keep theirs.
    """
    from reverie.verbs import exchange as verb

    return verb.import_data(Path(folder), Path(data), size, _console())


def export_data(data: Place, folder: Place, to: str = "png") -> dict[str, Any]:
    """Write a data set as other tools want it: "png" or "minari"."""
    from reverie.verbs import exchange as verb

    return verb.export_data(Path(data), Path(folder), to, _console())


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
    parts = _parts(kinds, choices, method)
    return verb.fit(verb.FitJob(data=Path(data), processes=processes, **parts), Path(run), _console())


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
    parts = _parts(kinds, usual | choices, method)
    job = verb.ModelJob(representation=Path(representation), data=Path(data), **parts)
    return verb.model(job, Path(run), _console())


def audit(run: Place, **choices: Any) -> dict[str, Any]:
    """Compare the dreams of a world model with reality; `choices` are the fields of AuditJob."""
    from reverie.verbs import audit as verb

    return verb.audit(from_json(verb.AuditJob, {"run": Path(run), **choices}, "audit"), _console())


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
    parts = _parts(kinds, choices, method)
    begin = Path(start) if start is not None else None
    job = verb.TrainJob(world_model=Path(world_model), start=begin, **parts)
    return verb.train(job, Path(run), _console())


def probe(runs: Place | Sequence[Place], data: Place, **choices: Any) -> dict[str, Any]:
    """Measure what the codes of one or several runs know; `choices` are the fields of ProbeJob."""
    from reverie.verbs import probe as verb

    job = from_json(verb.ProbeJob, {"runs": _paths(runs), "data": Path(data), **choices}, "probe")
    return verb.probe(job, _console())


def evaluate(subject: Place, env: str = "", into: Place | None = None, **choices: Any) -> dict[str, Any]:
    """Play held-out episodes of an environment; mean, deviation, interval, and a folder with every score.

    `subject` is a run of `train`, or the words of a policy such as "held:1-60"; `choices` are the fields of
    EvaluateJob (episodes, seed, ...) and of the crew (workers, executor, ...).
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import evaluate as verb

    crew = from_json(Crew, _taken(Crew, choices), "crew")
    others = {name: value for name, value in choices.items() if name not in _taken(Crew, choices)}
    job = from_json(verb.EvaluateJob, {"subject": str(subject), "env": env, **others}, "evaluate")
    return verb.evaluate(job, Path(into) if into is not None else None, _console(), crew)


def look(run: Place, **choices: Any) -> list[Path]:
    """Draw pictures of what a run's representation sees; `choices` are the fields of LookJob."""
    from reverie.verbs import look as verb

    return verb.look(from_json(verb.LookJob, {"run": Path(run), **choices}, "look"), _console())


def report(runs: Place | Sequence[Place], **choices: Any) -> Path:
    """Put runs side by side on one self-contained page; returns its path."""
    from reverie.verbs import report as verb

    return verb.report(from_json(verb.ReportJob, {"runs": _paths(runs), **choices}, "report"), _console())


def resume(run: Place, **choices: Any) -> dict[str, Any]:
    """Continue an interrupted capture or fit.

    `choices` are the fields of the crew that goes on with a capture: workers, executor, ...
    """
    from reverie.engine.crew import Crew
    from reverie.verbs import resume as verb

    return verb.resume(Path(run), _console(), from_json(Crew, choices, "crew"))


def open_data(path: Place) -> Any:
    """Open a data set: `len`, index for episodes, `.pixels`, `.truth`, `.factor_names`."""
    from reverie.data import store

    return store.open_data(Path(path))


def make_data(word: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Make a data set of images whose factors are known exactly: sprites, cells4, glyphs, stripes, dsprites.

    `choices` are the fields of that set (count, seed, ...). Raises WrongInput for an unknown set or field.
    """
    from reverie.data.image_set import SetConfig
    from reverie.verbs import make as verb

    config = from_json(config_of("data.sets", word, SetConfig), choices, word)
    return verb.make(config, Path(data), _console())


def make_pairs(env: str, factor: str, data: Place, **choices: Any) -> dict[str, Any]:
    """Make a data set of pairs of frames that differ in one factor, which is set in the simulator.

    `choices` are the other fields of PairsJob: count, low, high, followers, ...
    """
    from reverie.verbs import pairs as verb

    job = from_json(verb.PairsJob, {"env": env, "factor": factor, **choices}, "pairs")
    return verb.make_pairs(job, Path(data), _console())


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
    job = from_json(verb.AdoptJob, {"encoder": word, "data": _paths(data), "pool": pool}, "adopt")
    return verb.adopt(encoder_of(word, _console()) if known else encoder, job, Path(run), _console())


def sb3_encoder(agent: Any) -> Any:
    """What a Stable-Baselines3 agent's policy reads of a frame, as an encoder for `adopt`."""
    from reverie.verbs import encoders

    return encoders.sb3_encoder(agent)


def export(run: Place, file: Place) -> dict[str, Any]:
    """Write a run's encoder as an ONNX file; its metadata say what it takes."""
    from reverie.verbs import export as verb

    return verb.export(Path(run), Path(file))


def observe_frames(env: Any, size: int = 64) -> Any:
    """A Gymnasium environment that observes its frames, `size` by `size`, as `capture` records them."""
    from reverie.envs import observing

    return observing.FrameObservation(env, size)


def observe_codes(env: Any, run: Place) -> Any:
    """A Gymnasium environment whose observations are the codes of its frames."""
    from reverie.verbs import features

    return features.observe_codes(env, Path(run))


def sb3_policy_kwargs(run: Place, learn: bool = False) -> dict[str, Any]:
    """The run's encoder as feature extractor: `PPO("CnnPolicy", env, policy_kwargs=...)`; frozen or not."""
    from reverie.verbs import features

    return features.sb3_policy_kwargs(Path(run), learn)


def load(run: Place) -> Any:
    """The trained representation of a run: `encode(frames).mean`, `decode(codes)`; frames float in [0, 1]."""
    from reverie.verbs import load as verb

    return verb.load(Path(run)).representation


def dream(run: Place, num_envs: int | None = None, *, render_mode: str | None = None, **choices: Any) -> Any:
    """What a run's world model dreams of, as a Gymnasium environment: `reverie.dream(run, temperature=1.15)`.

    With `num_envs` it is a Gymnasium vector environment, which resets its dreams as `autoreset_mode` says
    ("NextStep", "SameStep", "Disabled"). Further choices: temperature, max_steps; sight ("z", "zh", "zhc");
    starts, from_start, seed (of the places where dreams begin). `render_mode="rgb_array"` decodes frames.
    Raises WrongInput for an unknown choice, and for a run that is not finished, altered or uprooted.
    """
    from reverie.envs.dream import DreamConfig
    from reverie.envs.dream_env import DreamEnv, DreamVectorEnv
    from reverie.verbs import dream as verb

    mode = choices.pop("autoreset_mode", None)
    config, others = _taken(DreamConfig, choices), choices.keys() - {"run", "dream"}
    known = {field.name for kind in (DreamConfig, verb.DreamJob) for field in fields(kind)} - {"run", "dream"}
    for word in choices.keys() - known:
        raise unknown("dream field", word, {*known, "num_envs", "render_mode", "autoreset_mode"})
    values = {word: choices[word] for word in others - config.keys()}
    land = verb.dreamland(from_json(verb.DreamJob, {"run": run, "dream": config, **values}, "dream"))
    if num_envs is None:
        return DreamEnv(land, render_mode)
    return DreamVectorEnv(land, num_envs, autoreset_mode=mode or "NextStep", render_mode=render_mode)


def metric(word: str, **choices: Any) -> Any:
    """A score by name: `metric("probe")(codes, factors, episodes).value`; `choices` are its fields."""
    from reverie.core.metric import MetricConfig

    return from_json(config_of("metrics", word, MetricConfig), choices, word).build()


def _parts(kinds: dict[str, Any], choices: dict[str, Any], method: str) -> dict[str, Any]:
    """The configs among which the choices are divided, by their fields; WrongInput for one that none has."""
    known = {field.name for kind in kinds.values() for field in fields(kind)}
    for word in choices.keys() - known:
        raise unknown(f"{method} field", word, known)
    return {part: from_json(kind, _taken(kind, choices), method) for part, kind in kinds.items()}


def _taken(kind: type, choices: dict[str, Any]) -> dict[str, Any]:
    return {field.name: choices[field.name] for field in fields(kind) if field.name in choices}


def _paths(runs: Place | Sequence[Place]) -> list[str]:
    single = isinstance(runs, str | Path)
    return [str(run) for run in ([runs] if single else runs)]  # pyright: ignore[reportGeneralTypeIssues]


def _console() -> Console:
    return PlainConsole(sys.stderr)
