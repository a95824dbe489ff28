"""``likeness digits [DATA]``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from likeness.cli.arguments import whole_numbers
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.datasets import Dataset
from likeness.tasks.characters import digits as digits_data
from likeness.training.quiet import load_keras


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
    found = _first(_read(data), per_digit)
    load_keras()
    from likeness.tasks.characters.digits_experiment import (  # late: brings scikit-learn
        STEPS,
        digits_two_ways,
    )

    with errors().status("Reading") as status:
        document = digits_two_ways(found, seed=seed, steps=tried or STEPS, on_stage=status.update)
    if json_ != "-":
        _print(document)
    write_json(document, json_)


def _read(data: str) -> Dataset:
    if data == "digits" and not Path(data).exists():
        return digits_data.digits()
    if data == "mnist" and not Path(data).exists():
        return digits_data.mnist(part="train")
    return digits_data.mnist(data, part="train")


def _first(data: Dataset, count: int) -> Dataset:
    """Return the first so many items of each digit."""
    kept = [np.flatnonzero(data.codes == code)[:count] for code in range(len(data.distinct))]
    return data.take(np.sort(np.concatenate(kept)))


def _print(document: Mapping[str, Any]) -> None:
    from likeness.tasks.characters.digits_report import digits_tables  # late: only for people

    data = document["data"]
    output().print(f"{data['name']}: {data['items']:,} items, seed {document['seed']}")
    for table in digits_tables(document):
        output().print(table)
    output().print(
        f"Intervals: {document['intervals']}. They are about other items of these digits; three "
        "new digits cannot say how other shapes would fare.",
        style="dim",
    )
