"""Download one file into the cache, from the first mirror that gives the right one.

A file enters the cache whole and checked, by one rename, or not at all. So a break, a kill
or two downloads at once leave either nothing or a good file under its name.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from likeness.datasets.places import CACHE_VARIABLE, MIRRORS_VARIABLE
from likeness.datasets.progress import OnProgress
from likeness.errors import DataError, DataNotFoundError, DigestError, OutputError, require_extra
from likeness.files import whole_file

MOST_BYTES = 64 * 2**20
"""A mirror that sends more than this sends something else."""

_TIMEOUT = 20.0

T = TypeVar("T")


def mirrors_or(usual: Sequence[str], *, file_name: str) -> list[str]:
    """Return the addresses to try: those in ``LIKENESS_MIRRORS``, if set, else ``usual``.

    The variable holds addresses between blanks; one that ends in "/" is a folder that holds
    ``file_name``.
    """
    given = os.environ.get(MIRRORS_VARIABLE, "").split()
    return [url + file_name if url.endswith("/") else url for url in given or usual]


def download(
    mirrors: Sequence[str],
    destination: Path,
    *,
    check: Callable[[Path], T],
    on_progress: OnProgress | None = None,
) -> T:
    """Download ``destination`` from the first mirror whose file passes the check.

    Args:
        mirrors: addresses, tried in turn.
        destination: the file in the cache; its folder is made.
        check: reads the downloaded file and returns what it holds, or raises `DataError`.
        on_progress: called with (bytes received, bytes expected).

    Returns:
        what ``check`` returned.

    Raises:
        DataNotFoundError: no mirror gave a file that passes; the message says why, mirror by
            mirror, and ends without a next step, for the caller to add.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is not installed.
    """
    require_extra("pooch")
    advice = f"Set {CACHE_VARIABLE} to a folder that can be written to."
    failures = []
    for url in mirrors:
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
            # Windows does not replace a file that somebody reads: then it is there already.
            if not isinstance(error.__cause__, PermissionError) or not destination.is_file():
                raise
            return check(destination)
    raise DataNotFoundError("; ".join(failures) or "no mirrors are listed")


class _MirrorError(Exception):
    """A mirror gave no file; the text says why in a few words."""


def _fetch(url: str, target: Path, on_progress: OnProgress | None) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise _MirrorError("not an http address")
    # pooch's downloader without its `retrieve`: that one knows digests of files only, while a
    # zip is judged by the photos in it, and it logs to the terminal.
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
    """What pooch asks of a progress bar, over a callback."""

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
