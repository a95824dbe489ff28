"""``python -m benchmarks.inference.dlib_speed MODEL``: a public encoder's speed, and dlib's.

Both run in this process in turns; CPU time is measured, from a photo to the embedding of its face
(detection, landmarks, alignment, encoder), and from an aligned face to its embedding. It needs
`pip install dlib-bin` and `pip install --no-deps face_recognition`.
"""

import shlex
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from likeness import datasets, open_model
from likeness.arrays import Images
from likeness.errors import FaceError, require_extra
from likeness.images.align import Alignment
from likeness.images.faces import FaceFinder, HaarFaceFinder, YuNetFaceFinder, only_face
from likeness.model.alignment import alignment_of

Photo = Images
Times = dict[str, list[float]]

PHOTO = "photo → embedding"
CHIP = "aligned face → embedding"

ENLARGED = 2
"""The AT&T faces are small for dlib's detector: both get them at twice the size."""


def photos(count: int) -> list[Photo]:
    """Return colour photos of the AT&T faces, one of each person, enlarged."""
    data = datasets.att()
    first = [int(np.flatnonzero(data.codes == code)[0]) for code in range(len(data.distinct))]
    return [_enlarged(data.items[index][..., 0]) for index in first[:count]]


def _enlarged(photo: Photo) -> Photo:
    rows, columns = (side * ENLARGED for side in photo.shape)
    large = Image.fromarray(photo).resize((columns, rows), Image.Resampling.BICUBIC)
    return np.dstack([np.asarray(large)] * 3)


def of_likeness(model: Any, alignment: Alignment, finder: FaceFinder) -> Callable[[Photo], object]:
    """Return the function from a photo to an embedding; None where there is no usable face."""

    def embed(photo: Photo) -> object:
        try:
            chip = alignment(photo, only_face(finder, photo))
        except FaceError:
            return None
        return model.embed(chip[None])

    return embed


def of_dlib() -> tuple[Callable[[Photo], object], Callable[[Photo], object]]:
    """Return dlib's functions from a photo, and from an aligned face, to an embedding."""
    library: Any = require_extra("face_recognition")
    encoder: Any = require_extra("face_recognition.api").face_encoder
    return library.face_encodings, encoder.compute_face_descriptor


def in_turns(
    works: dict[str, Callable[[Photo], object]], items: list[Photo], *, rounds: int
) -> Times:
    """Return the CPU milliseconds of each function per item, measured in turns."""
    times: Times = {name: [] for name in works}
    for work in works.values():
        work(items[0])  # the first call loads and allocates
    for _ in range(rounds):
        for item in items:
            for name, work in works.items():
                began = time.process_time()
                work(item)
                times[name].append(1000 * (time.process_time() - began))
    return times


def table(measured: dict[str, Times]) -> str:
    """Return the medians, and how many times faster than dlib each is."""
    lines = "| | method | CPU milliseconds, median | times as fast as dlib |\n"
    lines += "| --- | --- | --- | --- |\n"
    for step, times in measured.items():
        dlib = statistics.median(times["dlib"])
        for name, values in times.items():
            median = statistics.median(values)
            lines += f"| {step} | {name} | {median:.1f} | {dlib / median:.1f} |\n"
    return lines


def main(
    model: Annotated[Path, typer.Argument(help="Folder of `likeness model get dlib`.")],
    yunet: Annotated[
        Path | None, typer.Option(help="YuNet's ONNX file; without it, Haar only.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Over all photos.")] = 3,
    count: Annotated[int, typer.Option(min=1, max=40, help="Photos.")] = 20,
    out: Annotated[Path | None, typer.Option(help="Write the table here, too.")] = None,
) -> None:
    """Measure the encoder and dlib in turns."""
    loaded = open_model(model)
    alignment = alignment_of(loaded)
    if alignment is None:
        raise typer.BadParameter(f"{model}: expected a model that aligns faces.")
    dlib_photo, dlib_chip = of_dlib()
    haar = HaarFaceFinder()
    works = {"dlib": dlib_photo, "likeness, Haar": of_likeness(loaded, alignment, haar)}
    if yunet is not None:
        finder = YuNetFaceFinder(path=yunet)
        works["likeness, YuNet"] = of_likeness(loaded, alignment, finder)
    items = photos(count)
    chips = [alignment(photo, only_face(haar, photo)) for photo in items]
    measured = {
        CHIP: in_turns(
            {"dlib": dlib_chip, "likeness": lambda chip: loaded.embed(chip[None])},
            chips,
            rounds=rounds,
        ),
        PHOTO: in_turns(works, items, rounds=rounds),
    }
    text = table(measured) + (
        f"\n{len(items)} AT&T photos at {ENLARGED} × their size ({items[0].shape[1]}×"
        f"{items[0].shape[0]} pixels), {rounds} rounds, in turns in one process; CPU time "
        "of all threads. "
        "dlib: `face_recognition.face_encodings` (HOG detector, five points), "
        "and its network alone. likeness: detector, landmarks, alignment and the encoder on ONNX "
        "Runtime.\n"
    )
    typer.echo(text)
    if out is not None:
        command = f"python -m benchmarks.inference.dlib_speed {shlex.join(sys.argv[1:])}"
        out.write_text(f"{text}\nMade by `{command}`.\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
