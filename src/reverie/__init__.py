"""Reverie: learn what an environment looks like, find out what the representation knows."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.api import (
        adopt,
        audit,
        capture,
        dream,
        evaluate,
        export,
        export_data,
        fit,
        import_frames,
        load,
        look,
        make_data,
        make_pairs,
        metric,
        model,
        observe_codes,
        observe_frames,
        open_data,
        probe,
        report,
        resume,
        sb3_encoder,
        sb3_policy_kwargs,
        train,
    )

__all__ = [
    "adopt",
    "audit",
    "capture",
    "dream",
    "evaluate",
    "export",
    "export_data",
    "fit",
    "import_frames",
    "load",
    "look",
    "make_data",
    "make_pairs",
    "metric",
    "model",
    "observe_codes",
    "observe_frames",
    "open_data",
    "probe",
    "report",
    "resume",
    "sb3_encoder",
    "sb3_policy_kwargs",
    "train",
]


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__


def __getattr__(name: str) -> Any:
    """The verbs, loaded when first asked for, so that `import reverie` is quick."""
    if name not in __all__:
        raise AttributeError(f"module 'reverie' has no attribute {name!r}")
    from reverie import api

    return getattr(api, name)
