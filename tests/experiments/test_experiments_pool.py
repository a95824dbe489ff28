"""Jobs in processes of their own: order, progress, what they raise, and how they die."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import TooFewError
from likeness.experiments.pool import (
    JobProgress,
    WorkerDiedError,
    run_side_by_side,
)
from likeness.training import TrainingProgress

LONG = 600.0
"""Seconds that nobody waits for: a job that takes so long was ended before."""

JOBS = """
import os
import time
from dataclasses import dataclass

from likeness.errors import TooFewError
from likeness.training import TrainingProgress


@dataclass
class Job:
    answer: object = None
    seconds: float = 0.0
    steps: int = 0
    refusal: str = ""
    dies: bool = False

    def __call__(self, tell):
        for step in range(1, self.steps + 1):
            tell(TrainingProgress(stage="final", step=step, steps=self.steps, loss=1 / step))
        time.sleep(self.seconds)
        if self.refusal:
            raise TooFewError(self.refusal)
        if self.dies:
            os._exit(1)
        return self.answer


class Settings:
    def __call__(self, tell):
        return os.environ["OMP_NUM_THREADS"], os.getpid()
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module of jobs that another process can import too (it gets our path)."""
    (tmp_path / "made_up_jobs.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("made_up_jobs")
    sys.modules.pop("made_up_jobs")


def assert_no_worker_is_left() -> None:
    deadline = time.monotonic() + LONG
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_results_come_in_the_order_of_the_jobs_and_progress_arrives_here(jobs: Any) -> None:
    told: list[JobProgress] = []
    # The first job is done last.
    work = [jobs.Job(answer="a", steps=3, seconds=0.8), jobs.Job(answer="b", steps=2, seconds=0.4)]
    assert run_side_by_side(work, workers=2, on_progress=told.append) == ["a", "b"]
    for job, steps in ((0, 3), (1, 2)):
        mine = [progress.training for progress in told if progress.job == job]
        expected = [
            TrainingProgress(stage="final", step=step, steps=steps, loss=1 / step)
            for step in range(1, steps + 1)
        ]
        # At last the news that it is done.
        assert mine == [*expected, None]


def test_a_worker_is_another_process_with_one_thread_and_leaves_no_settings(jobs: Any) -> None:
    before = dict(os.environ)
    (first, process), (_, same) = run_side_by_side([jobs.Settings()] * 2, workers=1)
    assert first == "1"
    assert process == same != os.getpid()
    assert dict(os.environ) == before


def test_what_a_job_raises_comes_through_and_ends_the_others(jobs: Any) -> None:
    began = time.monotonic()
    with pytest.raises(TooFewError, match=r"^people: two are needed\.$"):
        run_side_by_side(
            [jobs.Job(refusal="people: two are needed."), jobs.Job(seconds=LONG)], workers=1
        )
    assert time.monotonic() - began < LONG
    assert_no_worker_is_left()


def test_a_killed_worker_is_told_in_one_sentence(jobs: Any) -> None:
    with pytest.raises(
        WorkerDiedError, match=r"^a training process was killed, .* in parallel with `--jobs 1`\.$"
    ):
        run_side_by_side([jobs.Job(dies=True), jobs.Job(answer=1)], workers=1)


def test_ctrl_c_ends_all_processes(jobs: Any) -> None:
    def press(progress: JobProgress) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_side_by_side([jobs.Job(steps=1, seconds=LONG)], workers=1, on_progress=press)
    assert time.monotonic() - began < LONG
    assert_no_worker_is_left()


def test_as_many_side_by_side_as_there_are_cores(jobs: Any) -> None:
    assert run_side_by_side([jobs.Job(answer=number) for number in range(3)]) == [0, 1, 2]


PARENT = """
import multiprocessing, signal, sys, time
from likeness.training.process import end_with_parent

def work(ready):
    end_with_parent()
    ready.put(multiprocessing.current_process().pid)
    time.sleep(600)

if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` has it ignored
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    context.Process(target=work, args=(ready,)).start()
    print(ready.get(), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_worker_ends_with_its_parent(tmp_path: Path, signal_: signal.Signals) -> None:
    """However that ended: by SIGTERM, with its terminal, or killed."""
    (tmp_path / "parent.py").write_text(PARENT)
    command = [sys.executable, str(tmp_path / "parent.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) > 0
        parent.send_signal(signal_)
        # The worker holds the other end of this pipe, too: it closes once both have ended.
        assert parent.communicate(timeout=LONG)[0] == ""
