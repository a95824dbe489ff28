"""``likeness omniglot``, ``likeness digits`` and ``likeness data omniglot``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from likeness.cli.data import describe
from likeness.cli.opening import opened
from likeness.cli.options import (
    Changes,
    DataPath,
    Json,
    Offline,
    Overwrite,
    RecipeFile,
    Runtime,
    Seed,
    Variant,
    read_recipe,
    whole_numbers,
)
from likeness.cli.terminal import (
    errors,
    output,
    reading_bar,
    say,
    training_bars,
    write_json,
)
from likeness.datasets import Dataset
from likeness.errors import SettingError
from likeness.files import check_new_folder
from likeness.model.opening import chosen_runtime
from likeness.tasks.characters import digits as digits_data
from likeness.tasks.characters import omniglot as omniglot_data
from likeness.tasks.characters.drawn_characters import drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot_experiment import runs_of_model, train_for_runs
from likeness.tasks.characters.one_shot import OneShotRun
from likeness.tasks.characters.report import digits_tables, print_one_shot_runs
from likeness.training.process import load_keras

SETS = ("small1", "small2", "drawn")


def omniglot(
    background: Annotated[
        str,
        typer.Option(
            help="Training data: small1 or small2 (Omniglot's), or drawn (made-up characters, "
            "with made-up runs)."
        ),
    ] = "small1",
    model: Annotated[
        Path | None, typer.Option(help="Measure this model, instead of training one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the model to.")] = None,
    recipe: RecipeFile = None,
    set_: Changes = None,
    seed: Seed = None,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    overwrite: Overwrite = False,
    json_: Json = None,
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
    if model is not None:
        _check_alone(out=out, recipe=recipe, set_=set_, seed=seed)
        chosen_runtime(model, runtime=runtime, variant=variant)
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
            say(f"Model written to {out}")
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
    path: DataPath = None,
    background: Annotated[
        str, typer.Option(help="Which small background set: small1 or small2.")
    ] = "small1",
    offline: Offline = False,
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
    say(f"Alphabets: {', '.join(alphabets)}.", "The file is the published one (SHA-256).")


def digits(
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
    json_: Json = None,
) -> None:
    """Verify handwritten digits, also those unseen in training.

    It repeats the measurement of Keras' mnist_siamese example, and also learns from 0 to 6 and
    verifies 7 to 9, beside raw pixels, PCA and nearest neighbours.
    """
    tried = None if steps is None else tuple(whole_numbers(steps, "--steps", example="100,300"))
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
    say(f"{data['name']}: {data['items']:,} items, seed {document['seed']}")
    for table in digits_tables(document):
        output().print(table)
    say(
        f"Intervals: {document['intervals']}. They are about other items of these digits; three "
        "new digits cannot say how other shapes would fare.",
        style="dim",
    )
