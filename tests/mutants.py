"""Plant named bugs, one at a time, and see that each turns a test red: `make mutants`.

A mutant that survives is a hole in the tests. The project's own files are never touched: every bug is planted
into a copy of the sources, and the tests that should see it run against that copy.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from planted import WIDE

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutant:
    """A bug: in this file, these words become those; these tests must notice."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


MUTANTS = [
    Mutant(
        "the divergence has the wrong sign",
        "core/posterior.py",
        "return 0.5 * (self.log_variance.exp()",
        "return -0.5 * (self.log_variance.exp()",
        "tests/core/test_posterior.py",
    ),
    Mutant(
        "the divergence misses its half",
        "core/posterior.py",
        "return 0.5 * (self.log_variance.exp()",
        "return 1.0 * (self.log_variance.exp()",
        "tests/core/test_posterior.py",
    ),
    Mutant(
        "the noise is scaled by the variance",
        "core/posterior.py",
        "torch.exp(0.5 * self.log_variance) * noise",
        "torch.exp(self.log_variance) * noise",
        "tests/core/test_posterior.py",
    ),
    Mutant(
        "the sample is detached from its mean",
        "core/posterior.py",
        "return self.location + torch.exp",
        "return self.location.detach() + torch.exp",
        "tests/core/test_posterior.py tests/contracts/test_representations.py",
    ),
    Mutant(
        "noise comes from the global seed",
        "core/posterior.py",
        ".normal_(generator=generator)",
        ".normal_()",
        "tests/core/test_posterior.py tests/contracts/test_representations.py",
    ),
    Mutant(
        "the decoder's parameters are forgotten",
        "nn/autoencoder.py",
        'Player("autoencoder", self.parameters, self.loss)',
        'Player("autoencoder", self.encoder.parameters, self.loss)',
        "tests/contracts/test_representations.py",
    ),
    Mutant(
        "the squared error is a mean over pixels",
        "terms/pixel.py",
        "(view.prediction - view.frames).square().flatten(1).sum(1)",
        "(view.prediction - view.frames).square().flatten(1).mean(1)",
        "tests/terms",
    ),
    Mutant(
        "free bits are a ceiling",
        "terms/kl.py",
        "kl.clamp(min=self.free_bits).sum(1)",
        "kl.clamp(max=self.free_bits).sum(1)",
        "tests/terms",
    ),
    Mutant(
        "the feature network sees red as blue",
        "nn/feature_networks/network.py",
        '"RGB".index(channel)',
        '"BGR".index(channel)',
        "tests/nn",
    ),
    Mutant(
        "the truth is one step behind its frame",
        "engine/rollout.py",
        "factors=np.stack(self._factors)",
        "factors=np.stack(self._factors[:1] + self._factors[:-1])",
        "tests/envs tests/engine/test_rollout.py",
    ),
    Mutant(
        "an end is taken for a time limit",
        "engine/rollout.py",
        'return "terminated"',
        'return "truncated"',
        "tests/contracts/test_worlds.py tests/engine/test_rollout.py",
    ),
    Mutant(
        "probes are split by frame",
        "ops/groups.py",
        "    names = np.unique(episodes)\n",
        "    episodes = np.arange(len(episodes))\n    names = np.unique(episodes)\n",
        "tests/metrics tests/ops tests/contracts/test_metrics.py",
    ),
    Mutant(
        "the penalty is chosen on folds that share episodes",
        "ops/groups.py",
        "    names, which = np.unique(episodes, return_inverse=True)\n",
        "    names, which = np.unique(np.arange(len(episodes)), return_inverse=True)\n",
        "tests/metrics tests/ops tests/contracts/test_metrics.py",
    ),
    Mutant(
        "a resumed fit forgets the state of its noise",
        "engine/fit.py",
        '        self.generator.set_state(found.tensors["generators"]["fit"].cpu())\n',
        "",
        "tests/engine/test_fit.py",
    ),
    Mutant(
        "a resumed fit forgets the moments of its optimiser",
        "engine/fit.py",
        '        checkpoint.restore_optimisers(self.optimisers, found.tensors["optimiser"])\n',
        "",
        "tests/engine/test_fit.py",
    ),
    Mutant(
        "early stopping keeps the last weights",
        "engine/fit.py",
        "            self.setup.module.load_state_dict(self.best)\n",
        "            pass\n",
        "tests/engine/test_fit.py",
    ),
    Mutant(
        "an altered weight file is read",
        "engine/checkpoint.py",
        "sha256(file) != expected_sha256",
        "False",
        "tests/engine/test_fit.py",
    ),
    Mutant(
        "the plateau waits one epoch too long",
        "engine/plan.py",
        "self.stalled >= plan.plateau_patience",
        "self.stalled > plan.plateau_patience",
        "tests/engine/test_fit.py",
    ),
    Mutant(
        "a frozen network's statistics follow the frames",
        "nn/feature_networks/network.py",
        "return super().train(False)",
        "return super().train(mode)",
        "tests/nn/test_feature_networks.py",
    ),
    Mutant(
        "features are multiplied by their deviation",
        "nn/features.py",
        "values / self.deviations",
        "values * self.deviations",
        "tests/representations/test_feature_ae.py",
    ),
    Mutant(
        "the encoder of features sees the image",
        "representations/feature_ae.py",
        'if sees == "i"',
        'if sees in "if"',
        "tests/representations/test_feature_ae.py",
    ),
    Mutant(
        "perceptual similarity compares pixels",
        "representations/feature_ae.py",
        'perceptual if self.wiring == "f-i-ps" else squared',
        "squared",
        "tests/representations/test_feature_ae.py",
    ),
    Mutant(
        "features are predicted twice too large",
        "nn/feature_predictor.py",
        "return self.decoder(codes)",
        "return 2 * self.decoder(codes)",
        "tests/representations/test_feature_ae.py",
    ),
    Mutant(
        "the untrained encoder looks through another network",
        "verbs/load.py",
        "if isinstance(part, Features):",
        "if isinstance(part, Features) and not name:",
        "tests/verbs/test_feature_wirings.py",
    ),
    *(Mutant(*words) for words in WIDE),
]


def main() -> int:
    """Plant every bug; returns the number that no test noticed."""
    tests = sorted({test for mutant in MUTANTS for test in mutant.tests.split()})
    if _run(tests, ROOT / "src").returncode != 0:
        print("the tests fail without any planted bug; mend them first")
        return len(MUTANTS)
    survivors = [mutant for mutant in MUTANTS if not _noticed(mutant)]
    print(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} planted bugs were noticed")
    return len(survivors)


def _noticed(mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "src"
        shutil.copytree(ROOT / "src", sources, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        file = sources / "reverie" / mutant.file
        text = file.read_text()
        assert text.count(mutant.right) >= 1, f"{mutant.name}: {mutant.file} has no {mutant.right!r}"
        file.write_text(text.replace(mutant.right, mutant.wrong))
        done = _run(mutant.tests.split(), sources)
    # Status 1 is a failed test; anything else (no tests, a crash at import) proves nothing.
    said = next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), "no test failed")
    print(f"{'noticed ' if done.returncode == 1 else 'SURVIVED'}  {mutant.name}: {said[:120]}", flush=True)
    return done.returncode == 1


def _run(tests: list[str], sources: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not learning",
        *tests,
    ]
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
