"""An estimate of time and memory, measured on the first steps of the work itself."""

import sys
import time

from reverie.core.console import Console, duration

WARM_UP_STEPS = 3
MEASURED_SECONDS = 2.0
MEASURED_STEPS = 20


class Estimate:
    """Says once how long the rest will take and what memory it holds, after a few measured steps."""

    def __init__(self, steps: int, console: Console) -> None:
        self._steps = steps
        self._console = console
        self._done = 0
        self._measured = 0
        self._seconds = 0.0
        self._last: float | None = None
        self._said = False

    def step(self) -> None:
        """Count one step; the first ones are warm-up and not measured."""
        self._done += 1
        if self._said or self._done < WARM_UP_STEPS:
            return
        now = time.monotonic()
        if self._last is not None:
            self._measured += 1
            self._seconds += now - self._last
        self._last = now
        if self._seconds >= MEASURED_SECONDS or self._measured >= MEASURED_STEPS:
            self._said = True
            self._console.say(self._sentence(self._seconds / self._measured))

    def pause(self) -> None:
        """Something else than a step happens now, such as validation."""
        self._last = None

    def _sentence(self, seconds: float) -> str:
        left = (self._steps - self._done) * seconds
        memory = peak_memory()
        held = f", memory {memory / 2**30:.1f} GiB" if memory else ""
        return f"estimate: {duration(left)} for {self._steps} steps at {seconds * 1e3:.3g} ms{held}"


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
