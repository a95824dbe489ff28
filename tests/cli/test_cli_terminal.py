"""Bars that show the right time, and packages that are asked for before the work."""

import io
import sys

import pytest
from rich.console import Console

from likeness.cli.app import app
from likeness.cli.terminal import training_bars
from likeness.errors import MissingExtraError
from likeness.training.process import TrainingProgress


def shown(*told: tuple[float, TrainingProgress | None]) -> str:
    """What stands on the terminal after these moments of one training."""
    now = [0.0]
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with training_bars(console=console, clock=lambda: now[0]) as bars:
        for seconds, progress in told:
            now[0] = seconds
            bars.tell(0, "fold 1", progress)
        now[0] = told[-1][0]
    return last_bar(console)


def last_bar(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if "fold 1" in line][-1]


def at(stage: str, step: int, steps: int) -> TrainingProgress:
    return TrainingProgress(stage=stage, step=step, steps=steps, loss=1.0)


@pytest.mark.parametrize(
    ("told", "time"),
    [
        ([(0, at("choosing", 1, 10)), (110, at("choosing", 10, 10)), (270, None)], "0:04:30"),
        (
            [
                (0, at("choosing", 1, 10)),
                (110, at("choosing", 10, 10)),
                (120, at("final", 1, 12)),
                (270, at("final", 12, 12)),
                (271, None),
            ],
            "0:04:31",
        ),
        ([(5, at("final", 1, 2)), (65, at("final", 2, 2))], "0:01:00"),
    ],
    ids=["one stage", "two stages", "not done"],
)
def test_the_bar_of_a_fold_shows_how_long_it_took(
    told: list[tuple[float, TrainingProgress | None]], time: str
) -> None:
    assert time in shown(*told)


def test_the_time_of_a_fold_that_is_done_stands_still() -> None:
    now = [0.0]
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with training_bars(console=console, clock=lambda: now[0]) as bars:
        bars.tell(0, "fold 1", at("final", 1, 2))
        now[0] = 100.0
        bars.tell(0, "fold 1", None)
        now[0] = 900.0
    assert "0:01:40" in last_bar(console)


def test_a_log_gets_a_line_as_each_training_is_done() -> None:
    now = [0.0]
    console = Console(file=io.StringIO(), width=120)
    assert isinstance(console.file, io.StringIO)
    with training_bars(console=console, clock=lambda: now[0]) as bars:
        for job in (0, 1):
            bars.tell(job, f"[fold] {job}", at("final", 1, 2))
        now[0] = 100.0
        bars.tell(1, "[fold] 1", None)
        assert console.file.getvalue() == "[fold] 1: done after 0:01:40\n"
        now[0] = 150.0
        bars.tell(0, "[fold] 0", None)
    assert console.file.getvalue().splitlines()[1:] == ["[fold] 0: done after 0:02:30"]


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("sklearn", ["calibrate", "model", "photos", "--far", "1e-3"]),
        ("sklearn", ["evaluate", "model", "photos"]),
        ("jinja2", ["calibrate", "model", "photos", "--far", "1e-3", "--report", "page"]),
        ("jinja2", ["evaluate", "model", "photos", "--report", "page"]),
        ("jinja2", ["doctor", "photos", "--report", "page"]),
        ("jinja2", ["card", "model", "--html", "card.html"]),
        ("scipy", ["omniglot", "--background", "drawn"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_package_that_is_needed_at_the_end_is_asked_for_first(
    module: str, words: list[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setitem(sys.modules, module, None)
    # Neither the model nor the photos are there: nothing was read before.
    with pytest.raises(MissingExtraError, match=rf"{module}.*siamese-likeness\[learn\]"):
        app(words, standalone_mode=False)
