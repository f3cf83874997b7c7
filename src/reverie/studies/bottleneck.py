"""Bottleneck: linear codes find the principal components, and noise on the input makes codes robust."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from reverie.core.console import Console
from reverie.studies import _denoising, _no_error, _subspaces
from reverie.studies._digits import NOISE, digits
from reverie.studies._measured import NOTE, Quantity, Results, between, keys, measured, number, rows, seeds
from reverie.studies._study import StudyConfig, Verdict, thresholds


@dataclass(frozen=True, kw_only=True)
class BottleneckConfig(StudyConfig):
    """Dense autoencoders of scikit-learn's digits: linear against PCA, denoising against plain.

    Scale gpu has more seeds of the same; the digits are too small to fill more.
    """

    catalogue: ClassVar[str] = "A07"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Fit three linear autoencoders and two with hidden layers on one split of the digits; measure."""
        data = digits(seed)
        return (
            {"seed": seed}
            | _subspaces.compare(data.training, seed, folder, console)
            | _denoising.compare(data, seed, folder, console)
            | _no_error.gradients(data.training)
        )

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Failed when a theorem is violated, supported when noise helps in every way that was asked."""
        limits = thresholds("bottleneck")
        theorems, claims = _theorems(results, limits), _claims(results, limits)
        held = all(claims.values())
        status = "failed" if not all(theorems.values()) else "supported" if held else "not supported"
        return Verdict(status, theorems | claims, rows(results, _quantities(limits)), _text(results))


def _theorems(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    """What must hold for every seed, or something is wrong with the code."""
    angle = max(measured(results, f"angle_{size}").worst for size in _subspaces.CODE_SIZES)
    excess = max(measured(results, f"excess_{size}").worst for size in _subspaces.CODE_SIZES)
    lengths = measured(results, "length_with_error").values
    still = measured(results, "not_numbers").worst == 0 == measured(results, "length_without_error").worst
    saved = min(results, key=lambda result: result["nothing_noisy"] - result["denoising_noisy"])
    return {
        f"every linear autoencoder spans the PCA subspace within {limits['angle']:g} degrees": (
            angle < limits["angle"]
        ),
        f"its loss is within {limits['excess']:g} % of PCA's": excess < limits["excess"],
        "the unsquared loss D.7 has the gradient zero, and no NaN, where there is no error": still,
        "its gradient has the length 1 where there is an error": (
            max(abs(length - 1.0) for length in lengths) < limits["length"]
        ),
        "the denoising autoencoder does better than handing the noise through": (
            saved["denoising_noisy"] < saved["nothing_noisy"]
        ),
    }


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    """What the seeds may or may not support: the 95 % interval must lie on the right side."""
    low = {key: measured(results, key).interval[0] for key in ("saved", "saved_on_linear", "recognised_gain")}
    ratio = measured(results, "clean_ratio").interval[1]
    return {
        f"on noisy digits the denoising autoencoder errs at least {limits['saved']:g} % less than the plain "
        "one": low["saved"] >= limits["saved"],
        f"and at least {limits['saved_on_linear']:g} % less than the best linear map": (
            low["saved_on_linear"] >= limits["saved_on_linear"]
        ),
        "on clean digits the plain autoencoder wins or ties": ratio <= limits["clean_ratio"],
        "noise makes codes robust: at least "
        f"{limits['recognised_gain']:g} points more of the noisy digits are near clean codes of their name": (
            low["recognised_gain"] >= limits["recognised_gain"]
        ),
    }


def _quantities(limits: dict[str, Any]) -> list[Quantity]:
    return [*_linear(limits), *_noisy(limits), *_corner()]


def _linear(limits: dict[str, Any]) -> list[Quantity]:
    sizes = _subspaces.CODE_SIZES
    angle, excess = f"< {limits['angle']:g}", f"< {limits['excess']:g}"
    words = "largest angle to PCA"
    return [
        *(Quantity(f"angle_{size}", f"{words}, {size} units, degrees", angle) for size in sizes),
        *(
            Quantity(f"untrained_angle_{size}", f"{words} before learning, {size} units, degrees")
            for size in sizes
        ),
        *(Quantity(f"excess_{size}", f"loss above PCA's, {size} units, %", excess) for size in sizes),
    ]


def _noisy(limits: dict[str, Any]) -> list[Quantity]:
    saved, linear = f">= {limits['saved']:g}", f">= {limits['saved_on_linear']:g}"
    named = f"noisy digits named rightly by the {_denoising.NEIGHBOURS} nearest clean codes, %"
    errors = {
        "plain_noisy": "noisy: plain autoencoder",
        "denoising_noisy": "noisy: denoising autoencoder",
        "linear_noisy": "noisy: best linear map (Wiener)",
        "mean_noisy": "noisy: mean training digit",
        "pca_noisy": f"noisy: PCA, {_denoising.CODE_SIZE} components",
        "nothing_noisy": "noisy: handed through",
        "plain_clean": "clean: plain autoencoder",
        "denoising_clean": "clean: denoising autoencoder",
    }
    return [
        *(Quantity(key, f"squared error a digit, {words}", decimals=3) for key, words in errors.items()),
        Quantity("saved", "error of denoising below plain, noisy, %", saved),
        Quantity("saved_on_linear", "error of denoising below best linear map, noisy, %", linear),
        Quantity("clean_ratio", "error of plain over denoising, clean", f"<= {limits['clean_ratio']:g}"),
        Quantity("plain_recognised", f"{named}: plain"),
        Quantity("denoising_recognised", f"{named}: denoising"),
        Quantity("recognised_gain", "difference of these two, points", f">= {limits['recognised_gain']:g}"),
    ]


def _corner() -> list[Quantity]:
    return [
        Quantity("not_numbers", "entries that are not numbers in the gradient of D.7 at zero error", "0"),
        Quantity("not_numbers_written_out", "the same with the square root written out"),
        Quantity("length_without_error", "length of the gradient of D.7 at an image without error", "0"),
        Quantity("length_with_error", "length of the gradient of D.7 at an image with error", "1"),
    ]


def _text(results: Results) -> str:
    question = "Does a linear bottleneck find what PCA computes? Does noise on the input make codes robust?"
    return "\n\n".join([question, _like_pca(results), _robust(results), _still(results), NOTE])


def _like_pca(results: Results) -> str:
    angle = max(measured(results, f"angle_{size}").worst for size in _subspaces.CODE_SIZES)
    excess = max(measured(results, f"excess_{size}").worst for size in _subspaces.CODE_SIZES)
    sizes = ", ".join(map(str, _subspaces.CODE_SIZES))
    return (
        f"Linear autoencoders with {sizes} units, fitted by {_subspaces.STEPS} steps on 1400 of "
        f"scikit-learn's 8 x 8 digits, are compared with PCA: over {seeds(results)} the largest "
        f"principal angle between the subspaces is {number(angle)} degrees, and the loss is at most "
        f"{number(max(excess, 0.0))} % above PCA's."
    )


def _robust(results: Results) -> str:
    error = {key: number(measured(results, key).mean, 2) for key in keys(results)}
    named = {key: number(measured(results, f"{key}_recognised").mean) for key in ("plain", "denoising")}
    saved = measured(results, "saved")
    return (
        f"In an autoencoder with {_denoising.HIDDEN[0]} hidden units and a code of {_denoising.CODE_SIZE}, "
        f"held-out digits with noise of deviation {NOISE:g} are rebuilt with a squared error of "
        f"{error['denoising_noisy']} where the encoder learnt with such noise, and of "
        f"{error['plain_noisy']} where it did not: the saving is {number(saved.mean)} % (95 % interval "
        f"{between(saved)}). The mean training digit errs by {error['mean_noisy']}, the best linear map, "
        f"which is told the noise, by {error['linear_noisy']}. On clean digits the errors are "
        f"{error['denoising_clean']} with denoising and {error['plain_clean']} without. The "
        f"{_denoising.NEIGHBOURS} nearest codes of clean training digits name {named['denoising']} % of "
        f"the noisy ones rightly with denoising, {named['plain']} % without."
    )


def _still(results: Results) -> str:
    length = number(measured(results, "length_without_error").worst)
    counts = [number(measured(results, f"not_numbers{part}").worst) for part in ("", "_written_out")]
    return (
        "Where an image is rebuilt without error, the gradient of the unsquared loss |x' - x| (eq. D.7 of "
        f"Algorithms for Decision Making) has the length {length}, and {counts[0]} of its entries are not "
        f"numbers; with the square root written out, {counts[1]} are not."
    )
