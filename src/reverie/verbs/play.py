"""Play: a person steers in the dream of a world model, or watches a controller there, or plays for real."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jaxtyping import UInt8
from numpy import ndarray

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.envs.dream import DreamConfig
from reverie.envs.make import WorldConfig, make_world
from reverie.envs.stage import Beat, DreamStage, RealStage, Stage
from reverie.verbs._keys import keys_of
from reverie.verbs.dream import DreamJob, dreamland_of
from reverie.verbs.load_agent import load_agent
from reverie.verbs.load_model import load_model

WARMER = 0.05
"""How much a key changes the temperature."""
COLDEST = 0.05


@dataclass(frozen=True, kw_only=True)
class PlayJob(Config):
    """What is played."""

    subject: str
    """A run of `reverie model` or `reverie train`, or an environment id."""
    temperature: float | None = None
    """How far draws stray; without it that of the controller's training, or 1."""
    max_steps: int = 10_000
    """Longest episode; a longer one is cut off."""
    from_start: float = 1.0
    """Share of the dreams that begin with an episode; the others begin in the middle of one."""
    seed: int = 0
    """Seed of the episodes: the same seed and keys, the same dreams."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        self.check_positive("max_steps")
        self.check_not_negative("seed")
        if self.temperature is not None:
            DreamConfig(temperature=self.temperature)


class Session:
    """What is being played: keys and time go in, a picture and words come out. It knows no terminal."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._keys = stage, keys_of(stage.action_space)
        self.closed = False
        """Whether it is over for good."""
        self.paused = False
        self.scores: list[float] = []
        """Sum of the rewards of every episode that came to its end."""
        self._watching = False
        self._begin()
        self._watching = stage.advise() is not None

    def press(self, key: str) -> None:
        """Take a key: "left", "right", "up", "down", "space", or what is written on it."""
        commands = {
            "q": self._quit, "space": self._pause, "n": self._single, "r": self._begin,
            "c": self._hand_over, "+": lambda: self._warm(WARMER), "-": lambda: self._warm(-WARMER),
        }  # fmt: skip
        if key in commands:
            commands[key]()
            return
        action = self._keys.pressed(key, self.action)
        if action is not None:
            self.action, self._watching = action, False

    def tick(self) -> None:
        """Let time pass: a step, unless it is paused or the episode is over."""
        if not self.paused and not self.beat.over:
            self._step()

    def frame(self) -> UInt8[ndarray, "height width channel"]:
        """What is to be seen."""
        return self._stage.frame()

    def lines(self) -> list[str]:
        """What is to be read: how it stands, and which keys there are."""
        beat = self.beat
        chance = "" if beat.end_probability is None else f"  end {beat.end_probability:.1%}"
        heat = "" if self._stage.temperature is None else f"  temperature {self._stage.temperature:.2f}"
        who = "controller" if self._watching else "you"
        state = f"over: {beat.over} (r: again)" if beat.over else "paused" if self.paused else ""
        return [
            f"step {self.steps}  reward {beat.reward:+.3g}  total {self.total:.4g}{chance}{heat}",
            f"{who}: {self._keys.words(self.action)}" + (f"  {state}" if state else ""),
            self._keys.help(),
            self._commands(),
        ]

    def close(self) -> None:
        """Give back what the stage holds."""
        self._stage.close()

    def _commands(self) -> str:
        heat = "" if self._stage.temperature is None else "  +/- temperature"
        hand = "  c controller" if self._stage.advise() is not None else ""
        return f"space pause  n one step  r restart{heat}{hand}  q quit"

    def _begin(self) -> None:
        self._stage.begin()
        self.action, self.beat = self._keys.resting, Beat(0.0)
        self.steps, self.total = 0, 0.0

    def _step(self) -> None:
        if self._watching:
            self.action = self._stage.advise()
        self.beat = self._stage.step(self.action)
        self.steps += 1
        self.total += self.beat.reward
        if self.beat.over:
            self.scores.append(self.total)

    def _single(self) -> None:
        """Exactly one step, then wait."""
        self.paused = True
        if not self.beat.over:
            self._step()

    def _pause(self) -> None:
        self.paused = not self.paused

    def _quit(self) -> None:
        self.closed = True

    def _hand_over(self) -> None:
        """Let the controller act, where there is one."""
        self._watching = self._stage.advise() is not None

    def _warm(self, change: float) -> None:
        if self._stage.temperature is not None:
            self._stage.temperature = max(COLDEST, round(self._stage.temperature + change, 2))


def play(job: PlayJob, console: Console = QUIET) -> Session:
    """A session of what a job names, with its first episode begun.

    Raises WrongInput for a subject that cannot be played, and where `load_model` and `load_agent` do.
    """
    place = Path(job.subject)
    if place.is_dir():
        return Session(_dream(job, place, console))
    if job.temperature is not None:
        raise WrongInput(f"only dreams have a temperature; leave it out to play {job.subject} for real")
    if "/" in job.subject and not job.subject.startswith("ALE/"):
        Run.open(place)
    return Session(_real(job))


def _real(job: PlayJob) -> Stage:
    config = WorldConfig(size=0)
    return RealStage(lambda: make_world(job.subject, config), job.seed, job.max_steps)


def _dream(job: PlayJob, folder: Path, console: Console) -> Stage:
    """The dream of a world model, or of the one that a controller was trained on."""
    verb = Run.open(folder).job()["verb"]
    if verb not in ("model", "train"):
        raise WrongInput(
            f"{folder} was made by `reverie {verb}`, and dreams nothing; "
            "play a run of `reverie model` or `reverie train`, or an environment id"
        )
    agent = load_agent(folder) if verb == "train" else None
    loaded = load_model(folder) if agent is None else agent.model
    config = DreamConfig() if agent is None else agent.job.dream
    config = replace(config, max_steps=job.max_steps, temperature=job.temperature or config.temperature)
    where = DreamJob(run=folder, dream=config, from_start=job.from_start, seed=job.seed)
    actor: Any = None if agent is None else agent.actor(1)
    return DreamStage(dreamland_of(loaded, where, console), job.seed, actor)
