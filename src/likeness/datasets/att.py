"""The AT&T (ORL) faces: 40 people, 10 photos each, 112 rows × 92 columns, 8-bit grey.

From AT&T Laboratories Cambridge, 1992–1994. Found at a path, in the cache or at a mirror, and
every person is verified: a copy in which s1 and s2 are other people circulates.
"""

from collections.abc import Mapping
from pathlib import Path

from likeness.arrays import Images
from likeness.datasets.att_copy import PHOTOS_EACH, ZIP_NAME, read_copy
from likeness.datasets.att_digests import PERSON_DIGESTS
from likeness.datasets.download import download, mirrors_or
from likeness.datasets.items import Dataset
from likeness.datasets.places import DATA_VARIABLE, cache_place, data_place
from likeness.datasets.progress import OnProgress
from likeness.errors import DataError, DataNotFoundError, DigestError
from likeness.files import natural_key

MIRRORS = (
    "https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip",
    "https://www.idiap.ch/software/bob/data/bob/att_faces.zip",
    "http://datasets.openimaj.org/att_faces.zip",
    "https://web.archive.org/web/2019id_/"
    "https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip",
)
"""Only finding places: what is verified are the photos' pixels."""

LICENCE = (
    "The AT&T (ORL) Database of Faces, AT&T Laboratories Cambridge. Free for use with credit: "
    "F. Samaria and A. Harter, «Parameterisation of a stochastic model for human face "
    "identification», WACV 1994."
)


def att(
    path: str | Path | None = None, *, download: bool = True, on_progress: OnProgress | None = None
) -> Dataset:
    """Return the AT&T faces, every person verified.

    Looks at the path; without one, at ``LIKENESS_DATA``; if that is unset too, in the cache
    (`att_cache_path`); and then downloads into the cache. A path that is given is never
    passed over.

    Args:
        path: a zip, a folder of photos, or a folder that holds ``att_faces.zip``; in it
            ``s1/1.pgm``, ``orl_faces/s1/1.pgm`` or ``att_faces/s1/1.pgm``.
        download: whether to download if nothing is at hand.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Returns:
        items ``(400, 112, 92, 1)``, uint8; identities «s1» … «s40»; item names «s1/1» ….

    Raises:
        DataNotFoundError: the faces are not where they were said to be, or nowhere.
        DigestError: photos are missing or of other people.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    items = find_photos(
        path, may_download=download, on_progress=on_progress, digests=PERSON_DIGESTS
    )
    people = sorted(PERSON_DIGESTS, key=natural_key)
    numbers = range(1, PHOTOS_EACH + 1)
    return Dataset(
        items,
        [person for person in people for _ in numbers],
        [f"{person}/{number}" for person in people for number in numbers],
        name="AT&T faces",
        licence=LICENCE,
    )


def att_cache_path() -> Path:
    """Return where in the cache the zip of the AT&T faces lies, or would lie."""
    return cache_place() / ZIP_NAME


def find_photos(
    path: str | Path | None,
    *,
    may_download: bool,
    on_progress: OnProgress | None,
    digests: Mapping[str, str],
) -> Images:
    """Return the verified photos; `att` without its names, and with the digests as argument."""
    if path is not None:
        return read_copy(Path(path).expanduser(), digests=digests)
    given = data_place()
    if given is not None:
        try:
            return read_copy(given, digests=digests)
        except DataError as error:
            raise type(error)(f"{DATA_VARIABLE}: {error}") from error
    cached = att_cache_path()
    if cached.is_file():
        try:
            return read_copy(cached, digests=digests)
        except DataError as error:
            if not may_download:
                raise type(error)(f"the cache holds no good copy: {error}") from error
    return _downloaded(cached, may_download, on_progress, digests)


def _downloaded(
    cached: Path, may_download: bool, on_progress: OnProgress | None, digests: Mapping[str, str]
) -> Images:
    if not may_download:
        raise DataNotFoundError(_nowhere(cached, "downloading is off"))
    try:
        return download(
            mirrors_or(MIRRORS, file_name=ZIP_NAME),
            cached,
            check=lambda file: _checked(file, digests),
            on_progress=on_progress,
        )
    except DataNotFoundError as error:
        raise DataNotFoundError(_nowhere(cached, f"no mirror gave them ({error})")) from error


def _checked(file: Path, digests: Mapping[str, str]) -> Images:
    """Read a downloaded copy; the messages leave out its path, which is gone when they show."""
    try:
        return read_copy(file, digests=digests)
    except (DataNotFoundError, DigestError) as error:
        raise type(error)(str(error).removeprefix(f"{file}: ").rstrip(".")) from error


def _nowhere(cached: Path, why: str) -> str:
    return (
        f"the AT&T faces are not in the cache ({cached}), and {why}: give the path of a copy, "
        f"or set {DATA_VARIABLE} to it, or put {ZIP_NAME} into the cache."
    )
