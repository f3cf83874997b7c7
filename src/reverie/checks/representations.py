"""What every representation promises; run over our own in the tests, and by plugins over theirs.

Each check takes a representation that was built with a reconstruction term, and frames that it can see; it
raises AssertionError with the promise that is broken. `ALL` holds the checks by name.
"""

import copy
import math
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.overrides import TorchFunctionMode

from reverie.core.errors import WrongInput
from reverie.core.posterior import Point
from reverie.core.representation import EncoderOnly, Losses, Representation

Images = Float[Tensor, "batch *frame"]


def encoding_gives_a_code_for_each_frame(representation: Representation, frames: Images) -> None:
    """The belief has one mean an image, of `code_size` numbers in all, and so has a sample."""
    posterior = representation.encode(frames)
    for codes in (posterior.mean, posterior.rsample(_generator()), posterior.kl()):
        assert len(codes) == len(frames), f"{len(frames)} frames became {len(codes)} codes"
        size = codes[0].numel()
        assert size == representation.code_size, f"code_size is {representation.code_size}, found {size}"


def decoding_inverts_the_shapes(representation: Representation, frames: Images) -> None:
    """Decoded codes have the frames' shape and finite values; an encoder alone refuses in one sentence."""
    if isinstance(representation, EncoderOnly):
        return _refuses_to_decode(representation, frames)
    decoded = representation.decode(representation.encode(frames).mean)
    assert decoded.shape == frames.shape, f"{tuple(frames.shape)} came back as {tuple(decoded.shape)}"
    assert decoded.isfinite().all(), "decoded frames are not numbers"


def gradient_reaches_every_parameter(representation: Representation, frames: Images) -> None:
    """No parameter is forgotten: each is held by one player, and that player's loss moves it."""
    learner = _copy(representation).train()
    held: list[int] = []
    for player in learner.players():
        learner.zero_grad(set_to_none=True)
        player.loss(_batch(learner, frames), _generator()).total().backward()
        own = {id(weights) for weights in player.parameters()}
        held += own
        still = [
            name
            for name, weights in learner.named_parameters()
            if id(weights) in own and (weights.grad is None or not weights.grad.any())
        ]
        assert not still, f"the loss of {player.name} does not move {', '.join(still)}"
    forgotten = [name for name, weights in learner.named_parameters() if held.count(id(weights)) != 1]
    assert not forgotten, f"not held by exactly one player: {', '.join(forgotten)}"


def losses_are_finite_and_one_an_image(representation: Representation, frames: Images) -> None:
    """Every term is a vector over the batch, and has a weight."""
    for losses in _losses(representation, frames):
        assert losses.terms.keys() == losses.weights.keys(), "terms and weights must have the same names"
        for name, term in losses.terms.items():
            assert term.shape == (len(frames),), f"term {name} has the shape {tuple(term.shape)}"
            assert term.isfinite().all(), f"term {name} is not a number"


def divergence_is_not_negative(representation: Representation, frames: Images) -> None:
    """The divergence from the prior is at least zero in every unit, in nats."""
    lowest = representation.encode(frames).kl().min().item()
    assert lowest >= -1e-5, f"a divergence of {lowest:.3g} nats"


def encoding_does_not_depend_on_chance(representation: Representation, frames: Images) -> None:
    """In evaluation mode the same frames give the same belief."""
    with _evaluating(representation):
        first, second = representation.encode(frames), representation.encode(frames)
    assert torch.equal(first.mean, second.mean), "the mean changes from call to call"
    assert torch.equal(first.kl(), second.kl()), "the belief changes from call to call"


def images_do_not_touch_each_other(representation: Representation, frames: Images) -> None:
    """In evaluation mode an image's belief and picture do not depend on the rest of the batch."""
    with _evaluating(representation):
        codes = representation.encode(frames).mean
        alone = torch.cat([representation.encode(frame).mean for frame in frames.split(1)])
        assert torch.allclose(codes, alone, atol=1e-4), "codes depend on the other frames of the batch"
        if isinstance(representation, EncoderOnly):
            return
        decoded = representation.decode(codes)
        decoded_alone = torch.cat([representation.decode(code) for code in codes.split(1)])
    assert torch.allclose(decoded, decoded_alone, atol=1e-4), "pictures depend on the rest of the batch"


def a_batch_costs_the_mean_of_its_images(representation: Representation, frames: Images) -> None:
    """In evaluation mode the total is the mean of the weighted terms: no coupling, no hidden factor."""
    with _evaluating(representation):
        for losses in _losses(representation, frames):
            each = sum(losses.weights[name] * term for name, term in losses.terms.items())
            assert isinstance(each, Tensor)
            _assert_near(losses.total().item(), each.mean().item(), "the total is not the mean over images")


def doubling_the_batch_leaves_the_loss(representation: Representation, frames: Images) -> None:
    """In evaluation mode two copies of a batch cost what one does, where samples are the belief's mean.

    Not asked of a loss that says that it compares the images of a batch.
    """
    if representation.compares:
        return
    with _evaluating(representation), _without_noise():
        once = _mean_total(representation, frames)
        twice = _mean_total(representation, torch.cat([frames, frames]))
    assert math.isclose(once, twice, rel_tol=1e-4), f"{once:.6g} for a batch, {twice:.6g} for it twice"


def the_same_generator_gives_the_same_loss(representation: Representation, frames: Images) -> None:
    """All chance comes from the generator, in evaluation and in training: or a resumed fit differs."""
    with _evaluating(representation):
        _assert_equal_losses(*(_losses(representation, frames) for _ in range(2)))
    learners = [_copy(representation).train() for _ in range(2)]
    _assert_equal_losses(*(_losses(learner, frames) for learner in learners))


def another_seed_gives_another_sample(representation: Representation, frames: Images) -> None:
    """A belief that is no point has samples that differ with the generator's seed."""
    posterior = representation.encode(frames)
    same = torch.equal(posterior.rsample(_generator(1)), posterior.rsample(_generator(2)))
    assert same == isinstance(posterior, Point), "samples do not follow the generator"


def frames_stay_as_they_are(representation: Representation, frames: Images) -> None:
    """Neither encoding nor the loss changes the frames in place."""
    before = frames.clone()
    representation.encode(frames)
    _losses(representation, frames)
    assert torch.equal(before, frames), "frames were changed in place"


def saved_weights_come_back(representation: Representation, frames: Images) -> None:
    """The state of a representation, loaded into a changed copy, makes the same codes and pictures."""
    other = _copy(representation)
    with torch.no_grad():
        for weights in other.parameters():
            weights.add_(0.1)
    other.load_state_dict(representation.state_dict())
    with _evaluating(representation), _evaluating(other):
        codes = representation.encode(frames).mean
        assert torch.equal(codes, other.encode(frames).mean), "codes differ after loading"
        if isinstance(representation, EncoderOnly):
            return
        assert torch.equal(representation.decode(codes), other.decode(codes)), "pictures differ after loading"


Check = Callable[[Representation, Images], None]

ALL: dict[str, Check] = {
    check.__name__: check
    for check in (
        encoding_gives_a_code_for_each_frame,
        decoding_inverts_the_shapes,
        gradient_reaches_every_parameter,
        losses_are_finite_and_one_an_image,
        divergence_is_not_negative,
        encoding_does_not_depend_on_chance,
        images_do_not_touch_each_other,
        a_batch_costs_the_mean_of_its_images,
        doubling_the_batch_leaves_the_loss,
        the_same_generator_gives_the_same_loss,
        another_seed_gives_another_sample,
        frames_stay_as_they_are,
        saved_weights_come_back,
    )
}
"""Every promise by name."""


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _batch(representation: Representation, frames: Images) -> Any:
    """What its players learn from: the frames, or pairs of each frame and the one before it."""
    return frames if representation.pair_gap is None else (frames, frames.roll(1, dims=0))


def _refuses_to_decode(representation: Representation, frames: Images) -> None:
    try:
        representation.decode(representation.encode(frames).mean)
    except WrongInput:
        return
    raise AssertionError("an encoder alone must refuse to decode with WrongInput")


def _losses(representation: Representation, frames: Images) -> list[Losses]:
    batch = _batch(representation, frames)
    return [player.loss(batch, _generator()) for player in representation.players()]


def _mean_total(representation: Representation, frames: Images) -> float:
    return sum(losses.total().item() for losses in _losses(representation, frames))


def _copy(representation: Representation) -> Representation:
    return copy.deepcopy(representation)


@contextmanager
def _evaluating(representation: Representation):
    before = representation.training
    representation.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        representation.train(before)


@contextmanager
def _without_noise():
    """Draws of the normal distribution are its mean, so that a batch twice as long has the same samples."""

    class Still(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            found = func(*args, **(kwargs or {}))
            if func is torch.Tensor.normal_:
                given = dict(zip(("mean", "std"), args[1:], strict=False)) | (kwargs or {})
                return found.fill_(given.get("mean", 0.0))
            return torch.zeros_like(found) if func in (torch.randn, torch.randn_like) else found

    with Still():
        yield


def _assert_equal_losses(first: list[Losses], second: list[Losses]) -> None:
    for one, other in zip(first, second, strict=True):
        for name in one.terms:
            assert torch.equal(one.terms[name], other.terms[name]), f"term {name} draws from elsewhere"


def _assert_near(found: float, wanted: float, promise: str) -> None:
    assert math.isclose(found, wanted, rel_tol=1e-4), f"{promise}: {found:.7g} instead of {wanted:.7g}"
