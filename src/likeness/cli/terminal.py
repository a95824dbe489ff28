"""Where the commands print: tables and words on one console, progress and errors on another."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from likeness.errors import SettingError
from likeness.files import check_writable_file, write_file

if TYPE_CHECKING:  # `likeness --help` starts without NumPy
    from likeness.datasets.progress import OnProgress
    from likeness.training.progress import TrainingProgress

_PLAIN: Any = {"markup": False, "emoji": False, "highlight": False}
"""Names and paths are printed as they are: «[bold]» and «:key:» in them mean nothing."""


def output() -> Console:
    """Return the console for results."""
    return Console(**_PLAIN)


def errors() -> Console:
    """Return the console for progress, warnings and errors."""
    return Console(stderr=True, **_PLAIN)


def encode_anything() -> None:
    """Print what the terminal's encoding lacks as an escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def check_json_place(file: str | None) -> None:
    """Raise before a long run if its result could not be written.

    Raises:
        OutputError: its folder does not exist or cannot be written to, or it is a folder.
    """
    if file in (None, "-"):
        return
    expected = "a file in an existing folder, or - for standard output"
    check_writable_file(str(file), option="--json", expected=expected)


def check_evidence(wanted: bool, file: str | None) -> None:
    """Raise where evidence is wanted and there is no JSON for it to stand in.

    Raises:
        SettingError: it is so.
    """
    if wanted and file is None:
        raise SettingError("--evidence: expected --json FILE, which it stands in. Received: none.")


def write_json(document: Mapping[str, Any], file: str | None) -> None:
    """Write the document to the file, whole or not at all; ``-`` is standard output.

    Raises:
        OutputError: it cannot be written.
    """
    if file is None:
        return
    from likeness.reports.json_text import json_text  # late: only for programs

    text = json_text(document)
    if file == "-":
        sys.stdout.write(text)
        return
    write_file(file, text)


@contextmanager
def reading_bar(title: str) -> Iterator["OnProgress"]:
    """Show one progress bar on a terminal; yields what the readers call with (done, total)."""
    console = errors()
    # What is printed to standard output meanwhile goes there, not to the bar's console.
    with Progress(
        console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


class TrainingBars:
    """One progress bar per training."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[int, TaskID] = {}

    def tell(self, job: int, title: str, training: "TrainingProgress | None") -> None:
        """Move the bar of training number ``job``; None means that it is done."""
        if job not in self._tasks:
            self._tasks[job] = self._progress.add_task(title, total=None, note="")
        task = self._tasks[job]
        if training is None:
            total = self._progress.tasks[task].total or 1
            self._progress.update(task, total=total, completed=total, note="done")
            return
        auc = training.held_out_auc
        note = f"{training.stage}, loss {training.loss:.2f}"
        if auc is not None:
            note += f", held-out AUC {auc:.3f}"
        self._progress.update(task, total=training.steps, completed=training.step, note=note)


@contextmanager
def training_bars() -> Iterator[TrainingBars]:
    """Show progress bars on standard error while inside."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=errors()) as progress:
        yield TrainingBars(progress)
