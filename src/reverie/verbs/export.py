"""Write the encoder of a run as an ONNX file, for programs that have no torch."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import write_bytes
from reverie.core.representation import Representation
from reverie.core.seeds import torch_generator
from reverie.verbs.load import Loaded, load

INPUT = "RGB or grey frames: float32 in [0, 1] (bytes divided by 255), batch, channel, height, width"
OUTPUT = "mean of the posterior: float32, batch, unit"
TOLERANCE = 1e-5
"""Largest difference between torch and ONNX, in units of the largest code."""


class MeanCodes(nn.Module):
    """Frames to the mean of their posterior: what probes, agents and other programs read."""

    def __init__(self, representation: Representation) -> None:
        super().__init__()
        self.representation = representation

    def forward(
        self, frames: Float[torch.Tensor, "batch channel height width"]
    ) -> Float[torch.Tensor, "batch code"]:
        """The code of each frame."""
        return self.representation.encode(frames).mean.flatten(1)


def export(folder: Path, file: Path) -> dict[str, Any]:
    """Write the encoder of a finished run, and compare its codes with torch's; what was written.

    The batch may have any size; the input convention is in the file's metadata. Raises WrongInput for a run
    that is not finished, a file that exists or is not called *.onnx, and a missing extra; BrokeWhileWorking
    where ONNX cannot say what the encoder does.
    """
    if file.suffix != ".onnx":
        raise WrongInput(
            f"an exported encoder is an ONNX file, got {file}; name it {file.with_suffix('.onnx').name}"
        )
    if file.exists():
        raise WrongInput(f"{file} exists; choose another name or remove it")
    onnx, runtime = _packages()
    loaded = load(folder)
    model = _converted(MeanCodes(loaded.representation).eval(), loaded)
    told = _metadata(loaded)
    onnx.helper.set_model_props(model, told)
    content = model.SerializeToString()
    difference = _difference(runtime, content, loaded)
    if difference > TOLERANCE:
        raise BrokeWhileWorking(
            f"the codes of {file} would differ from torch's by {difference:.2g}; nothing was written"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(file, content)
    return {"file": str(file), "bytes": len(content), "difference": difference, **told}


def _packages() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError:
        raise WrongInput(
            "ONNX is not installed; install it with: pip install 'reverie-worlds[onnx]'"
        ) from None
    return onnx, onnxruntime


def _converted(encoder: nn.Module, loaded: Loaded) -> Any:
    # Two frames: a batch of one would be taken for a size that never changes.
    frames = torch.zeros(2, *loaded.frame_shape)
    loud = logging.getLogger("torch.onnx")
    level = loud.level
    try:
        loud.setLevel(logging.ERROR)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                encoder, (frames,), dynamo=True, verbose=False,
                input_names=["frames"], output_names=["codes"],
                dynamic_shapes={"frames": {0: torch.export.Dim("batch", min=1)}},
            )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        reason = f"cannot be written as ONNX: {' '.join(str(error).split())[:200]}"
        raise BrokeWhileWorking(f"the encoder of {loaded.run.folder} {reason}") from error
    finally:
        loud.setLevel(level)
    assert program is not None
    return program.model_proto


def _metadata(loaded: Loaded) -> dict[str, str]:
    channel, height, width = loaded.frame_shape
    return {
        "made_by": "reverie",
        "run": loaded.run.name,
        "description": json.dumps(loaded.description),
        "input": INPUT,
        "frame_shape": json.dumps([channel, height, width]),
        "output": OUTPUT,
    }


def _difference(runtime: Any, content: bytes, loaded: Loaded) -> float:
    """How far ONNX Runtime's codes of random frames are from torch's, for batches of one and of five."""
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in (1, 5):
        frames = torch.rand(count, *loaded.frame_shape, generator=torch_generator(0, "export"))
        with torch.no_grad():
            codes = loaded.representation.encode(frames).mean.flatten(1).numpy()
        found = session.run(None, {"frames": frames.numpy()})[0]
        worst = max(worst, float(np.abs(found - codes).max() / max(1.0, np.abs(codes).max())))
    return worst
