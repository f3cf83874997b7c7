"""Making a world from the id of an environment."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from reverie.core.config import Config
from reverie.core.errors import WrongInput, unknown
from reverie.core.world import Factor, World
from reverie.envs.atari import NOOPS, atari, one_frame_a_step
from reverie.envs.camera import Camera, is_picture
from reverie.envs.car_racing import car_racing
from reverie.envs.cart_pole import cart_pole
from reverie.envs.doom import doom
from reverie.envs.fast import FAST, FastWorlds, fast_world
from reverie.envs.game import Game, observation_truth, the_observation
from reverie.envs.gymnasium_world import GymnasiumWorld, Plan
from reverie.envs.lunar_lander import lunar_lander
from reverie.envs.stack import Stacked

LARGEST = 4096
"""Largest side of a frame in pixels."""
MOST = 16
"""Most steps that an action lasts, and most frames in a stack."""


@dataclass(frozen=True, kw_only=True)
class WorldConfig(Config):
    """How an environment is looked at."""

    size: int = 64
    """Side of the square frames in pixels; 0 keeps the environment's own size."""
    frames: Literal["auto", "render", "observation"] = "auto"
    """Whether frames are rendered or are the observations; auto prefers image observations."""
    scenes: int = 0
    """Draw the scenery from a pool of so many; 0 draws a new one for every episode."""
    frame_skip: int = 1
    """Steps that every action lasts; rewards add up, and only the last step is seen."""
    max_pool: bool = False
    """Show the maximum of the last two steps, channel by channel, so that nothing flickers."""
    grey: bool = False
    """Luminance (ITU-R BT.709) instead of colours."""
    crop: bool = False
    """Keep proportions and cut out a square, instead of squashing the picture to a square."""
    frame_stack: int = 1
    """Number of latest frames in the channels of each frame."""
    options: dict[str, Any] = field(default_factory=dict)
    """Arguments for the environment, for instance {"frameskip": 1}."""
    engine: Literal["gymnasium", "envpool"] = "gymnasium"
    """Who plays and draws: Gymnasium, or EnvPool, which is several times as fast (CarRacing-v3)."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be."""
        if not 0 <= self.size <= LARGEST:
            raise WrongInput(f"size must be from 0 to {LARGEST} pixels, got {self.size}")
        for name in ("frame_skip", "frame_stack"):
            if not 1 <= getattr(self, name) <= MOST:
                raise WrongInput(f"{name} must be from 1 to {MOST}, got {getattr(self, name)}")
        if self.crop and not self.size:
            raise WrongInput("crop cuts out a square of a chosen size; size 0 keeps the whole picture")
        if self.scenes < 0:
            raise WrongInput(f"scenes must be 0 or more, got {self.scenes}")


def make_world(env_id: str, config: WorldConfig) -> World:
    """The world behind an environment id of Gymnasium, or `module:id` to import a module first.

    Raises WrongInput for an unknown id (with the nearest), options that the environment refuses, frames that
    it cannot give, and scenes where there is no scenery.
    """
    return _made(env_id, config, True)


def make_unseen_world(env_id: str, config: WorldConfig) -> World:
    """The same world for who acts blind: its frames may be missing, which makes some worlds much faster.

    Rewards and ends are those of the world that is seen.
    """
    return _made(env_id, config, False)


def make_fast_worlds(env_id: str, config: WorldConfig, threads: int = 1) -> FastWorlds:
    """Worlds of an environment that EnvPool plays, stepped in one batch; `threads` share the work.

    Raises WrongInput for what EnvPool does not play or show, and where it is not installed.
    """
    _check_fast(env_id, config)
    camera = Camera(size=config.size, grey=config.grey, crop=config.crop)
    return FastWorlds(camera, config.options, threads)


def _made(env_id: str, config: WorldConfig, seen: bool) -> World:
    if config.engine == "envpool":
        return _made_fast(env_id, config)
    _check_known(env_id)
    options = dict(config.options)
    game = _known_game(env_id, config, options, seen)
    plain = _make(env_id, options)
    observed = game is not None and game.observe is not the_observation
    frames = _choose_frames(plain, env_id, config.frames, observed)
    game = game or _unknown_game(plain, frames)
    mode = {"render_mode": "rgb_array"} if frames == "render" else {}
    if mode:
        plain.close()
    camera = Camera(size=config.size, grey=config.grey, crop=config.crop, cut=game.cut)
    plan = Plan(
        env=env_id,
        frames=frames,
        camera=camera,
        frame_skip=config.frame_skip,
        max_pool=config.max_pool,
        scenes=config.scenes,
        options={**options, **game.options},
    )
    make = partial(_make, env_id, options | mode)
    world = GymnasiumWorld(make, game, plan, make() if mode else plain)
    return Stacked(world, config.frame_stack) if config.frame_stack > 1 else world


def _made_fast(env_id: str, config: WorldConfig) -> World:
    worlds = make_fast_worlds(env_id, config)
    options = config.options | {"tracks": "envpool"}
    plain = replace(config, engine="gymnasium", frame_stack=1, options=options)
    world = fast_world(worlds, config.options, _made(env_id, plain, True))
    return Stacked(world, config.frame_stack) if config.frame_stack > 1 else world


def _check_fast(env_id: str, config: WorldConfig) -> None:
    if env_id != FAST:
        raise WrongInput(f"EnvPool plays {FAST} here, and not {env_id}; leave out --engine envpool")
    refused = {
        "frames render": config.frames == "render",
        f"frame_skip {config.frame_skip}": config.frame_skip > 1,
        "max_pool": config.max_pool,
        f"scenes {config.scenes}": config.scenes > 0,
    }
    for name, given in refused.items():
        if given:
            raise WrongInput(f"EnvPool's {FAST} has no {name}; leave it out, or play with --engine gymnasium")


def _known_game(env_id: str, config: WorldConfig, options: dict[str, Any], seen: bool) -> Game | None:
    """The game with a file of its own; takes what the game itself understands out of `options`."""
    name = env_id.rpartition(":")[2]
    if name.startswith("LunarLander"):
        return lunar_lander(config.scenes)
    if config.scenes:
        raise WrongInput(f"{env_id} has no scenery to draw from a pool; leave out scenes {config.scenes}")
    if name.startswith("CartPole-"):
        return cart_pole()
    if name.startswith("CarRacing-"):
        return car_racing(options)
    if name.startswith("Vizdoom"):
        return doom(name, options, seen)
    if (cartridge := _cartridge(name)) is not None:
        if config.max_pool or config.frame_skip > 1:
            one_frame_a_step(name, options)
        return atari(cartridge, options.pop("noops", NOOPS))
    return None


def _unknown_game(env: Any, frames: str) -> Game:
    """Any other environment: its state or its observation vector is the truth, where it has one."""
    space = env.observation_space
    if type(space).__name__ == "Discrete":
        # What Taxi draws follows from what it has drawn before, so it draws every state.
        return Game(factors=(Factor("state", "number"),), truth=observation_truth, step_undrawn=_draw)
    if frames == "observation" or type(space).__name__ != "Box" or len(space.shape) != 1:
        return Game()
    names = tuple(Factor(f"observation_{index}", "as observed") for index in range(space.shape[0]))
    return Game(factors=names, truth=observation_truth)


def _draw(env: Any) -> None:
    env.render()


def _choose_frames(env: Any, env_id: str, wanted: str, observed: bool) -> Literal["render", "observation"]:
    picture = observed or is_picture(env.observation_space)
    modes = env.metadata.get("render_modes", [])
    if wanted == "observation" and not picture:
        raise WrongInput(f"the observations of {env_id} are no images; choose frames 'render'")
    if picture and wanted != "render":
        return "observation"
    if "rgb_array" not in modes:
        raise WrongInput(
            f"{env_id} cannot be seen: it has no render mode 'rgb_array' and no image observations"
        )
    return "render"


def _check_known(env_id: str) -> None:
    """Refuse an id that Gymnasium does not have, before anything is made."""
    import gymnasium

    if ":" in env_id:
        return
    atari_here = _register_atari(gymnasium)
    doom_here = env_id.startswith("Vizdoom") and _register_doom()
    if env_id in gymnasium.registry or re.sub(r"-v\d+$", "", env_id) in gymnasium.registry:
        return
    if env_id.startswith("ALE/") and not atari_here:
        raise WrongInput(
            f"{env_id} needs the Atari games; install them with: pip install 'reverie-worlds[atari]'"
        )
    if env_id.startswith("Vizdoom") and not doom_here:
        raise WrongInput(f"{env_id} needs ViZDoom; install it with: pip install 'reverie-worlds[doom]'")
    raise unknown("environment", env_id, gymnasium.registry)


def _register_atari(gymnasium: Any) -> bool:
    try:
        import ale_py
    except ImportError:
        return False
    gymnasium.register_envs(ale_py)
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner in the middle of our output
    return True


def _register_doom() -> bool:
    try:
        import vizdoom.gymnasium_wrapper  # noqa: F401
    except ImportError:
        return False
    return True


def _cartridge(name: str) -> str | None:
    """The Atari game behind an id, as in "space_invaders"; None for other environments."""
    import gymnasium

    spec = gymnasium.registry.get(name)
    return spec.kwargs["game"] if spec is not None and spec.entry_point == "ale_py.env:AtariEnv" else None


def _make(env_id: str, options: dict[str, Any]) -> Any:
    import gymnasium

    if sys.platform == "linux" and not os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
        # There is no screen: without this pygame complains about it aloud.
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    make: Callable[..., Any] = gymnasium.make
    try:
        return make(env_id, disable_env_checker=True, **options)
    except gymnasium.error.DependencyNotInstalled as error:
        raise WrongInput(f"{env_id} needs a package that is not installed: {_flat(error)}") from error
    except ModuleNotFoundError as error:
        raise WrongInput(
            f"{env_id} needs a module that is not here: {_flat(error)}; go to its folder, or install it"
        ) from error
    except Exception as error:  # environments refuse arguments in their own ways
        given = f" with options {options}" if options else ""
        raise WrongInput(f"cannot make {env_id}{given}: {_flat(error)}") from error


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
