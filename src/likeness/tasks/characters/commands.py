"""``likeness omniglot``, ``likeness digits`` and ``likeness data omniglot``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from likeness.cli.arguments import RecipeFile, read_recipe, whole_numbers
from likeness.cli.data import describe
from likeness.cli.opening import Runtime, Variant, check_runs, opened
from likeness.cli.settings import Changes
from likeness.cli.terminal import (
    check_json_place,
    errors,
    output,
    reading_bar,
    training_bars,
    write_json,
)
from likeness.datasets import Dataset
from likeness.errors import SettingError
from likeness.files import check_new_folder
from likeness.tasks.characters import digits as digits_data
from likeness.tasks.characters import omniglot as omniglot_data
from likeness.tasks.characters.drawn_characters import drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot_experiment import runs_of_model, train_for_runs
from likeness.tasks.characters.one_shot import OneShotRun
from likeness.tasks.characters.report import digits_tables, print_one_shot_runs
from likeness.training.quiet import load_keras

SETS = ("small1", "small2", "drawn")


def omniglot(
    background: Annotated[
        str,
        typer.Option(
            help="What to learn from: small1 or small2 (Omniglot's), or drawn (made-up characters, "
            "with made-up runs)."
        ),
    ] = "small1",
    model: Annotated[
        Path | None, typer.Option(help="Measure this model; nothing is trained.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the model to.")] = None,
    recipe: RecipeFile = None,
    set_: Changes = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random in training.")] = None,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Recognise characters by one drawing each: Omniglot's twenty runs.

    Trains on one small background set alone (five alphabets; some minutes) and measures on twenty
    characters at a time of alphabets never seen, beside nearest pixels and the distance between
    strokes. Looks in LIKENESS_DATA, then the cache, then downloads.
    """
    if background not in SETS:
        raise SettingError(
            f"--background: expected one of {', '.join(SETS)}. Received: {background!r}."
        )
    check_json_place(json_)
    if model is not None:
        _check_alone(out=out, recipe=recipe, set_=set_, seed=seed)
        check_runs(model, runtime=runtime, variant=variant)
        runs = _runs(background)
        with errors().status("Embedding and comparing"):
            document = runs_of_model(opened(model, runtime=runtime, variant=variant), runs)
    else:
        settings = read_recipe("characters", file=recipe, changes=set_ or [], seed=seed)
        if out is not None:
            check_new_folder(out, overwrite=overwrite)
        data, runs = _background(background), _runs(background)
        load_keras()
        with training_bars() as bars:
            trained, document = train_for_runs(
                settings,
                data,
                runs,
                on_progress=lambda training: bars.tell(0, data.name, training),
            )
        if out is not None:
            trained.save(out, overwrite=overwrite)
    if json_ != "-":
        print_one_shot_runs(output(), document)
        if out is not None:
            output().print(f"Model written to {out}", soft_wrap=True, highlight=False)
    write_json(document, json_)


def _background(name: str) -> Dataset:
    if name == "drawn":
        return drawn_characters(alphabets=5, characters_each=10, drawers=8)
    with reading_bar(f"Omniglot {name}") as tell:
        return omniglot_data.omniglot(name, on_progress=tell)


def _runs(name: str) -> tuple[OneShotRun, ...]:
    if name == "drawn":
        return drawn_runs(runs=10, ways=10)
    with reading_bar("Omniglot runs") as tell:
        return omniglot_data.omniglot_runs(on_progress=tell)


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


def data_omniglot(
    path: Annotated[
        Path | None, typer.Argument(help="A folder that holds the zips, or one of the zips.")
    ] = None,
    background: Annotated[
        str, typer.Option(help="Which small background set: small1 or small2.")
    ] = "small1",
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not download, even if nothing is at hand.")
    ] = False,
) -> None:
    """Find or download Omniglot's characters, and check them.

    Reads one of the background sets. Looks at PATH or LIKENESS_DATA, then the cache, then
    downloads.
    """
    with reading_bar(f"Omniglot {background}") as tell:
        drawings = omniglot_data.omniglot(
            background, path=path, download=not offline, on_progress=tell
        )
    describe(drawings, items="drawings", identities="characters")
    alphabets = sorted(set(omniglot_data.alphabets(drawings)))
    output().print(f"Alphabets: {', '.join(alphabets)}.", highlight=False)
    output().print("The file is the published one (SHA-256).")


def digits(
    data: Annotated[
        str,
        typer.Argument(
            help="digits (scikit-learn's, offline), mnist (found or downloaded), or the path of "
            "an mnist.npz or of the folder of MNIST's four files."
        ),
    ] = "digits",
    per_digit: Annotated[int, typer.Option(min=8, help="Items kept of each digit.")] = 200,
    steps: Annotated[
        str | None, typer.Option(help="Numbers of steps to choose from, such as 30,100,300.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the splits and the trainings.")] = 0,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Verify handwritten digits, also those unseen in training.

    It repeats the measurement of Keras' mnist_siamese example. Learned from 0 to 6 and verified on
    7 to 9, beside raw pixels, PCA and nearest neighbours.
    """
    tried = None if steps is None else tuple(whole_numbers(steps, "--steps", example="100,300"))
    check_json_place(json_)
    items = _first_of_each(_read_digits(data), per_digit)
    load_keras()
    from likeness.tasks.characters.digits_experiment import (  # late: brings scikit-learn
        STEPS,
        digits_two_ways,
    )

    with errors().status("Reading") as status:
        document = digits_two_ways(items, seed=seed, steps=tried or STEPS, on_stage=status.update)
    if json_ != "-":
        _print_digits(document)
    write_json(document, json_)


def _read_digits(data: str) -> Dataset:
    if data == "digits" and not Path(data).exists():
        return digits_data.digits()
    if data == "mnist" and not Path(data).exists():
        return digits_data.mnist(part="train")
    return digits_data.mnist(data, part="train")


def _first_of_each(data: Dataset, count: int) -> Dataset:
    """Return the first so many items of each digit."""
    kept = [np.flatnonzero(data.codes == code)[:count] for code in range(len(data.distinct))]
    return data.take(np.sort(np.concatenate(kept)))


def _print_digits(document: Mapping[str, Any]) -> None:
    data = document["data"]
    output().print(f"{data['name']}: {data['items']:,} items, seed {document['seed']}")
    for table in digits_tables(document):
        output().print(table)
    output().print(
        f"Intervals: {document['intervals']}. They are about other items of these digits; three "
        "new digits cannot say how other shapes would fare.",
        style="dim",
    )
