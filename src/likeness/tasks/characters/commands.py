"""``likeness omniglot``, ``likeness digits`` and ``likeness data omniglot``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from likeness.cli import opening, options, terminal
from likeness.cli.data import describe
from likeness.datasets import Dataset
from likeness.errors import SettingError, require_extra
from likeness.evaluation.figures import FigureName, Interval, method_label, percent
from likeness.files import check_new_folder
from likeness.model.opening import chosen_runtime
from likeness.tasks import characters
from likeness.tasks.characters.omniglot import OneShotRun
from likeness.tasks.characters.omniglot_experiment import INTERVALS, OneShotResult, train_for_runs
from likeness.training.process import load_keras

if TYPE_CHECKING:  # brings scikit-learn
    from likeness.tasks.characters.digits_experiment import DigitsResult

SETS = ("small1", "small2", "drawn")


def _omniglot(
    background: Annotated[
        str,
        typer.Option(
            help="Training data: small1 or small2 (Omniglot's), or drawn (synthetic characters, "
            "with synthetic runs)."
        ),
    ] = "small1",
    model: Annotated[
        Path | None, typer.Option(help="Measure this model, instead of training one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the model to.")] = None,
    recipe: options.RecipeFile = None,
    set_: options.Changes = None,
    seed: options.Seed = None,
    runtime: options.Runtime = "auto",
    variant: options.Variant = "float32",
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
) -> None:
    """Recognise characters by one drawing each: Omniglot's twenty runs.

    It trains on one small background set (five alphabets; some minutes) and measures on twenty
    characters at a time of alphabets unseen in training, beside nearest pixels and the distance
    between strokes. It looks in LIKENESS_DATA, then the cache, then downloads.
    """
    if background not in SETS:
        raise SettingError(
            f"--background: expected one of {', '.join(SETS)}. Received: {background!r}."
        )
    require_extra("scipy")  # for the distance between strokes, before anything is learned
    if model is not None:
        _check_alone(out=out, recipe=recipe, set_=set_, seed=seed)
        chosen_runtime(model, runtime=runtime, variant=variant)
        runs = _runs(background)
        with terminal.errors().status("Embedding and comparing"):
            result = OneShotResult.of(opening.opened(model, runtime=runtime, variant=variant), runs)
    else:
        settings = options.read_recipe("characters", file=recipe, changes=set_ or [], seed=seed)
        if out is not None:
            check_new_folder(out, overwrite=overwrite)
        data, runs = _background(background), _runs(background)
        load_keras()
        with terminal.training_bars() as bars:
            trained, result = train_for_runs(
                settings,
                data,
                runs,
                on_progress=lambda training: bars.tell(0, data.name, training),
            )
        if out is not None:
            trained.save(out, overwrite=overwrite)
    if json_ != "-":
        _print_one_shot_runs(terminal.output(), result)
        if out is not None:
            terminal.say(f"Model written to {out}")
    terminal.finish(result.to_json(), json_)


def _background(name: str) -> Dataset:
    if name == "drawn":
        return characters.drawn_characters(alphabets=5, characters_each=10, drawers=8)
    with terminal.reading_bar(f"Omniglot {name}") as tell:
        return characters.omniglot(name, on_progress=tell)


def _runs(name: str) -> tuple[OneShotRun, ...]:
    if name == "drawn":
        return characters.drawn_runs(runs=10, ways=10)
    with terminal.reading_bar("Omniglot runs") as tell:
        return characters.omniglot_runs(on_progress=tell)


def _check_alone(
    *, out: Path | None, recipe: Path | None, set_: list[str] | None, seed: int | None
) -> None:
    given = {"--out": out, "--recipe": recipe, "--set": set_, "--seed": seed}
    of_training = [option for option, value in given.items() if value not in (None, [])]
    if of_training:
        raise SettingError(
            f"--model: measures a model that is there, so {' and '.join(of_training)} of a "
            "training cannot be given with it. Leave one out."
        )


def _data_omniglot(
    path: options.DataPath = None,
    background: Annotated[
        str, typer.Option(help="Which small background set: small1 or small2.")
    ] = "small1",
    offline: options.Offline = False,
) -> None:
    """Find or download Omniglot's characters, and check them.

    Reads one of the background sets. Looks at PATH or LIKENESS_DATA, then the cache, then
    downloads.
    """
    with terminal.reading_bar(f"Omniglot {background}") as tell:
        drawings = characters.omniglot(
            background, path=path, download=not offline, on_progress=tell
        )
    describe(drawings, items="drawings", identities="characters")
    names = sorted({identity.partition("/")[0] for identity in drawings.distinct})
    terminal.say(f"Alphabets: {', '.join(names)}.", "The file was verified (SHA-256).")


def _digits(
    data: Annotated[
        str,
        typer.Argument(
            help="digits (scikit-learn's, offline), mnist (found or downloaded), or the path of "
            "an mnist.npz or of the folder of MNIST's four files."
        ),
    ] = "digits",
    per_digit: Annotated[int, typer.Option(min=8, help="Items used of each digit.")] = 200,
    steps: Annotated[
        str | None, typer.Option(help="Numbers of steps to choose from, such as 30,100,300.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    json_: options.Json = None,
) -> None:
    """Verify handwritten digits, including digits unseen in training.

    It repeats the measurement of Keras' mnist_siamese example, and also learns from 0 to 6 and
    verifies 7 to 9, beside raw pixels, PCA and nearest neighbours.
    """
    tried = (
        None if steps is None else tuple(options.whole_numbers(steps, "--steps", example="100,300"))
    )
    items = _first_of_each(_read_digits(data), per_digit)
    load_keras()
    from likeness.tasks.characters.digits_experiment import (  # late: brings scikit-learn
        STEPS,
        DigitsResult,
    )

    with terminal.errors().status("Reading") as status:
        result = DigitsResult.measure(
            items, seed=seed, steps=tried or STEPS, on_stage=status.update
        )
    if json_ != "-":
        _print_digits(result)
    terminal.finish(result.to_json(), json_)


def _read_digits(data: str) -> Dataset:
    if data == "digits" and not Path(data).exists():
        return characters.digits()
    if data == "mnist" and not Path(data).exists():
        return characters.mnist(part="train")
    return characters.mnist(data, part="train")


def _first_of_each(data: Dataset, count: int) -> Dataset:
    """Return the first items of each digit."""
    kept = [np.flatnonzero(data.codes == code)[:count] for code in range(len(data.distinct))]
    return data.take(np.sort(np.concatenate(kept)))


def _print_digits(result: "DigitsResult") -> None:
    terminal.say(f"{result.data.name}: {len(result.data):,} items, seed {result.seed}")
    for table in _digits_tables(result):
        terminal.output().print(table)
    terminal.say(
        f"Intervals: {result.intervals}. They are about other items of these digits; three "
        "new digits cannot say how other shapes would fare.",
        style="dim",
    )


COLUMNS = {
    "accuracy": "accuracy ↑",
    "auc": "AUC ↑",
    "eer": "EER ↓",
    "tar_at_far_1e-2": "TAR at FAR 1 % ↑",
}


def _digits_tables(result: "DigitsResult") -> Iterator[Table]:
    """Yield the three tables: the example's way, new digits, and new digits from a few items."""
    for name, methods in (("closed", result.closed), ("new", result.new)):
        table = _empty_table(result.titles[name], *COLUMNS.values(), "steps")
        for method, row in methods.items():
            cells = [
                _with_interval(row.figures.get(figure))
                for figure in map(FigureName.from_json, COLUMNS)
            ]
            table.add_row(method, *cells, "" if row.steps is None else str(row.steps))
        yield table
    table = _empty_table(result.titles["few"], "accuracy on the new ↑", "accuracy on the known ↑")
    for method, rates in result.few.items():
        table.add_row(method, _with_interval(rates["new"]), _with_interval(rates["known"]))
    yield table


def _empty_table(title: str, *headings: str) -> Table:
    """Return a table with a row for each method to come."""
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _with_interval(figure: Interval | None) -> str:
    return "" if figure is None else f"{percent(figure.mean)} {figure.ends()}"


def _print_one_shot_runs(console: Console, result: OneShotResult) -> None:
    """Print the table of errors, and its basis."""
    console.print(_one_shot_table(result))
    chance = " or ".join(percent(1 - 1 / ways) for ways in result.ways)
    counted = (
        f"{result.probes:,} probes in {len(result.runs)} runs; by chance {chance} are wrong. "
        f"Intervals: {INTERVALS}."
    )
    console.print(Text(counted, style="dim"))
    if result.seconds is not None:
        console.print(
            f"Trained on {result.background['name']} ({result.identities} identities) alone in "
            f"{result.seconds:.0f} s, {result.cpu_seconds:.0f} s of the processors.",
            highlight=False,
        )


def _one_shot_table(result: OneShotResult) -> Table:
    """Return a row for each method: its mean error over the runs, the interval, the worst run."""
    mark = f"{result.background['name']} · " if result.drawn else ""
    ways = " or ".join(map(str, result.ways))
    table = _empty_table(
        f"{mark}{ways}-way one-shot classification", "error ↓", "95 % interval", "worst run"
    )
    for name, mean in result.mean_errors.items():
        worst, run = max(
            zip(result.errors[name], result.runs, strict=True), key=lambda each: each[0]
        )
        table.add_row(
            Text(method_label(name)),
            percent(mean.mean),
            mean.ends(),
            f"{percent(worst)} ({run.name})",
            style="bold" if name == "network" else "",
        )
    return table
