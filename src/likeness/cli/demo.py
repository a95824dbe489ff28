"""``likeness demo``: the main job, end to end."""

import dataclasses
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from likeness import datasets
from likeness.cli.terminal import errors, output, training_bars
from likeness.datasets import Dataset
from likeness.errors import DataNotFoundError
from likeness.files import check_writable_folder
from likeness.training import BATCHES, PAIRS
from likeness.training.quiet import load_keras


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and the pictures.")] = Path(
        "likeness-demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Trainings side by side; as many as cores.")
    ] = None,
) -> None:
    """Train and measure on the AT&T faces, and write a report.

    It measures on the lab split and on people unseen in training. Without the AT&T faces
    (LIKENESS_DATA, the cache, a network) it goes on with drawn faces and marks every figure.
    """
    load_keras()
    check_writable_folder(out, option="--out")
    began = time.perf_counter()
    faces = _faces()
    recipes = [dataclasses.replace(recipe, seed=seed) for recipe in (PAIRS, BATCHES)]
    from likeness.experiments import demo as experiment  # late: brings Keras
    from likeness.reports import print_report, write_report  # late: brings Matplotlib

    network = experiment.network_facts(recipes[1], out)
    output().print(network.summary, highlight=False, markup=False)
    with training_bars() as bars:
        sections = experiment.lab_and_unseen(
            faces,
            lab=recipes[0],
            unseen=recipes[1],
            workers=jobs,
            on_progress=lambda told: bars.tell(told.job, _title(told.job), told.training),
        )
    seconds = time.perf_counter() - began
    content = experiment.report_content(faces, sections, network=network, seconds=seconds)
    page = write_report(content, out)
    print_report(output(), content)
    output().print(f"\nThe report: {page}", soft_wrap=True, highlight=False, style="bold")


def _faces() -> Dataset:
    """Return the AT&T faces; or drawn ones, said plainly, where there are none."""
    if os.environ.get("LIKENESS_DATA"):
        return datasets.att()  # what was named must be there: no substitute
    try:
        with errors().status("Looking for the AT&T faces"):
            return datasets.att()
    except DataNotFoundError as error:
        errors().print(
            "The AT&T faces cannot be had, so this goes on with drawn faces: every figure "
            f"below is about drawn faces, not AT&T. ({error})",
            style="yellow",
            markup=False,
            highlight=False,
        )
        return datasets.drawn_faces()


def _title(job: int) -> str:
    return "lab split    " if job == 0 else f"unseen fold {job - 1}"
