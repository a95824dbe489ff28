"""One process that trains: Keras is loaded quietly, freed memory is kept, progress is told.

TensorFlow writes lines about the processor to standard error before any setting of its own
can stop it. On a terminal with progress bars they are noise; in a library they are the
user's, so only the command line and the worker processes load it with `load_keras`.

TensorFlow allocates and frees large buffers at every step. glibc maps each of them anew and
unmaps it, so that a third of the processor time of a short training goes to the system's page
faults. `mallopt(3)` turns that off for this process; on other C libraries nothing happens.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from likeness.errors import require_extra


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """Where a training is.

    Args:
        stage: "choosing" (some people held out) or "final" (on everybody).
        step: batches learned from in this stage.
        steps: batches that this stage has at most.
        loss: mean of the epoch so far.
        held_out_auc: after the last epoch; None before, or without held-out people.
    """

    stage: str
    step: int
    steps: int
    loss: float
    held_out_auc: float | None = None


OnProgress = Callable[[TrainingProgress], None]


def load_keras() -> None:
    """Import Keras; what it prints meanwhile is shown only if it fails.

    Raises:
        MissingExtraError: Keras is not installed.
    """
    if "keras" in sys.modules:
        return
    # From here on TensorFlow heeds this one itself.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            require_extra("keras", extra="train")
        except Exception:  # Ctrl-C is not a failure
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8


@cache
def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; return whether it agreed. Once a process is enough."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: another system, or musl
        return False
    # Buffers come from the heap, whose end is never given back, and from few heaps.
    settings = {_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: 2**31 - 1, _M_ARENA_MAX: 1}
    agreed = [mallopt(name, value) == 1 for name, value in settings.items()]
    return all(agreed)
