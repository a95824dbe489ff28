"""Signatures: 93 writers, ten given names, each written once on each of four media.

J.-F. Luo et al., «Is There a Difference between Paper and Electronic Chinese Signatures?»,
Advanced Intelligent Systems 5, 2023. Everybody writes the same names, so the name does not identify
the writer.

File k of a writer is name (k−1) mod 10 on medium (k−1) div 10, which was checked by the mean
picture of each name and by the strokes of each medium. On paper a stroke's width changes most along
it (in 83 of 93 writers), the tablet's pen is as thick but more even, and the two phone sets share
one thin pen (widths of a writer correlate at 0.88). Two writers' files on the phone are shifted,
which is corrected here.

Drawn signatures are synthetic names by synthetic writers, for use without the real ones: a
name is a few characters of a few strokes; a writer slants, stretches and distorts them
consistently, each signature with small variations; a medium has its own pen. Figures on drawn
signatures show whether a program works, and nothing about handwriting.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from likeness.arrays import Floats, Images, check_in_range
from likeness.datasets.download import PublishedFile, ZipReader
from likeness.datasets.items import Dataset, OnProgress
from likeness.tasks.characters.drawings import Stroke, _generator, _smooth, _strokes

LICENCE = (
    "Cross-media signatures, MIT licence, copyright 2023 低熵体: J.-F. Luo, Y.-Z. Pu, J.-Y. Yin, "
    "X. Liu, T. Tan, Y. Zhang and M. Hu, «Is There a Difference between Paper and Electronic "
    "Chinese Signatures?», Advanced Intelligent Systems 5, 2023."
)
PUBLISHED = PublishedFile(
    title="the signatures of 93 writers",
    names=("signatures_93x40.zip",),
    sha256="a6b77ca4708a397d098e117b3b4f00e6fd2795728af42ee84df55832c76d19e7",
    # Their authors publish the files one by one, not as this zip.
    mirrors=(),
)

WRITERS = 93
NAMES = ("王涛", "张磊", "郭鑫", "陈静", "赵雪", "李浩然", "徐俊杰", "杨紫涵", "董欣怡", "朱佳怡")
"""The written names, in the order of the files."""

MEDIA = ("paper", "tablet", "phone in hand", "phone on table")
"""The media, ten files each, in the order of the files."""

SIZE = 224
"""Rows and columns of every picture; ink is 0, paper 255."""

CORRECTIONS: Mapping[tuple[int, int], str | None] = {
    # Writer 61's first name on the second phone is duplicated (31, 32), the sixth is missing.
    (61, 32): None,
    (61, 33): NAMES[1],
    (61, 34): NAMES[2],
    (61, 35): NAMES[3],
    (61, 36): NAMES[4],
    # Writer 63's seventh is duplicated (36, 37), the fourth is missing.
    (63, 34): NAMES[4],
    (63, 35): NAMES[5],
    (63, 36): NAMES[6],
    (63, 37): None,
}
"""(writer, file) → the name that it shows; None: a copy of the previous file, left out."""

_MOST_BYTES = 2**18  # of one picture; typical ones have some 5,000


def signatures(
    path: str | Path | None = None, *, download: bool = True, on_progress: OnProgress | None = None
) -> Dataset:
    """Return the signatures, by writer.

    Looks at the path; without one, in ``LIKENESS_DATA`` and the cache; and then downloads from
    ``LIKENESS_MIRRORS``, if that is set. The file is identified by its SHA-256.

    Args:
        path: the zip, or a folder that holds ``signatures_93x40.zip``.
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Returns:
        items ``(3718, 224, 224, 1)``, uint8, ink 0 on paper 255; identities «w1» … «w93»; item
        names «w1/王涛/paper»; the facets "name" (one of `NAMES`) and "medium" (one of `MEDIA`).

    Raises:
        DataNotFoundError: the file is not at the given path, or was not found.
        DigestError: the file has another SHA-256.
        DataError: it cannot be read.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    return PUBLISHED.read(
        path, read=read_signatures, may_download=download, on_progress=on_progress
    )


def read_signatures(file: Path, *, writers: int = WRITERS) -> Dataset:
    """Return the signatures of a zip in this layout.

    Args:
        file: holds ``WRITER/K.png`` for the writers 1, 2, … and K 1…40.
        writers: how many.

    Raises:
        DataError: a signature is missing or is not such a picture.
    """
    listed = [
        (writer, k, CORRECTIONS.get((writer, k), NAMES[(k - 1) % len(NAMES)]))
        for writer in range(1, writers + 1)
        for k in range(1, len(NAMES) * len(MEDIA) + 1)
    ]
    kept = [(writer, k, name) for writer, k, name in listed if name is not None]
    with ZipReader.open(file, most_bytes=_MOST_BYTES) as archive:
        items = np.stack([archive.grey_picture(f"{w}/{k}.png", size=SIZE) for w, k, _ in kept])
    names = [name for _, _, name in kept]
    media = [MEDIA[(k - 1) // len(NAMES)] for _, k, _ in kept]
    writers_of = [f"w{writer}" for writer, _, _ in kept]
    return Dataset(
        items,
        writers_of,
        ["/".join(parts) for parts in zip(writers_of, names, media, strict=True)],
        name="signatures",
        licence=LICENCE,
        notes=tuple(
            f"w{writer}: file {k} is a copy of the previous file and is left out."
            for writer, k, name in listed
            if name is None
        ),
        facets={"name": names, "medium": media},
    )


_DRAWN_MEDIA = ("paper", "tablet", "phone")
"""The media; `_PENS` holds the pen width of each."""

_PENS = (0.03, 0.02, 0.01)  # of the picture
_NAME, _HAND, _SIGNATURE = 10, 11, 12
_CHARACTERS = 3
_HABIT, _TREMOR = (
    0.09,
    0.012,
)  # of a character: variation between writers, and between signatures of a writer


def drawn_signatures(
    *, writers: int = 8, names: int = 3, media: int = 2, size: int = 224, seed: int = 0
) -> Dataset:
    """Return signatures of synthetic writers, each name once by each writer on each medium.

    A signature depends on the seed and the numbers of writer, name and medium only.

    Args:
        writers: how many, 1…10,000.
        names: how many different texts, 1…1,000.
        media: how many of paper, tablet and phone, 1…3.
        size: rows and columns of every picture, 32…1024.
        seed: random seed of the writers, 0 or more.

    Returns:
        items ``(writers × names × media, size, size, 1)``, uint8, ink 0 on paper 255;
        identities «drawn1» …; item names «drawn1/name1/paper» …; the facets "name" and "medium".

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_signatures(writers=2, names=2, media=2, size=64).items.shape
    (8, 64, 64, 1)
    """
    check_in_range(writers, 1, 10_000, argument="writers", whole=True)
    check_in_range(names, 1, 1_000, argument="names", whole=True)
    check_in_range(media, 1, len(_DRAWN_MEDIA), argument="media", whole=True)
    check_in_range(size, 32, 1024, argument="size", whole=True)
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    which = [
        (writer, name, medium)
        for writer in range(1, writers + 1)
        for medium in range(media)
        for name in range(1, names + 1)
    ]
    identities = [f"drawn{writer}" for writer, _, _ in which]
    facets = {
        "name": [f"name{name}" for _, name, _ in which],
        "medium": [_DRAWN_MEDIA[medium] for _, _, medium in which],
    }
    return Dataset(
        np.stack([_signature(seed, *numbers, size=size) for numbers in which])[..., None],
        identities,
        ["/".join(parts) for parts in zip(identities, *facets.values(), strict=True)],
        name="drawn signatures",
        licence="made by likeness",
        drawn=True,
        facets=facets,
    )


def _signature(seed: int, writer: int, name: int, medium: int, *, size: int) -> Images:
    hand = _generator(seed, _HAND, writer)
    matrix = np.array([[1.0, hand.uniform(-0.5, 0.3)], [hand.uniform(-0.15, 0.1), 1.0]])
    tall = hand.uniform(0.6, 1.1)
    # The writer's style for this name, and the variation of this signature.
    habit = _generator(seed, _HAND, writer, name)
    rng = _generator(seed, _SIGNATURE, writer, name, medium)
    paper = Image.new("L", (size, size), 255)
    pen = ImageDraw.Draw(paper)
    width = max(1, round(_PENS[medium] * size * rng.uniform(0.9, 1.1)))
    for index in range(_CHARACTERS):
        strokes = _strokes(_generator(seed, _NAME, name, index))
        for stroke in strokes:
            strays = _strays(stroke, habit, _HABIT) + _strays(stroke, rng, _TREMOR)
            moved = ((stroke + strays - 0.5) * [1.0, tall]) @ matrix.T
            x = (0.06 + (index + 0.5 + moved[:, 0]) * 0.88 / _CHARACTERS) * size
            y = (0.5 + moved[:, 1] * 0.88 / _CHARACTERS) * size
            line = [tuple(point) for point in _smooth(np.column_stack([x, y]))]
            pen.line(line, fill=0, width=width, joint="curve")
    return np.asarray(paper, dtype=np.uint8)


def _strays(stroke: Stroke, rng: np.random.Generator, how_far: float) -> Floats:
    return rng.normal(0, how_far, stroke.shape)
