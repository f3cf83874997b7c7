"""Load agent: the controller of a training run, ready to act on what its world model knows."""

from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.searcher import Controllers
from reverie.core.world_model import Actor
from reverie.engine.evolve import WEIGHTS
from reverie.verbs.load import checksum
from reverie.verbs.load_model import LoadedModel, load_model
from reverie.verbs.train import TrainJob, controllers_of, read_job, read_parameters


@dataclass(frozen=True)
class LoadedAgent:
    """A finished run's controller, and the world model that it acts on."""

    run: Run
    job: TrainJob
    model: LoadedModel
    controllers: Controllers
    parameters: Float[Tensor, " parameter"]

    def actor(self, rows: int) -> Actor:
        """The controller, acting in so many rows."""
        return self.controllers.actor(self.parameters[None], rows)


def load_agent(folder: Path) -> LoadedAgent:
    """The controller of a finished run.

    Raises WrongInput when the run is not finished, its weights are altered or of another size, or its world
    model is gone or another one than it was trained on.
    """
    run = Run.open(folder)
    job = read_job(run)
    parameters = read_parameters(run)
    model = load_model(job.world_model)
    if checksum(model.run, job.world_model / WEIGHTS) != run.job().get("uses", {}).get("world_model"):
        raise WrongInput(
            f"the world model {job.world_model} changed since {folder} was trained on it; train anew"
        )
    controllers = controllers_of(job, model)
    agent = LoadedAgent(run, job, model, controllers, parameters)
    agent.actor(1)
    return agent
