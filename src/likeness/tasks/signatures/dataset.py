"""Signatures: 93 writers, ten given names, each written once on each of four media.

J.-F. Luo et al., «Is There a Difference between Paper and Electronic Chinese Signatures?»,
Advanced Intelligent Systems 5, 2023. Everybody writes the same names, so a name says nothing of
its writer: what is left is the hand.

File k of a writer is name (k−1) mod 10 on medium (k−1) div 10, which was checked: the names by
eye and against the mean picture of each name, the media against the strokes. On paper a stroke's
width changes most along it (in 83 of 93 writers), the tablet's pen is as thick but even, and the
two tens of the phone share one thin pen (widths of a writer correlate at 0.88). Two writers'
files on the phone are out of step; they are put right here.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from likeness.datasets.items import Dataset
from likeness.datasets.progress import OnProgress
from likeness.datasets.published import PublishedFile, read_published
from likeness.datasets.zip import opened_zip
from likeness.datasets.zip_picture import grey_picture

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
"""What is written, in the order of the files."""

MEDIA = ("paper", "tablet", "phone in hand", "phone on table")
"""On what it is written, ten files each, in the order of the files."""

SIZE = 224
"""Rows and columns of every picture; ink is 0, paper 255."""

CORRECTIONS: Mapping[tuple[int, int], str | None] = {
    # Writer 61's first name on the second phone is there twice (31, 32), the sixth is missing.
    (61, 32): None,
    (61, 33): NAMES[1],
    (61, 34): NAMES[2],
    (61, 35): NAMES[3],
    (61, 36): NAMES[4],
    # Writer 63's seventh is there twice (36, 37), the fourth is missing.
    (63, 34): NAMES[4],
    (63, 35): NAMES[5],
    (63, 36): NAMES[6],
    (63, 37): None,
}
"""(writer, file) → the name that it shows; None: a copy of the file before it, left out."""

_MOST_BYTES = 2**18  # of one picture; they have some 5,000


def signatures(
    path: str | Path | None = None, *, download: bool = True, on_progress: OnProgress | None = None
) -> Dataset:
    """Return the signatures, by writer.

    Looks at the path; without one, in ``LIKENESS_DATA`` and the cache; and then downloads from
    ``LIKENESS_MIRRORS``, if that is set. The file is known by its SHA-256.

    Args:
        path: the zip, or a folder that holds ``signatures_93x40.zip``.
        download: whether to download if nothing is at hand.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Returns:
        items ``(3718, 224, 224, 1)``, uint8, ink 0 on paper 255; identities «w1» … «w93»; item
        names «w1/王涛/paper»; the facets "name" (one of `NAMES`) and "medium" (one of `MEDIA`).

    Raises:
        DataNotFoundError: the file is not where it was said to be, or nowhere.
        DigestError: there is another file in its place.
        DataError: it cannot be read.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    return read_published(
        PUBLISHED, path, read=read_signatures, may_download=download, on_progress=on_progress
    )


def read_signatures(file: Path, *, writers: int = WRITERS) -> Dataset:
    """Return the signatures of a zip in this layout.

    Args:
        file: holds ``WRITER/K.png`` for the writers 1, 2, … and K 1…40.
        writers: how many.

    Raises:
        DataError: a signature is missing or is no such picture.
    """
    listed = [
        (writer, k, CORRECTIONS.get((writer, k), NAMES[(k - 1) % len(NAMES)]))
        for writer in range(1, writers + 1)
        for k in range(1, len(NAMES) * len(MEDIA) + 1)
    ]
    kept = [(writer, k, name) for writer, k, name in listed if name is not None]
    with opened_zip(file, most_bytes=_MOST_BYTES) as archive:
        items = np.stack(
            [grey_picture(archive, f"{w}/{k}.png", file, size=SIZE) for w, k, _ in kept]
        )
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
            f"w{writer}: file {k} is a copy of the one before it and is left out."
            for writer, k, name in listed
            if name is None
        ),
        facets={"name": names, "medium": media},
    )
