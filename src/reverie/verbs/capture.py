"""Capture: episodes of an environment, recorded with their truth into a data set."""

import errno
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reverie.agents._words import policy_of
from reverie.core.config import from_json, to_json
from reverie.core.console import QUIET, Console, Tracker
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.family import members, word_of
from reverie.core.lock import alone
from reverie.core.run import Run, check_free
from reverie.core.seeds import numpy_generator
from reverie.core.world import Policy, PolicyConfig, World
from reverie.data.archive import ArchiveWriter, create_archive, reopen_archive
from reverie.data.layout import chunk_frames
from reverie.data.manifest import Manifest
from reverie.data.stages import close_stages, drop_stages, load_stage, open_stages, release_reserve, stage
from reverie.data.store import open_data
from reverie.engine.crew import ALONE, Crew
from reverie.engine.estimate import peak_memory
from reverie.engine.rollout import Cut, record
from reverie.envs.make import WorldConfig, make_world
from reverie.verbs._watch import Estimate, Pace
from reverie.verbs.data import summary

POLICY_FIELDS = {"hold": ("held", (1, 10)), "mix": ("mixed", ("random", "held")), "epsilon": ("mixed", 0.0)}
"""Fields of a capture that belong to one policy, with that policy and their usual value."""


@dataclass(frozen=True, kw_only=True)
class CaptureJob(WorldConfig):
    """What to record."""

    env: str
    """Environment id, for instance LunarLander-v3 or ALE/Pong-v5; `module:id` imports a module first."""
    episodes: int = 100
    """Number of episodes."""
    seed: int = 0
    """Everything random follows from it: same seed, same bytes."""
    policy: str = "random"
    """Who acts: random, held:1-60, still:left, sweep:60-200, mixed, ...; or the run of a controller."""
    hold: tuple[int, int] = (1, 10)
    """Fewest and most steps that the policy `held` holds an action."""
    mix: tuple[str, ...] = ("random", "held")
    """Policies of which `mixed` draws one for each episode, with weights: held:1-10=5 held:1-60=3 sweep=2."""
    epsilon: float = 0.0
    """Share of the steps of `mixed`, or of a controller, that take a uniform action."""
    max_steps: int = 1000
    """Longest episode; a longer one is cut off here."""
    stride: int = 1
    """Keep every so many-th step."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        super().__post_init__()
        _refuse_archive(self.policy)
        for name in ("episodes", "max_steps", "stride"):
            if getattr(self, name) < 1:
                raise WrongInput(f"{name} must be 1 or more, got {getattr(self, name)}")
        for name, (owner, usual) in POLICY_FIELDS.items():
            value = getattr(self, name)
            acts = (owner, self.policy) if name == "epsilon" and self.run else (owner,)
            if self.policy not in acts and value != usual:
                raise WrongInput(
                    f"{name} {value} is for the policy {owner!r}, not for {self.policy!r}; leave it out"
                )
        if not 0.0 <= self.epsilon <= 1.0:
            raise WrongInput(f"epsilon must be from 0 to 1, got {self.epsilon}")
        if self.run and self.stride != 1:
            raise WrongInput(f"{self.policy} must see every frame to act; leave out --stride {self.stride}")
        if self.seed < 0:
            raise WrongInput(f"seed must be 0 or more, got {self.seed}")

    def world(self) -> World:
        """The world to record."""
        return make_world(self.env, self)

    @property
    def run(self) -> Path | None:
        """The run of the controller that acts; None where a policy does that needs no training."""
        if self.policy.partition(":")[0] in members("agents"):
            return None
        return Path(self.policy) if "/" in self.policy or Path(self.policy).is_dir() else None

    def actor(self, world: World) -> Policy:
        """Who acts in the world, ready to act; WrongInput where it does not fit."""
        if self.run is None:
            return self.policy_config().build(world.action_space)
        from reverie.verbs._pilot import pilot

        return pilot(self.run, world, self.env, self.epsilon)

    def actor_source(self) -> dict[str, Any]:
        """What the manifest says of who acts."""
        if self.run is not None:
            from reverie.verbs._pilot import pilot_source

            return pilot_source(self.run, self.epsilon)
        policy = self.policy_config()
        return {"word": word_of(policy), **to_json(policy)}

    def policy_config(self) -> PolicyConfig:
        """The policy that acts in it, where it needs no training."""
        held = {"shortest": self.hold[0], "longest": self.hold[1]}
        fields = {"held": held, "mixed": {"mix": self.mix, "epsilon": self.epsilon}}
        plain = policy_of(self.policy)
        return from_json(type(plain), fields[self.policy], self.policy) if self.policy in fields else plain


def _refuse_archive(policy: str) -> None:
    if policy.endswith(".zip"):
        raise WrongInput(
            f"{policy} is not loaded: such archives hold pickled objects, which may run anything"
        )


def capture(job: CaptureJob, folder: Path, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Record the episodes of a job into a new data set; what it holds, as numbers.

    The bytes on disk depend on the job alone, not on the crew; what a worker that died was playing is played
    again. With Ray, all nodes must see the folder by the same path. Raises WrongInput before work
    starts, BrokeWhileWorking when something fails in the middle; committed episodes are kept then.
    """
    check_free(folder)
    manifest = _first_manifest(job)
    try:
        create_archive(folder, manifest, {"verb": "capture", "job": to_json(job)})
    except OSError as error:
        raise WrongInput(f"cannot write to {folder}: {error.strerror}; choose another folder") from None
    with alone(folder):
        return _Capture(job, folder, console, crew).run(reopen_archive(folder))


def resume_capture(folder: Path, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Complete a data set whose capture was stopped; the bytes are those of a capture that was not.

    The job.json of the folder is obeyed: an environment `module:id` imports that module, so that only folders
    of people who may run code here should be resumed.
    """
    written = Run.open(folder).job()
    if written["verb"] != "capture":
        raise WrongInput(f"{folder} was not made by capture but by {written['verb']!r}")
    job = from_json(CaptureJob, written["job"], "capture")
    # Alone first: a manifest read before another resume ends would be published over a fuller one.
    with alone(folder):
        writer = reopen_archive(folder)
        if not writer.manifest.complete:
            _check_unchanged(folder, writer.manifest, _first_manifest(job))
        return _Capture(job, folder, console, crew).run(writer)


def _check_unchanged(folder: Path, before: Manifest, now: Manifest) -> None:
    """Refuse to add to a data set what another version of the environment plays."""
    if to_json(before.source) == to_json(now.source):
        return
    old, new = (part.source["world"].get("versions", {}) for part in (before, now))
    changed = [
        f"{name} was {old.get(name)} and is {new.get(name)}" for name in new if old.get(name) != new[name]
    ]
    reason = "; ".join(changed) or "its environment or job is described differently now"
    raise WrongInput(f"cannot resume {folder}: {reason}; go back, or capture into a new folder")


def _first_manifest(job: CaptureJob) -> Manifest:
    """The manifest before the first episode; makes the world once, so that wrong input is refused early."""
    if job.run is None:
        job.policy_config()
    world = job.world()
    try:
        job.actor(world)
        world.reset(numpy_generator(job.seed, "episode", 0))
        height, width, channel = world.frame().shape
        source = {
            "world": world.description(),
            "policy": job.actor_source(),
            "seed": job.seed,
            "episodes": job.episodes,
            "max_steps": job.max_steps,
            "stride": job.stride,
        }
    finally:
        world.close()
    shape = (height, width, channel)
    return Manifest(
        source=source,
        frame_shape=shape,
        action_space=world.action_space,
        factors=world.factors,
        chunk=chunk_frames(shape),
        files={},
    )


def _recorder(job: CaptureJob, folder: Path, worker: int) -> Any:
    """What a worker does: play the episode of a number and stage it; returns the worker's memory in bytes."""
    world = job.world()
    policy = job.actor(world)
    cut = Cut(max_steps=job.max_steps, stride=job.stride)

    def work(index: int) -> int:
        try:
            episode = record(world, policy, numpy_generator(job.seed, "episode", index), cut)
            stage(folder, index, episode, worker)
        except BrokeWhileWorking as error:
            raise BrokeWhileWorking(f"{job.env}, episode {index}, {error}") from error
        except OSError as error:
            raise BrokeWhileWorking(_trouble(error)) from error
        return peak_memory()

    return work


def _trouble(error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "disk full" if full else f"cannot write {error.filename or ''}: {error.strerror}"


class _Capture:
    """One capture: hands out episodes, commits them in order, says how long it takes."""

    def __init__(self, job: CaptureJob, folder: Path, console: Console, crew: Crew) -> None:
        self._job = job
        self._folder = folder
        self._console = console
        self._crew = crew
        self._pace = Pace()

    def run(self, writer: ArchiveWriter) -> dict[str, Any]:
        """Complete the data set of a folder that this process holds; what it holds then, as numbers."""
        if not writer.manifest.complete:
            self._guarded(writer)
        close_stages(self._folder)
        return summary(open_data(self._folder))

    def _guarded(self, writer: ArchiveWriter) -> None:
        """Record; whatever happens, what can be committed is, and the sentence says how to go on."""
        try:
            open_stages(self._folder)
            self._record(writer)
            writer.finish()
        except (OSError, BrokeWhileWorking, KeyboardInterrupt) as error:
            with suppress(OSError, BrokeWhileWorking):
                release_reserve(self._folder)
            self._keep(writer)
            if isinstance(error, KeyboardInterrupt):
                raise
            reason = _trouble(error) if isinstance(error, OSError) else str(error)
            kept = f"{len(writer.manifest.episodes)} episodes are kept in {self._folder}"
            remedy = "free space and run" if reason == "disk full" else "to go on, run"
            raise BrokeWhileWorking(f"{reason}; {kept}; {remedy}: reverie resume {self._folder}") from error

    def _keep(self, writer: ArchiveWriter) -> None:
        """Commit what is whole; the first try may only tell of a chunk that failed beside what was played."""
        for _ in range(2):
            with suppress(OSError, BrokeWhileWorking):
                writer.commit()
                drop_stages(self._folder, len(writer.manifest.episodes))

    def _record(self, writer: ArchiveWriter) -> None:
        total = self._job.episodes
        estimate = Estimate(total, writer.episodes, self._console)
        make_work = partial(_recorder, self._job, self._folder.absolute())
        with self._console.track(f"capture {self._job.env}", total, writer.episodes) as tracker:
            self._take(writer, tracker)
            missing = (index for index in range(writer.episodes, total) if self._missing(writer, index))
            with self._crew.open(make_work, "episode", self._console) as executor:
                for _, memory in executor.work_through(missing):
                    self._take(writer, tracker)
                    estimate.update(writer, memory * self._crew.others)
        assert writer.episodes == total, "an episode was staged and is gone"

    def _missing(self, writer: ArchiveWriter, index: int) -> bool:
        """Whether an episode must be played: it is not in the archive, and not staged by who was stopped."""
        return index >= writer.episodes and load_stage(self._folder, index) is None

    def _take(self, writer: ArchiveWriter, tracker: Tracker) -> None:
        """Move staged episodes into the archive while the next in order is there."""
        while writer.episodes < self._job.episodes:
            episode = load_stage(self._folder, writer.episodes)
            if episode is None:
                return
            writer.append(episode)
            tracker.advance(1, f"{writer.frames} frames")
            if self._pace.due():
                with self._pace.timed():
                    drop_stages(self._folder, writer.commit())
