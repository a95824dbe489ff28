"""A synthetic webcam: photos on plain ground, as a film that Chromium takes for its camera."""

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from likeness.datasets import Dataset
from likeness.images.faces import HaarFaceFinder, only_face
from likeness.images.preparation import fit

FRAME = (480, 640)
"""Rows and columns of the webcam."""


def cut_out(data: Dataset) -> Dataset:
    """The faces alone, as the service with `--faces haar --cut-faces` gives them to the model."""
    finder = HaarFaceFinder()
    faces = [
        fit(only_face(finder, photo).cut(photo), rows=64, columns=64, channels=1)
        for photo in data.items
    ]
    return dataclasses.replace(data, items=np.stack(faces), name=f"{data.name}, cut out")


def framed(photo: np.ndarray) -> np.ndarray:
    """A photo as a webcam sees it: 70 % of the height of the picture, on plain ground."""
    rows = round(0.7 * FRAME[0])
    columns = round(rows * photo.shape[1] / photo.shape[0])
    top, left = (FRAME[0] - rows) // 2, (FRAME[1] - columns) // 2
    picture = np.full(FRAME, 150, np.uint8)
    grey = Image.fromarray(photo[..., 0]).resize((columns, rows), Image.Resampling.BICUBIC)
    picture[top : top + rows, left : left + columns] = np.asarray(grey)
    return picture


def jpeg(pixels: np.ndarray) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(made, "JPEG", quality=92)
    return made.getvalue()


def film(file: Path, photos: list[np.ndarray], *, frames_each: int = 30) -> Path:
    """Write a webcam's film that shows each photo for a second, over and over."""
    file.write_bytes(b"".join(jpeg(framed(photo)) * frames_each for photo in photos))
    return file
