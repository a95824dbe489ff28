"""A small company by the README's door commands alone: twenty people's photos, and strangers."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness import datasets
from likeness.cli.app import app
from likeness.datasets import Dataset

pytestmark = [pytest.mark.slow, pytest.mark.real]

PURPOSE = ("--strangers-accepted", "1%", "--extrapolate")

PROBES = 3
"""Door photos of each person."""

TURNED = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
"""EXIF's orientations, and how a picture lies in the file so that it stands upright."""


def write_casual(photo: np.ndarray, path: Path, rng: np.random.Generator) -> None:
    """Save a photo as a phone would: small on a coloured ground, turned by EXIF, a JPEG."""
    picture = Image.new("RGB", (480, 640), tuple(int(c) for c in rng.integers(60, 230, 3)))
    scale = rng.uniform(1.0, 1.8)
    face = Image.fromarray(photo).convert("RGB")
    face = face.resize((round(face.width * scale), round(face.height * scale)))
    left = int(rng.integers(0, picture.width - face.width))
    top = int(rng.integers(0, picture.height - face.height))
    picture.paste(face, (left, top))
    orientation = int(rng.choice(list(TURNED)))
    turn = TURNED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture if turn is None else picture.transpose(turn)).save(path, quality=90, exif=exif)


def run(*words: str) -> dict[str, Any]:
    """Run a command in this process, and return its JSON."""
    with contextlib.suppress(SystemExit):  # somebody is unknown
        app([*words, "--json", "answer.json"], standalone_mode=False)
    answer: dict[str, Any] = json.loads(Path("answer.json").read_text(encoding="utf-8"))
    return answer


def who_is(path: Path) -> str:
    """Return who is in a door photo."""
    return path.stem.rpartition("-")[0]


def deal(data: Dataset, seed: int) -> tuple[list[Path], list[Path]]:
    """Write ``others/``, ``staff/`` and ``door/``; return the staff's and strangers' door photos.

    Ten people choose the threshold, fifteen are enrolled with one to three photos, and fifteen
    are strangers.
    """
    rng = np.random.default_rng(seed)
    order = [data.distinct[i] for i in rng.permutation(len(data.distinct))]
    others, staff = order[:10], order[10:25]
    of_person: dict[str, list[np.ndarray]] = {name: [] for name in order}
    for name, item in zip(data.identities, data.items, strict=True):
        of_person[name].append(item[..., 0])
    known, unknown = [], []
    for name in order:
        photos = [of_person[name][i] for i in rng.permutation(10)]
        if name in others:
            for number, photo in enumerate(photos):
                write_casual(photo, Path("others", name, f"{number}.jpg"), rng)
            continue
        door = [Path("door", f"{name}-{number}.jpg") for number in range(PROBES)]
        for path, photo in zip(door, photos, strict=False):
            write_casual(photo, path, rng)
        (known if name in staff else unknown).extend(door)
        if name in staff:
            for number, photo in enumerate(photos[PROBES : PROBES + int(rng.integers(1, 4))]):
                write_casual(photo, Path("staff", name, f"{number}.jpg"), rng)
    return known, unknown


def test_the_door_works_from_one_to_three_photos_each(
    tmp_path: Path, real_data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three deals of the people; the threshold from the ten others alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    data = datasets.att(real_data)
    run("model", "get", "dlib", "--out", "faces", "--offline")
    right = wrong = accepted = known = unknown = 0
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        monkeypatch.chdir(folder)
        of_staff, of_strangers = deal(data, seed)
        run("calibrate", "../faces", "others", "--people", "15", *PURPOSE)
        run("enrol", "staff", "--gallery", "staff.db", "--model", "../faces")
        door = (*map(str, of_staff), *map(str, of_strangers))
        told = run("identify", *door, "--gallery", "staff.db", "--model", "../faces")
        for answer in told["answers"]:
            path = Path(answer["photo"])
            if path in of_strangers:
                accepted += answer["status"] == "known"
            else:
                right += answer["name"] == who_is(path)
                wrong += answer["name"] not in {who_is(path), None}
        known += len(of_staff)
        unknown += len(of_strangers)
    print(f"{right} of {known} right, {wrong} wrong names, {accepted} of {unknown} accepted")
    assert right >= 0.95 * known
    assert wrong == 0
    assert accepted <= 0.01 * unknown
