"""The STS benchmark: 8,628 pairs of English sentences, with similarity scores.

D. Cer, M. Diab, E. Agirre, I. Lopez-Gazpio, L. Specia, «SemEval-2017 Task 1: Semantic Textual
Similarity», 2017. News, captions of pictures and videos, and answers of forums; a part for
training, one to choose on (dev) and one to test, each verified by its digest.
"""

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from likeness.datasets.download import PublishedFile, cache_place, data_place
from likeness.datasets.items import OnProgress
from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError
from likeness.tasks.sentences.sentence_pairs import SentencePairs

Part = Literal["train", "dev", "test"]

DIGESTS: Mapping[str, str] = {
    "train": "d52e1db23c2483099f2ff4d9cd80a0f98be6438748b65e21f2f2244da0164ab1",
    "dev": "5d7e944d8b02734b07bfdb5df67db3420c64bed153fcaa1ba47ad03480cf4234",
    "test": "affe45928a66ee5a708531233c95b7dacbbdc57f974f002a3d32ea0180cf816a",
}
"""SHA-256 of ``sts-train.csv`` and so on, as published."""

ARCHIVES = ("stsbenchmark.zip", "Stsbenchmark.tar.gz")
PUBLISHED = PublishedFile(
    title="the STS benchmark",
    names=ARCHIVES[1:],
    mirrors=(
        "http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz",
        "https://web.archive.org/web/2020id_/"
        "http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz",
    ),
)
"""Where to download it; the parts in it are verified."""

LICENCE = (
    "STS benchmark (Cer, Diab, Agirre, Lopez-Gazpio & Specia, SemEval-2017 Task 1): scores "
    "CC BY-SA 4.0; each source of sentences has terms of its own, see its LICENSE.txt."
)

_FOLDERS = ("", "stsbenchmark/")
_MOST_BYTES = 16 * 2**20  # a part is 0.9 MB
_COLUMNS = 7  # genre, file, year, number, score, sentence, sentence; some have further columns

_Reader = Callable[[str], bytes | None]


def sts(
    path: str | Path | None = None,
    *,
    part: Part = "train",
    download: bool = True,
    on_progress: OnProgress | None = None,
    digests: Mapping[str, str] | None = None,
) -> SentencePairs:
    """Return one part of the STS benchmark, verified.

    Looks at the path; without one, at ``LIKENESS_DATA`` and in the cache; and then downloads
    into the cache. A given path is never ignored.

    Args:
        path: ``stsbenchmark.zip``, ``Stsbenchmark.tar.gz``, a folder with one of them, or with
            ``sts-train.csv`` and the others.
        part: «train» (5,749 pairs), «dev» (1,500) or «test» (1,379).
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.
        digests: the SHA-256 of each part; None for those published.

    Raises:
        DataNotFoundError: it is not at the given path, or was not found.
        DigestError: the part is not the published one.
        DataError: it cannot be read.
        SettingError: there is no such part.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    digests = DIGESTS if digests is None else digests
    if part not in digests:
        raise SettingError(f"part: expected one of {', '.join(digests)}. Received: {part!r}.")
    if path is not None:
        return _read_copy(Path(path).expanduser(), part, digests)
    for folder in (data_place(), cache_place()):
        if folder is not None and (copy := _copy_in(folder)) is not None:
            return _read_copy(copy, part, digests)
    return PUBLISHED.read_cached(
        read=lambda file: _read_copy(file, part, digests),
        may_download=download,
        on_progress=on_progress,
    )


def _copy_in(path: Path) -> Path | None:
    """Return the path of a copy: the path itself, an archive in that folder, or None.

    The same folder may be of other data sets, so finding nothing there is not an error.
    """
    if path.name in ARCHIVES:
        return path if path.is_file() else None
    if any((path / f"sts-{part}.csv").is_file() for part in DIGESTS):
        return path
    return next((path / name for name in ARCHIVES if (path / name).is_file()), None)


def _read_copy(path: Path, part: str, digests: Mapping[str, str]) -> SentencePairs:
    name = f"sts-{part}.csv"
    try:
        data = _content(path, name)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    if data is None:
        raise DataNotFoundError(
            f"{path}: expected the STS benchmark ({name}, in a zip, a tar.gz or a folder). "
            "Received: none of it."
        )
    if hashlib.sha256(data).hexdigest() != digests[part]:
        raise DigestError(
            f"{path}: {name} is not the published one (its SHA-256 differs). Use another copy."
        )
    return _pairs(data, name=f"{path}: {name}", part=part)


def _content(path: Path, name: str) -> bytes | None:
    """Return the bytes of a part; only known names are opened, within a size limit."""
    if path.is_dir():
        inside = _copy_in(path)
        if inside is not None and inside != path:
            return _content(inside, name)
        file = path / name
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
        return file.read_bytes()
    if not path.is_file():
        raise DataNotFoundError(f"{path}: there is no such file or folder.")
    try:
        return _from_zip(path, name) if zipfile.is_zipfile(path) else _from_tar(path, name)
    # RuntimeError: the zip is encrypted. NotImplementedError: an unknown compression.
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise DataNotFoundError(
            f"{path}: not a zip or tar.gz that can be read ({error})."
        ) from error


def _from_zip(file: Path, name: str) -> bytes | None:
    with zipfile.ZipFile(file) as archive:
        for folder in _FOLDERS:
            try:
                member = archive.getinfo(folder + name)
            except KeyError:
                continue
            if member.file_size > _MOST_BYTES:
                return None
            with archive.open(member) as stream:
                return stream.read(_MOST_BYTES)
    return None


def _from_tar(file: Path, name: str) -> bytes | None:
    wanted = {folder + name for folder in _FOLDERS}
    with tarfile.open(file, "r:gz") as archive:
        # Nothing is extracted: members are read in the order of the file.
        for member in archive:
            if member.name.removeprefix("./") in wanted and member.isfile():
                if member.size > _MOST_BYTES:
                    return None
                stream = archive.extractfile(member)
                return None if stream is None else stream.read(_MOST_BYTES)
    return None


def _pairs(data: bytes, *, name: str, part: str) -> SentencePairs:
    """Read tab-separated lines; quotation marks are text, as in the published files."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: expected UTF-8. Received: {error.reason}.") from error
    left, right, scores = [], [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        try:
            if len(cells) < _COLUMNS:
                raise ValueError
            scores.append(float(cells[4]))
        except ValueError as error:
            raise DataError(
                f"{name}, line {number}: expected at least {_COLUMNS} columns between tabs, the "
                f"fifth a score. Received: {line[:60]!r}."
            ) from error
        left.append(cells[5].strip())
        right.append(cells[6].strip())
    return SentencePairs(
        left=tuple(left),
        right=tuple(right),
        scores=np.array(scores, np.float64),
        name=f"STS benchmark, {part} part",
        licence=LICENCE,
    )
