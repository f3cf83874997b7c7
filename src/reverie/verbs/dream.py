"""Dream: what a run's world model dreams of, as a Gymnasium environment."""

from dataclasses import dataclass, field
from pathlib import Path

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.representation import EncoderOnly
from reverie.envs.dream import DreamConfig
from reverie.envs.dream_rows import Dreamland, Sight
from reverie.verbs.load_model import LoadedModel, load_model, starts, training_episodes


@dataclass(frozen=True, kw_only=True)
class DreamJob(Config):
    """Which dream, and how it is seen."""

    run: Path
    """Run folder of a world model."""
    dream: DreamConfig = field(default_factory=DreamConfig)
    """How is dreamt."""
    sight: Sight = "z"
    """What is observed: the code (z), with what the world model remembers (zh), with its cells too (zhc)."""
    starts: int = 1000
    """Places in recorded episodes, one of which each dream begins at."""
    from_start: float = 0.5
    """Share of them at the start of an episode; the others lie in the middle of one."""
    seed: int = 0
    """Chooses these places; the dreams have seeds of their own."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        self.check_positive("starts")
        self.check_not_negative("seed")
        if not 0 <= self.from_start <= 1:
            raise WrongInput(f"from_start must be from 0 to 1, got {self.from_start}")


def dreamland(job: DreamJob, console: Console = QUIET) -> Dreamland:
    """The dream of a finished run; it can be seen where the run's representation decodes.

    Raises WrongInput where `load_model` does.
    """
    return dreamland_of(load_model(job.run), job, console)


def dreamland_of(loaded: LoadedModel, job: DreamJob, console: Console = QUIET) -> Dreamland:
    """The dream of a world model that is loaded already, whatever run the job names."""
    episodes = training_episodes(loaded, console)
    representation = loaded.representation.representation
    return Dreamland(
        world_model=loaded.world_model,
        starts=starts(loaded.world_model, episodes, job.starts, job.seed, from_start=job.from_start),
        action_space=loaded.action_space,
        config=job.dream,
        sight=job.sight,
        decode=None if isinstance(representation, EncoderOnly) else representation.decode,
    )
