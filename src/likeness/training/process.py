"""The training process: load Keras quietly, keep freed memory, report progress.

TensorFlow writes messages about the CPU to standard error before any setting can suppress them.
They disturb progress bars, but a library must not hide them, so only the command line and the
worker processes use `load_keras`.

TensorFlow allocates and frees large buffers at every step. glibc maps and unmaps each of them, so
that a third of the CPU time of a short training is spent on page faults. `mallopt(3)` turns that
off for this process; other C libraries are unaffected.

On a processor with AVX2 but without VNNI, TensorFlow leaves oneDNN's convolutions off. A step of
the default recipe takes two thirds of the CPU time with them.
"""

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from likeness.errors import require_extra


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """The progress of a training.

    Args:
        stage: "choosing" (some people held out) or "final" (on everybody).
        step: batches done in this stage.
        steps: most batches of this stage.
        loss: mean of the epoch so far.
        held_out_auc: after the last epoch; None before, or without held-out people.
    """

    stage: str
    step: int
    steps: int
    loss: float
    held_out_auc: float | None = None


OnProgress = Callable[[TrainingProgress], None]


TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}
"""What it reads from the environment while it is imported, if nobody else has set it."""


def load_keras() -> None:
    """Import Keras; its output is shown only if the import fails.

    Raises:
        MissingExtraError: Keras is not installed.
    """
    if "keras" in sys.modules:
        return
    for name, value in TENSORFLOW.items():
        os.environ.setdefault(name, value)
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


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however that ended.

    A parent that is killed by SIGTERM, or whose terminal was closed, ends nobody: its trainings
    would go on without anybody to hear of them.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int = parent.sentinel) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8


@cache
def keep_freed_memory() -> bool:
    """Configure glibc to keep freed memory; return whether it did. Once per process is enough."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: another system, or musl
        return False
    # Allocate buffers from few heaps that are never trimmed.
    settings = {_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: 2**31 - 1, _M_ARENA_MAX: 1}
    agreed = [mallopt(name, value) == 1 for name, value in settings.items()]
    return all(agreed)
