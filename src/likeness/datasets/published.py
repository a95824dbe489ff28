"""One published file: at a path, in ``LIKENESS_DATA``, in the cache, or from a mirror.

What is taken is the file as its authors published it, by its SHA-256; so whoever reads it has
what everybody else has.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from likeness.datasets.download import download, mirrors_or
from likeness.datasets.places import DATA_VARIABLE, cache_place, data_place
from likeness.datasets.progress import OnProgress
from likeness.errors import DataError, DataNotFoundError, DigestError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """What a file is called, where it comes from, and how to tell that it is the one.

    Args:
        title: what to call it in a message.
        names: file names it goes by; the first is its name in the cache.
        sha256: of the file.
        mirrors: addresses of the file.
        most_bytes: a larger file is another one, and is not looked at.
    """

    title: str
    names: tuple[str, ...]
    sha256: str
    mirrors: tuple[str, ...]
    most_bytes: int = 64 * 2**20


def read_published(
    wanted: PublishedFile,
    path: str | Path | None,
    *,
    read: Callable[[Path], T],
    may_download: bool = True,
    on_progress: OnProgress | None = None,
) -> T:
    """Return what ``read`` makes of the file, wherever it is found.

    Looks at the path; without one, for the file in ``LIKENESS_DATA`` and in the cache; and then
    downloads into the cache. A path that is given is never passed over.

    Args:
        wanted: the file.
        path: the file, or a folder that holds it.
        read: called with the verified file.
        may_download: whether to download if nothing is at hand.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Raises:
        DataNotFoundError: it is not where it was said to be, or nowhere.
        DigestError: there is another file in its place.
        DataError: it cannot be read.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    if path is not None:
        return _verified(wanted, _given(wanted, Path(path).expanduser()), read)
    own = data_place()
    if own is not None and (file := _within(wanted, own)) is not None:
        return _verified(wanted, file, read)
    cached = cache_place() / wanted.names[0]
    if cached.is_file():
        try:
            return _verified(wanted, cached, read)
        except DataError as error:
            if not may_download:
                raise type(error)(f"the cache holds no good copy: {error}") from error
    return _downloaded(wanted, cached, read, may_download, on_progress)


def _given(wanted: PublishedFile, path: Path) -> Path:
    if not path.exists():
        raise DataNotFoundError(f"{path}: there is no such file or folder.")
    if path.is_file():
        return path
    file = _within(wanted, path)
    if file is None:
        raise DataNotFoundError(
            f"{path}: expected {wanted.title} ({' or '.join(wanted.names)} in the folder). "
            "Received: neither file."
        )
    return file


def _within(wanted: PublishedFile, path: Path) -> Path | None:
    """Return the file if the path is it by its name, or a folder that holds it."""
    if path.is_file():
        return path if path.name in wanted.names else None
    return next((path / name for name in wanted.names if (path / name).is_file()), None)


def _downloaded(
    wanted: PublishedFile,
    cached: Path,
    read: Callable[[Path], T],
    may_download: bool,
    on_progress: OnProgress | None,
) -> T:
    why = "downloading is off"
    if may_download:
        mirrors = mirrors_or(wanted.mirrors, file_name=wanted.names[0])
        try:
            return download(
                mirrors,
                cached,
                check=lambda file: _verified(wanted, file, read),
                on_progress=on_progress,
            )
        except DataNotFoundError as error:
            why = f"no mirror gave it ({error})"
    raise DataNotFoundError(
        f"{wanted.title} is not in the cache ({cached}), and {why}: give the path of "
        f"{wanted.names[0]}, or set {DATA_VARIABLE} to its folder, or put it into the cache."
    )


def _verified(wanted: PublishedFile, file: Path, read: Callable[[Path], T]) -> T:
    try:
        size = file.stat().st_size
        digest = "" if size > wanted.most_bytes else _sha256_of(file)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error
    if digest != wanted.sha256:
        raise DigestError(
            f"{file.name} is not {wanted.title} as published (its SHA-256 differs). Use a copy "
            "from its authors."
        )
    return read(file)


def _sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
