"""More bugs for `mutants.py`, in rooms beside the spine: name, file, right words, wrong words, tests."""

WIDE = [
    (
        "a partner looks for its image, not the image for its partner",
        "ops/contrast.py",
        "log_softmax(dim=2)",
        "log_softmax(dim=1)",
        "tests/ops/test_contrast.py",
    ),
    (
        "redundancy counts each unit with itself",
        "ops/contrast.py",
        "covariance.square().sum() - covariance.diagonal().square().sum()",
        "covariance.square().sum()",
        "tests/ops/test_contrast.py",
    ),
    (
        "Student's interval has one degree of freedom too many",
        "ops/intervals.py",
        "confidence / 2, count - 1)",
        "confidence / 2, count)",
        "tests/ops/test_intervals.py",
    ),
    (
        "an augmented frame is always shifted to the same side",
        "nn/augment.py",
        "torch.randint(2 * furthest + 1,",
        "torch.randint(furthest + 1,",
        "tests/nn/test_augment.py",
    ),
    (
        "the importance-weighted bound is a sum, not a mean",
        "nn/likelihood.py",
        "log_total - math.log(samples)",
        "log_total",
        "tests/nn/test_likelihood.py",
    ),
    (
        "the density of a drawn code is taken of the prior's",
        "nn/likelihood.py",
        "(codes, belief.location, belief.log_variance)",
        "(codes, zeros, belief.log_variance)",
        "tests/nn/test_likelihood.py",
    ),
]
