"""Published data: where it is stored, how it is downloaded, and how it is read from a zip.

A file is searched at a path, in ``LIKENESS_DATA``, in the cache, and at mirrors. It is checked and
then renamed into the cache, so an interruption or two simultaneous downloads leave either nothing
or a complete file.

`PublishedFile.read` reads a file as its authors published it, identified by its SHA-256. Only the
requested members of a zip are read, into memory, within limits.
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from platformdirs import user_cache_path

from likeness.arrays import Images
from likeness.datasets.items import OnProgress
from likeness.errors import (
    DataError,
    DataNotFoundError,
    DigestError,
    ImageError,
    OutputError,
    require_extra,
)
from likeness.files import whole_file
from likeness.images.decode import decode

DATA_VARIABLE = "LIKENESS_DATA"
CACHE_VARIABLE = "LIKENESS_CACHE"
MIRRORS_VARIABLE = "LIKENESS_MIRRORS"


def data_place() -> Path | None:
    """Return the path in ``LIKENESS_DATA``; None if it is unset or empty."""
    given = os.environ.get(DATA_VARIABLE, "")
    return Path(given).expanduser() if given else None


def cache_place() -> Path:
    """Return the cache folder, which need not exist; ``LIKENESS_CACHE`` replaces the user's."""
    given = os.environ.get(CACHE_VARIABLE, "")
    return Path(given).expanduser() if given else user_cache_path("likeness", appauthor=False)


@dataclass(frozen=True)
class ZipReader:
    """An open zip, read by name.

    Nothing is extracted, so paths inside the zip are harmless.

    Args:
        file: its path, for messages.
        archive: the open zip.
        most_bytes: a member with a larger stated or actual size is not read.
    """

    file: Path
    archive: zipfile.ZipFile
    most_bytes: int

    @classmethod
    @contextmanager
    def open(cls, file: Path, *, most_bytes: int) -> Iterator["ZipReader"]:
        """Yield the zip's reader.

        Args:
            file: the zip.
            most_bytes: of one member.

        Raises:
            DataNotFoundError: it is not a zip, is truncated, or is encrypted.
        """
        broken = (zipfile.BadZipFile, zlib.error, EOFError)
        # RuntimeError: a password is asked for. NotImplementedError: an unknown compression.
        try:
            with zipfile.ZipFile(file) as archive:
                yield cls(file, archive, most_bytes)
        except (*broken, RuntimeError, NotImplementedError) as error:
            raise DataNotFoundError(f"{file}: not a zip that can be read ({error}).") from error

    @property
    def names(self) -> list[str]:
        """The names of all members, in the order of the zip."""
        return self.archive.namelist()

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a member; None if there is none, or it is too large."""
        try:
            member = self.archive.getinfo(name)
        except KeyError:
            return None
        if member.file_size > self.most_bytes:
            return None
        with self.archive.open(member) as stream:
            return stream.read(self.most_bytes)

    def grey_picture(self, member: str, *, size: int) -> Images:
        """Return a grey picture of the zip, ``(size, size, 1)`` uint8.

        Args:
            member: its name there.
            size: rows and columns that it must have.

        Raises:
            DataError: it is missing, or is not such a picture.
        """
        data = self.read(member)
        try:
            pixels = None if data is None else decode(data, name=member)
        except ImageError as error:
            raise DataError(f"{self.file.name}: {error}") from error
        if pixels is None or pixels.shape != (size, size, 1):
            came = "nothing" if pixels is None else f"shape {pixels.shape}"
            raise DataError(
                f"{self.file.name}: {member}: expected a grey PNG of {size}×{size} pixels. "
                f"Received: {came}."
            )
        return pixels


MOST_BYTES = 64 * 2**20
"""A mirror that sends more than this sends another file."""

_TIMEOUT = 20.0

T = TypeVar("T")


def download(
    mirrors: Sequence[str],
    destination: Path,
    *,
    check: Callable[[Path], T],
    on_progress: OnProgress | None = None,
) -> T:
    """Download ``destination`` from the first mirror whose file passes the check.

    Args:
        mirrors: addresses, tried in turn, unless ``LIKENESS_MIRRORS`` holds others, between
            blanks; one that ends in "/" is a folder that holds the destination's name.
        destination: the file in the cache; its folder is made.
        check: reads the downloaded file and returns what it holds, or raises `DataError`.
        on_progress: called with (bytes received, bytes expected).

    Returns:
        what ``check`` returned.

    Raises:
        DataNotFoundError: no mirror gave a file that passes; the message says why, mirror by
            mirror, and the caller adds the next step.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is not installed.
    """
    require_extra("pooch")
    advice = f"Set {CACHE_VARIABLE} to a folder that can be written to."
    failures = []
    given = os.environ.get(MIRRORS_VARIABLE, "").split()
    for mirror in given or mirrors:
        url = mirror + destination.name if mirror.endswith("/") else mirror
        try:
            with whole_file(destination, parents=True, advice=advice) as partial:
                _fetch(url, partial, on_progress)
                content = check(partial)
            return content
        except _MirrorError as error:
            failures.append(f"{_host(url)}: {error}")
        except DigestError as error:
            failures.append(f"{_host(url)}: other photos ({error})")
        except DataError as error:
            failures.append(f"{_host(url)}: {error}")
        except OutputError as error:
            # Windows cannot replace an open file; then the file exists already.
            if not isinstance(error.__cause__, PermissionError) or not destination.is_file():
                raise
            return check(destination)
    raise DataNotFoundError("; ".join(failures) or "no mirrors are listed")


class _MirrorError(Exception):
    """A mirror gave no file; the text says why in a few words."""


def _fetch(url: str, target: Path, on_progress: OnProgress | None) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise _MirrorError("not an http address")
    # pooch's downloader without its `retrieve`: `retrieve` checks file digests only, while a zip is
    # checked by its photos, and it logs to the terminal.
    pooch = require_extra("pooch")
    requests = require_extra("requests")
    fetch = pooch.HTTPDownloader(
        progressbar=_Progress(on_progress), chunk_size=2**16, timeout=_TIMEOUT
    )
    try:
        fetch(url, str(target), None)
    except requests.exceptions.HTTPError as error:
        raise _MirrorError(f"HTTP {error.response.status_code}") from error
    except requests.exceptions.Timeout as error:
        raise _MirrorError("timed out") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise _MirrorError("broke off") from error
    except requests.exceptions.ConnectionError as error:
        raise _MirrorError("cannot connect") from error
    except requests.exceptions.RequestException as error:
        raise _MirrorError(str(error) or type(error).__name__) from error


class _Progress:
    """The progress bar that pooch expects, on top of a callback."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self.total = 0
        self._done = 0
        self._tell = on_progress or (lambda done, total: None)

    def update(self, count: int) -> None:
        self._done += count
        if max(self._done, self.total) > MOST_BYTES:
            raise _MirrorError(f"sends more than {MOST_BYTES >> 20} MiB")
        # pooch counts whole chunks, the last one too.
        self._tell(min(self._done, self.total) if self.total else self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """A published file: its names, sources and SHA-256.

    Args:
        title: its name in messages.
        names: its file names; the first is used in the cache.
        sha256: of the file; None if the reader verifies the content.
        mirrors: addresses of the file.
        most_bytes: a larger file is not read.
    """

    title: str
    names: tuple[str, ...]
    sha256: str | None = None
    mirrors: tuple[str, ...]
    most_bytes: int = 64 * 2**20

    def read(
        self,
        path: str | Path | None,
        *,
        read: Callable[[Path], T],
        may_download: bool = True,
        on_progress: OnProgress | None = None,
    ) -> T:
        """Return what ``read`` makes of the file.

        Looks at the path; without one, for the file in ``LIKENESS_DATA`` and in the cache; and
        then downloads into the cache. A path that is given is never passed over.

        Args:
            path: the file, or a folder that holds it.
            read: called with the verified file.
            may_download: whether to download if no copy is found.
            on_progress: called with (bytes received, bytes expected) while downloading.

        Raises:
            DataNotFoundError: it is not where it was said to be, or nowhere.
            DigestError: there is another file in its place.
            DataError: it cannot be read.
            OutputError: the cache cannot be written.
            MissingExtraError: pooch is needed to download, and not installed.
        """
        if path is not None:
            return self._verified(self._given(Path(path).expanduser()), read)
        own = data_place()
        if own is not None and (file := self._within(own)) is not None:
            return self._verified(file, read)
        return self.read_cached(read=read, may_download=may_download, on_progress=on_progress)

    def read_cached(
        self,
        *,
        read: Callable[[Path], T],
        may_download: bool = True,
        on_progress: OnProgress | None = None,
    ) -> T:
        """Return what ``read`` makes of the file in the cache; it is downloaded where it must be.

        Args and Raises: as of `read`.
        """
        cached = cache_place() / self.names[0]
        if cached.is_file():
            try:
                return self._verified(cached, read)
            except DataError as error:
                if not may_download:
                    raise type(error)(f"the cache holds no good copy: {error}") from error
        why = "downloading is off"
        if may_download:
            try:
                return download(
                    self.mirrors,
                    cached,
                    check=lambda file: self._verified(file, read),
                    on_progress=on_progress,
                )
            except DataNotFoundError as error:
                why = f"no mirror gave it ({error})"
        raise DataNotFoundError(
            f"{self.title} is not in the cache ({cached}), and {why}: give the path of "
            f"{self.names[0]}, or set {DATA_VARIABLE} to its folder, or put it into the cache."
        )

    def _given(self, path: Path) -> Path:
        if not path.exists():
            raise DataNotFoundError(f"{path}: there is no such file or folder.")
        file = path if path.is_file() else self._within(path)
        if file is None:
            raise DataNotFoundError(
                f"{path}: expected {self.title} ({' or '.join(self.names)} in the folder). "
                "Received: neither file."
            )
        return file

    def _within(self, path: Path) -> Path | None:
        """Return the file if the path has one of its names, or is a folder that holds it."""
        if path.is_file():
            return path if path.name in self.names else None
        return next((path / name for name in self.names if (path / name).is_file()), None)

    def _verified(self, file: Path, read: Callable[[Path], T]) -> T:
        if self.sha256 is None:
            return read(file)
        try:
            digest = "" if file.stat().st_size > self.most_bytes else _sha256_of(file)
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error
        if digest != self.sha256:
            raise DigestError(
                f"{file.name} is not {self.title} as published (its SHA-256 differs). Use a copy "
                "from its authors."
            )
        return read(file)


def _sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
