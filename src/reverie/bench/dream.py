"""Speed of dreams at two published sizes, beside loops of one dream with and without a decoder."""

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import linear

from reverie.agents.linear_cma import LinearCMAConfig
from reverie.core.console import QUIET, Console
from reverie.core.searcher import Controllers
from reverie.core.seeds import torch_generator
from reverie.core.world import ActionSpace
from reverie.core.world_model import Precision, Starts, Surroundings
from reverie.envs.dream import DreamConfig, dream
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.terms.pixel import squared
from reverie.worldmodels.mdn_rnn import MDNRNN, MDNRNNConfig

CANDIDATES, ROLLOUTS, ROUNDS, LOOP_STEPS = 64, 16, 5, 300
MAX_STEPS, MEAN_LENGTH = 300, 300
"""Dreams are cut off at the one, and end by chance after the other on average: most die on the way."""
CAR_BOX = ActionSpace(None, np.array([-1, 0, 0], np.float32), np.array([1, 1, 1], np.float32))


@dataclass(frozen=True)
class Size:
    """Sizes of Ha & Schmidhuber 2018."""

    code: int
    hidden: int
    actions: ActionSpace
    controller: LinearCMAConfig


SIZES = {
    "car": Size(32, 256, CAR_BOX, LinearCMAConfig(inputs="zh")),
    "doom": Size(64, 512, ActionSpace(3), LinearCMAConfig(inputs="zhc", choice="threshold", bias=False)),
}


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Living latent steps of a core-second, on one thread: controller, draw, reward, end and all.

    64 candidates dream 16 times each, with random weights. Processor time, the median of rounds that take
    turns after one to warm up; nothing is compiled. `roofline`: steps that the two large products alone
    would allow, measured in the same turns. Loops of one dream know no batches; with a decoder they draw
    every frame, as often published.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = {"cpu": _cpu(), "bfloat16_in_hardware": _has_bfloat16()}
        for name, size in SIZES.items():
            found |= {f"{name}_{what}": rate for what, rate in _measure(size, name, console).items()}
    finally:
        torch.set_num_threads(before)
    return found


@torch.inference_mode()
def _measure(size: Size, name: str, console: Console) -> dict[str, float | int]:
    model, controllers, decode = _world_model(size), _controllers(size), _decoder(size)
    work: dict[str, Callable[[], int]] = {
        "fp32": lambda: _dreams(model, controllers, "float32"),
        "bf16": lambda: _dreams(model, controllers, "bfloat16"),
        "fp32_roofline": lambda: _products(model, torch.float32),
        "bf16_roofline": lambda: _products(model, torch.bfloat16),
        "one": lambda: _loop(model, controllers, None),
        "one_with_decoder": lambda: _loop(model, controllers, decode),
    }
    rates: dict[str, list[float]] = {what: [] for what in work}
    for turn in range(ROUNDS + 1):
        console.say(f"{name}: turn {turn} of {ROUNDS}")
        for what, steps in work.items():
            began = time.process_time()
            done = steps()
            rates[what].append(done / (time.process_time() - began))
    found = {what: round(statistics.median(each[1:])) for what, each in rates.items()}
    ratios = {
        f"{precision}_over_{other}": round(found[precision] / found[other], 1)
        for precision in ("fp32", "bf16")
        for other in ("one", "one_with_decoder")
    }
    return {**found, **ratios}


@torch.no_grad()
def _world_model(size: Size) -> MDNRNN:
    torch.manual_seed(0)
    surroundings = Surroundings(code_size=size.code, action_size=3, reward_mean=1.0, reward_deviation=1.0)
    model = MDNRNNConfig(hidden_size=size.hidden).build(surroundings)
    assert isinstance(model, MDNRNN)
    # An end has this chance at every step, whatever comes.
    model.head.weight[-1] = 0.0
    model.head.bias[-1] = float(np.log(1 / (MEAN_LENGTH - 1)) + np.log(model.config.end_emphasis))
    return model.eval()


def _controllers(size: Size) -> Controllers:
    return size.controller.build(size.actions, size.code, (size.hidden, size.hidden))


def _candidates(controllers: Controllers, count: int) -> torch.Tensor:
    generator = torch_generator(0, "candidates")
    return torch.empty(count, controllers.size).normal_(std=0.1, generator=generator)


def _starts(model: MDNRNN, count: int) -> Starts:
    mean = torch.empty(count, model.code_size).normal_(generator=torch_generator(0, "starts"))
    return Starts(mean, torch.zeros_like(mean), model.initial(count))


def _dreams(model: MDNRNN, controllers: Controllers, precision: Precision) -> int:
    actor = controllers.actor(_candidates(controllers, CANDIDATES), ROLLOUTS)
    config = DreamConfig(max_steps=MAX_STEPS, precision=precision)
    begin = _starts(model, ROLLOUTS)
    return int(dream(model, begin, actor, config, seed=0, population=CANDIDATES).lengths.sum())


def _products(model: MDNRNN, dtype: torch.dtype, rows: int = 1024, repeats: int = 8) -> int:
    """The products of a step and nothing else, with weights laid out beforehand."""
    width = model.code_size + model.action_size + model.hidden_sizes[0]
    for inner, outer in ((width, 4 * model.hidden_sizes[0]), model.head.weight.shape[::-1]):
        inputs, weights = torch.ones(rows, inner, dtype=dtype), torch.ones(outer, inner, dtype=dtype)
        packed = torch.ops.mkldnn._reorder_linear_weight(weights, None)
        for _ in range(repeats):
            torch.ops.mkldnn._linear_pointwise(inputs, packed, None, "none", [], "")
    return rows * repeats


def _decoder(size: Size) -> Callable[[torch.Tensor], torch.Tensor]:
    return ConvVAEConfig(code_size=size.code).build((3, 64, 64), squared).eval().decode


def _loop(model: MDNRNN, controllers: Controllers, decode: Callable[[torch.Tensor], Any] | None) -> int:
    """One dream as a lean loop by hand: batch of one, every operation on whole tensors."""
    actor, lstm, generator = controllers.actor(_candidates(controllers, 1), 1), model.lstm, torch.Generator()
    weights = [lstm.get_parameter(f"{part}_l0") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    weight, bias = torch.cat((weights[0], weights[1]), 1), weights[2] + weights[3]
    parts, size = model.config.mixtures, model.code_size
    code, (hidden, cell) = torch.zeros(1, size), model.initial(1)
    steps = LOOP_STEPS // 10 if decode else LOOP_STEPS
    for _ in range(steps):
        action = actor.act(code, (hidden, cell))
        gates = linear(torch.cat((code, action, hidden), 1), weight, bias)
        enter, forget, proposal, show = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * proposal.tanh()
        hidden = show.sigmoid() * cell.tanh()
        out = model.head(hidden)[0]
        logits, location, log_scale = out[: 3 * parts * size].view(3, size, parts)
        chosen = logits.softmax(1).multinomial(1, generator=generator)
        noise = torch.empty(size, 1).normal_(generator=generator)
        deviation = log_scale.gather(1, chosen).clamp(-7.0, 3.0).exp()
        code = (location.gather(1, chosen) + deviation * noise).view(1, size)
        float(out[-2])  # the reward
        bool(torch.empty(()).uniform_(generator=generator) < out[-1].sigmoid())  # the end, and on it goes
        if decode is not None:
            decode(code)
    return steps


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself (AVX512_BF16 or AMX), as far as torch tells."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
