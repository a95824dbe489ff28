"""Tracking sequences: the frames of a film, and where its target is in each.

Two public ones, for training on one and testing on the other; any in the layout of VOT or OTB;
and a drawn one from a seed, for when neither is at hand.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from likeness.datasets.places import DATA_VARIABLE, cache_place, data_place
from likeness.errors import DataError, DataNotFoundError, DigestError
from likeness.tasks.tracking.sequence import Sequence
from likeness.tasks.tracking.sequence_copy import TRUTH_FILES, Boxes, read_sequence_copy

__all__ = ["Sequence", "bag", "dragon_baby", "holds_sequence", "read_sequence"]

BAG_FILE = "tracking_vot15_bag.zip"
DRAGON_BABY_FILE = "tracking_otb_DragonBaby.zip"

BAG_LICENCE = (
    "The sequence «bag» of the Visual Object Tracking Challenge VOT2015 (Kristan et al., «The "
    "Visual Object Tracking VOT2015 Challenge Results», ICCV workshops 2015), for research."
)
DRAGON_BABY_LICENCE = (
    "The sequence «DragonBaby» of the Object Tracking Benchmark OTB (Wu, Lim and Yang, «Object "
    "Tracking Benchmark», TPAMI 2015), for research."
)
VOT_HOME = "https://votchallenge.net/vot2015/dataset.html"
OTB_HOME = "http://cvlab.hanyang.ac.kr/tracker_benchmark/datasets.html"


def read_sequence(path: str | Path) -> Sequence:
    """Return the sequence in a zip or a folder in the layout of VOT or OTB.

    Args:
        path: holds ``groundtruth.txt`` (4 numbers a line, or 8 for the corners of a turned box,
            which becomes an upright one of its area) or ``groundtruth_rect.txt`` (4 numbers,
            counted from 1 as MATLAB does), and frames in ``imgs``, ``img``, ``color`` or beside.

    Raises:
        DataNotFoundError: there is no sequence.
        DataError: a frame or a line cannot be read, or a frame has no box.
    """
    place = Path(path).expanduser()
    frames, boxes = read_sequence_copy(place)
    if len(boxes) != len(frames):
        raise DataError(
            f"{place}: expected one box for each of {len(frames)} frames. Received: {len(boxes)}."
        )
    return Sequence(frames=frames, boxes=boxes, name=place.stem)


def holds_sequence(place: Path) -> bool:
    """Return whether a place looks like a sequence: a zip, or a folder with a ground truth."""
    if place.is_dir():
        paths = (place.glob(f"{above}{name}") for name in TRUTH_FILES for above in ("", "*/"))
        return any(next(found, None) is not None for found in paths)
    return place.is_file() and place.suffix.lower() == ".zip"


def bag(path: str | Path | None = None) -> Sequence:
    """Return «bag» of VOT2015: a white plastic bag in the wind, 196 frames of 480×360 pixels.

    Looks at the path; without one, for ``tracking_vot15_bag.zip`` at or in ``LIKENESS_DATA``
    and in the cache. Its turned boxes become upright ones of the same area, as in the VOT toolkit.

    Args:
        path: a zip or a folder.

    Raises:
        DataNotFoundError: it is not where it was said to be, or nowhere.
        DigestError: it is another sequence.
    """
    return _known(
        path,
        file_name=BAG_FILE,
        home=VOT_HOME,
        expected=(
            (196, 360, 480, 3),
            "60ccdd141af34bd70db79b8d048c45c47ea03180afb47c62ebf111a46518343e",
        ),
        named=("bag", BAG_LICENCE),
    )


def dragon_baby(path: str | Path | None = None) -> Sequence:
    """Return «DragonBaby» of OTB: a child's head in a fight, 113 frames of 640×360 pixels.

    As `bag`, from ``tracking_otb_DragonBaby.zip``.

    Args:
        path: a zip or a folder.

    Raises:
        DataNotFoundError: it is not where it was said to be, or nowhere.
        DigestError: it is another sequence.
    """
    return _known(
        path,
        file_name=DRAGON_BABY_FILE,
        home=OTB_HOME,
        expected=(
            (113, 360, 640, 3),
            "0a63fa277c164b9ad27a3f21b0569d0f16d5b319ce4c3e00e8dda940324e0342",
        ),
        named=("DragonBaby", DRAGON_BABY_LICENCE),
    )


def _known(
    path: str | Path | None,
    *,
    file_name: str,
    home: str,
    expected: tuple[tuple[int, ...], str],
    named: tuple[str, str],
) -> Sequence:
    name, licence = named
    place = _place(path, file_name) or _nowhere(name, file_name, home)
    found = read_sequence(place)
    shape, digest = expected
    if found.frames.shape != shape or boxes_digest(found.boxes) != digest:
        raise DigestError(
            f"{place}: expected the sequence {name!r}, {shape[0]} frames of {shape[2]}×{shape[1]} "
            "and its own boxes. Received: another; read it with `read_sequence`."
        )
    return replace(found, name=name, licence=licence)


def _place(path: str | Path | None, file_name: str) -> Path | None:
    """Return where the sequence should be; a path that is given is never passed over."""
    if path is not None:
        return Path(path).expanduser()
    own = data_place()
    places = [own, own / file_name] if own else []
    places.append(cache_place() / file_name)
    return next((p for p in places if p.name == file_name and p.is_file()), None)


def _nowhere(name: str, file_name: str, home: str) -> Path:
    raise DataNotFoundError(
        f"the sequence {name!r} is not at hand: get it from {home}, pack its frames and ground "
        f"truth into {file_name}, and set {DATA_VARIABLE} to the folder of that file, or put it "
        f"into the cache ({cache_place()})."
    )


def boxes_digest(boxes: Boxes) -> str:
    """Return the SHA-256 of boxes, to a hundredth of a pixel."""
    rounded = np.rint(boxes * 100).astype("<i8")
    return hashlib.sha256(np.ascontiguousarray(rounded).tobytes()).hexdigest()
