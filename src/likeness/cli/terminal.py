"""The consoles: results on standard output, progress and errors on standard error."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import progress as bars
from rich.console import Console
from rich.text import Text

from likeness.errors import SettingError, require_extra
from likeness.files import check_writable_folder, write_file

if TYPE_CHECKING:  # `likeness --help` starts without NumPy
    from likeness.datasets.items import OnProgress
    from likeness.training.process import TrainingProgress

_PLAIN: Any = {"markup": False, "emoji": False, "highlight": False}
"""Names and paths are printed literally: no markup such as «[bold]» or «:key:»."""


def output() -> Console:
    """Return the console for results."""
    return Console(**_PLAIN)


def errors() -> Console:
    """Return the console for progress, warnings and errors."""
    return Console(stderr=True, **_PLAIN)


def say(*lines: str, style: str | None = None) -> None:
    """Print results; long lines are wrapped by the terminal, so they can be copied."""
    output().print("\n".join(lines), style=style, soft_wrap=True)


def note(text: str, *, style: str = "yellow") -> None:
    """Print to standard error."""
    errors().print(text, style=style, soft_wrap=True)


def finish(document: Mapping[str, Any], json_: str | None, *lines: str) -> None:
    """Print the result for people, and write it as JSON, completely or not at all.

    Args:
        document: the result.
        json_: the file; ``-`` is standard output, which then holds JSON only.
        lines: the result in words.

    Raises:
        OutputError: the file cannot be written.
    """
    if lines and json_ != "-":
        say(*lines)
    if json_ is None:
        return
    from likeness.reports.content import json_text  # late: only for programs

    # A file name that is not UTF-8 is written with JSON escapes, which read back as that name.
    content = json_text(document).encode("utf-8", "backslashreplace")
    if json_ != "-":
        write_file(json_, content)
    elif stream := getattr(sys.stdout, "buffer", None):
        sys.stdout.flush()
        stream.write(content)  # in UTF-8, whatever the terminal's encoding is
        stream.flush()
    else:
        sys.stdout.write(content.decode())


def check_outputs(
    *, report: Path | None = None, evidence: bool = False, json_: str | None = None
) -> None:
    """Raise before long work if its results could not be written.

    Args:
        report: a folder for a page.
        evidence: whether the JSON is to hold the data behind every figure.
        json_: the file of `--json`.

    Raises:
        OutputError: the folder cannot be written to.
        MissingExtraError: what makes pages is not installed.
        SettingError: evidence is requested without --json.
    """
    check_writable_folder(report, option="--report")
    if report is not None:
        require_extra("jinja2")
    if evidence and json_ is None:
        raise SettingError("--evidence: expected --json FILE to write it to. Received: none.")


@contextmanager
def reading_bar(title: str) -> Iterator["OnProgress"]:
    """Show one progress bar on a terminal; yields what the readers call with (done, total)."""
    console = errors()
    # Output printed meanwhile goes to standard output, not to the bar's console.
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


class _TrainingBars:
    """One progress bar per training."""

    def __init__(self, progress: bars.Progress) -> None:
        self._progress = progress
        self._tasks: dict[int, bars.TaskID] = {}

    def tell(self, job: int, title: str, training: "TrainingProgress | None") -> None:
        """Move the bar of training number ``job``; None: it is done."""
        if job not in self._tasks:
            self._tasks[job] = self._progress.add_task(title, total=None, note="")
        task = self._tasks[job]
        if training is None:
            total = self._progress.tasks[task].total or 1
            self._progress.update(task, total=total, completed=total, note="done")
            self._progress.stop_task(task)
            if self._progress.disable:
                took = timedelta(seconds=int(self._progress.tasks[task].elapsed or 0))
                self._progress.console.print(Text(f"{title.rstrip()}: done after {took}"))
            return
        auc = training.held_out_auc
        note = f"{training.stage}, loss {training.loss:.2f}"
        if auc is not None:
            note += f", held-out AUC {auc:.3f}"
        self._progress.update(task, total=training.steps, completed=training.step, note=note)


class _Elapsed(bars.ProgressColumn):
    """The time since a training began. Rich's own stands still where a first stage ends."""

    def render(self, task: bars.Task) -> str:
        return str(timedelta(seconds=int(task.elapsed or 0)))


@contextmanager
def training_bars(
    *, console: Console | None = None, clock: Callable[[], float] | None = None
) -> Iterator[_TrainingBars]:
    """Show progress bars while inside; or, if nobody sees them, a line as each is done.

    Args:
        console: where; by default standard error.
        clock: seconds; by default the console's own.
    """
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=24),
        bars.TextColumn("{task.percentage:>3.0f} %"),
        _Elapsed(),
        bars.TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    console = console or errors()
    with bars.Progress(
        *columns, console=console, get_time=clock, disable=not console.is_terminal
    ) as progress:
        yield _TrainingBars(progress)
