"""Parallel trainings, each in its own process with one thread.

Small networks do not benefit from a second thread, but two trainings on two cores take the time of
one. One thread also makes a training reproducible.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from likeness.errors import LikenessError
from likeness.training.process import TENSORFLOW, TrainingProgress, end_with_parent, load_keras

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


class WorkerDiedError(LikenessError):
    """A training process ended without an answer."""


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """The progress of one of several trainings.

    Args:
        job: its index in the list.
        training: its progress; None when it is done.
    """

    job: int
    training: TrainingProgress | None


Job = Callable[[Callable[[TrainingProgress], None]], Any]
"""Takes a progress callback, returns a result. Both are pickled to and from another process."""


def run_side_by_side(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> list[Any]:
    """Run the jobs in processes of their own and return their results in order.

    Args:
        jobs: what to run; instances of module-level classes, so that they can be pickled.
        workers: most processes at a time; the number of cores if not given.
        on_progress: called in this process, on this thread.

    Raises:
        WorkerDiedError: a process was killed, by a lack of memory for example.
        LikenessError: whatever a job raised.
        KeyboardInterrupt: Ctrl-C; all processes are ended.
    """
    if not jobs:
        return []
    tell = on_progress or (lambda progress: None)
    count = min(len(jobs), workers or _available_cores())
    with _one_thread_each():
        context = _context()
        messages = context.Queue()
        with ProcessPoolExecutor(
            count, mp_context=context, initializer=_begin, initargs=(messages,)
        ) as pool:
            futures = [pool.submit(_run, number, job) for number, job in enumerate(jobs)]
            try:
                _follow(futures, messages, tell)
                return [future.result() for future in futures]
            except BrokenProcessPool as error:
                raise WorkerDiedError(
                    "a training process was killed, most often because memory ran out. "
                    "Close other programs, or run fewer trainings in parallel with `--jobs 1`."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():
                    process.terminate()
                raise


def _context() -> Any:
    """Return how processes begin: each afresh, or forked from one that imports Keras once.

    That one runs a single thread, so a fork of it is whole. Its settings must be there when it
    starts; Ctrl-C is the parent's to handle, while it imports, too.
    """
    if sys.platform != "linux":  # elsewhere system libraries do not bear a fork
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver  # late: other systems lack it

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["likeness.training.quiet_keras"])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _follow(
    futures: list["Future[Any]"], messages: Any, tell: Callable[[JobProgress], None]
) -> None:
    """Forward messages until every job is done; raise the exception of the first failing job."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
        with contextlib.suppress(queue.Empty):
            while True:
                tell(messages.get_nowait())
        for future in done:
            future.result()
            tell(JobProgress(job=futures.index(future), training=None))


@contextlib.contextmanager
def _one_thread_each() -> Any:
    """Set one thread for processes started inside.

    The settings must exist before the libraries load, so they are environment variables.
    """
    settings = dict.fromkeys(_THREADS, "1")
    settings |= {name: os.environ.get(name, value) for name, value in TENSORFLOW.items()}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_messages: Any = None


def _begin(messages: Any) -> None:
    """Set up a worker process. The parent handles Ctrl-C."""
    global _messages  # noqa: PLW0603  the one way to hand a queue to a pool's process
    _messages = messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    load_keras()


def _run(number: int, job: Job) -> Any:
    return job(lambda progress: _messages.put(JobProgress(job=number, training=progress)))
