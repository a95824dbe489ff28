"""The AT&T (ORL) faces: 40 people, 10 photos each, 112 rows × 92 columns, 8-bit grey.

From AT&T Laboratories Cambridge, 1992–1994. They are read from a path, the cache or a mirror, and
every person is verified, because a copy with other people as s1 and s2 circulates.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from likeness.arrays import Images
from likeness.datasets.download import DATA_VARIABLE, PublishedFile, ZipReader, data_place
from likeness.datasets.items import Dataset, OnProgress, name_some
from likeness.errors import DataError, DataNotFoundError, DigestError, ImageError
from likeness.files import natural_key
from likeness.images.decode import decode

MIRRORS = (
    "https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip",
    "https://www.idiap.ch/software/bob/data/bob/att_faces.zip",
    "http://datasets.openimaj.org/att_faces.zip",
    "https://web.archive.org/web/2019id_/"
    "https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip",
)
"""Where to look; the photos' pixels are verified."""

LICENCE = (
    "The AT&T (ORL) Database of Faces, AT&T Laboratories Cambridge. Free for use with credit: "
    "F. Samaria and A. Harter, «Parameterisation of a stochastic model for human face "
    "identification», WACV 1994."
)

ZIP_NAME = "att_faces.zip"
PUBLISHED = PublishedFile(title="a copy of the AT&T faces", names=(ZIP_NAME,), mirrors=MIRRORS)
ROWS, COLUMNS = 112, 92
PHOTOS_EACH = 10

_PREFIXES = ("", "orl_faces/", "att_faces/")
_MOST_ZIP_BYTES = 256 * 2**20
_MOST_PHOTO_BYTES = 2**20  # a photo is 10 KiB, or some 40 as text

_Reader = Callable[[str], bytes | None]

PERSON_DIGESTS = {
    "s1": "dda67a779b2e3171fde6c5d83a242c32aa19e6961957458e7380626a13d41071",
    "s2": "c729efcd4052038d6b3c5b65bec3e24804553e8960a676dc4396e4533728b7a8",
    "s3": "0d55a20a792312952b397c53a455bd19f0d971854ee80d0ddb0e1d9c5d73eef6",
    "s4": "8645eef3c36c0d94c784c4a57afe4b312011ac5efb762694f2f2e4a1abe11d91",
    "s5": "87f8f965aabd6a59f012702d7e5245fbe919bb41cf621f6517485a847e906ed3",
    "s6": "e353657f697413657b8612482d444a5a042a9086cfe8acc215078c9571d8d0f2",
    "s7": "bea2f13a11e18c65cc784671d0932e99fee6fcee61173449b066ae5914b5a383",
    "s8": "5e2a06faba3515f90411fa2892c8785cd0f7d0edc705fb72c3ee54ed95328c9f",
    "s9": "54fbfb0eef4ad28912ccb271b04ecd188fc25a3b3fa79c576a10225a17806cca",
    "s10": "395d5a865b258f79e770c32040bb32684f34c749dd03a990b423c8c95f287b9b",
    "s11": "bc2f8de43a21edcd5db34cd1266f45b7f4e08710705601157afb22e745397beb",
    "s12": "ca06b86b5ee9f5df662f14a61fae69c51c579efd93c0151412017cf5d344f725",
    "s13": "ff468966e09a5cf71f2f012ae6c32366a2d788e51d37302772be1cfcf793b096",
    "s14": "30029d2df6b5b9e947d33718e86618e5242527a38616fb7bc2fc4950fbc767f6",
    "s15": "11f5db6c6928e3e267c1b5b2e1bc1a2ff20e1909d1358bc184b607922e6827aa",
    "s16": "10ff3a59697056fc9730946e34f4381aa080a0a30283952fdf59f7a28d2a70c8",
    "s17": "e6ae8af8c47ef91383cf227fd8fdbbfb35279b131b0e21b9c7f461ca3702ec58",
    "s18": "60ac2afff69a5a4cab94d4e42917795e759b9f58190743a86612af3fd8c58148",
    "s19": "482ca1039157bf59e015179e3196b57b784cd3005d8d0cda2eeb09f2354ec786",
    "s20": "4f3d7a38247df325c2c8f126eedbe6a94790abda6cefe306dcc159f0dad8d4a1",
    "s21": "d3a171918a2c48d329b44eea5b18c0737bcb8179a5d01269442f26028b40e294",
    "s22": "ee23a7fa5e32c7aae62040beaf456e0ac13d86afd195f3bac2eb2c5ab4e20043",
    "s23": "05f155777c169b7685b134361860983490bdf7a60d7f01678f39a8ce655befee",
    "s24": "31184c8be88c69d8c95a4ef50dce557a54ba49058229123bb285d06cd6e2303e",
    "s25": "e060b7ba15f6f684dafe446747936487e067935ecbabba332d1169ebae7629b9",
    "s26": "cbdaacfca3ff166cd1343f054680a00b762129f5a3802199860518626cfda673",
    "s27": "6bd41c9e39c9ffdbdf0d8a32f806b041bdea1b38400934f3c2d41c888f7b8868",
    "s28": "f27cba6293842c62839bd9e4997b1e3794b92a75f86d7df05d6424e322607bb9",
    "s29": "ca2db98d624fd1992b15870dc7f1d3bb192d94a6c49bb4aee8b6eca85838596d",
    "s30": "f47935b0c1b47308ff0cd1e6b35606d92903f578afeb866d13a72c63c4dde02e",
    "s31": "99ebd887e5e22365dd573d28df2e03a8f15580dcfb9c42a21ab2d8d02d2de3f5",
    "s32": "5c1996a5c018f56ff382059f3fa531ec7172c2201da90a268408501fb95af8d4",
    "s33": "996c901cad9de909493607e51b6aea3422bffc7f9d0f153373938241bb40cbe4",
    "s34": "c26dfd60f75c71a953c4a44924b112f6123a7219efecf31909529330b0fd5bab",
    "s35": "469515ac98c5be3e678e80850e9ef2f766b22fbdeb86e356b7a261e6514cca9e",
    "s36": "c1c84a4f9f78a6e7cbe6c44b3a5bebd8d330ae4ba2cf1f4198a22f197d213fdb",
    "s37": "043f8f0677b4cd4545224e908bc2107df63580d67007eaeb1d8da44b9398bc0b",
    "s38": "6c26312c5734350e11d9984796e1a64ae47e6a26a38edbc5fe61f502af23b011",
    "s39": "1af48391b7a8ea373654f7066c1437128e0dffaeb0941f861e9355d06cb66414",
    "s40": "c1f38ee5d0bea6075fcf5f29142b21e15f793ea458b11d2f4b62b33d7f6f40c4",
}
"""SHA-256 of each person, over the ten photos' pixels.

Made from a copy in which all 400 photos agree with a second, independent copy. A digest is
over the raw pixel blocks of photos 1 … 10 of the person, one after the other, each of 112 rows
of 92 bytes; file headers do not count. The digest over all 400 blocks, s1/1 … s40/10, is
``2e4844a9f4fa4397058f69d6208047170f2e9d399cda18b55c1e8d28f0a83431``.
"""


def att(
    path: str | Path | None = None,
    *,
    download: bool = True,
    on_progress: OnProgress | None = None,
    digests: Mapping[str, str] = PERSON_DIGESTS,
) -> Dataset:
    """Return the AT&T faces, every person verified.

    Looks at the path; without one, at ``LIKENESS_DATA``; if that is unset too, in the cache; and
    then downloads into the cache. A path that is given is never
    passed over.

    Args:
        path: a zip, a folder of photos, or a folder that holds ``att_faces.zip``; in it
            ``s1/1.pgm``, ``orl_faces/s1/1.pgm`` or ``att_faces/s1/1.pgm``.
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.
        digests: the people, and the SHA-256 of each one's ten pixel blocks.

    Returns:
        items ``(400, 112, 92, 1)``, uint8; identities «s1» … «s40»; item names «s1/1» ….

    Raises:
        DataNotFoundError: the faces are not at the given path, or were not found.
        DigestError: photos are missing, or show other people.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    items = _find_photos(path, digests, may_download=download, on_progress=on_progress)
    people = sorted(digests, key=natural_key)
    numbers = range(1, PHOTOS_EACH + 1)
    return Dataset(
        items,
        [person for person in people for _ in numbers],
        [f"{person}/{number}" for person in people for number in numbers],
        name="AT&T faces",
        licence=LICENCE,
    )


def _find_photos(
    path: str | Path | None,
    digests: Mapping[str, str],
    *,
    may_download: bool,
    on_progress: OnProgress | None,
) -> Images:
    """Return the verified photos, ``(10 × people, 112, 92, 1)``, people in natural order."""
    if path is not None:
        return _read_copy(Path(path).expanduser(), digests)
    given = data_place()
    if given is not None:
        try:
            return _read_copy(given, digests)
        except DataError as error:
            raise type(error)(f"{DATA_VARIABLE}: {error}") from error
    return PUBLISHED.read_cached(
        read=lambda file: _checked(file, digests),
        may_download=may_download,
        on_progress=on_progress,
    )


def _checked(file: Path, digests: Mapping[str, str]) -> Images:
    """Read a downloaded copy; messages leave out its temporary path."""
    try:
        return _read_copy(file, digests)
    except (DataNotFoundError, DigestError) as error:
        raise type(error)(str(error).removeprefix(f"{file}: ").rstrip(".")) from error


def _read_copy(path: Path, digests: Mapping[str, str]) -> Images:
    """Return the verified photos of the copy at a path, of any of the layouts."""
    try:
        if path.is_dir():
            zipped = path / ZIP_NAME
            return _read_zip(zipped, digests) if zipped.is_file() else _read_folder(path, digests)
        if path.is_file():
            return _read_zip(path, digests)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    raise DataNotFoundError(f"{path}: there is no such file or folder.")


def _read_folder(folder: Path, digests: Mapping[str, str]) -> Images:
    def read(name: str) -> bytes | None:
        file = folder / name
        if not file.is_file() or file.stat().st_size > _MOST_PHOTO_BYTES:
            return None
        return file.read_bytes()

    return _verified(folder, read, digests)


def _read_zip(file: Path, digests: Mapping[str, str]) -> Images:
    if file.stat().st_size > _MOST_ZIP_BYTES:
        raise _nothing_in(file)
    with ZipReader.open(file, most_bytes=_MOST_PHOTO_BYTES) as archive:
        return _verified(file, archive.read, digests)


def _verified(path: Path, read: _Reader, digests: Mapping[str, str]) -> Images:
    people = sorted(digests, key=natural_key)
    wanted = [f"{person}/{k}" for person in people for k in range(1, PHOTOS_EACH + 1)]
    prefix = _prefix(path, read, wanted)
    photos = {name: _photo(name, read(f"{prefix}{name}.pgm")) for name in wanted}
    missing = [name for name in wanted if photos[name] is None]
    if missing:
        raise DigestError(
            f"{path}: {len(missing)} of {len(wanted)} photos of the AT&T faces are missing or "
            f"broken: {name_some(missing)}. Use a whole copy."
        )
    items = np.stack([photo for photo in photos.values() if photo is not None])
    blocks = items.reshape(len(people), PHOTOS_EACH, ROWS, COLUMNS, 1)
    others = [
        person
        for person, block in zip(people, blocks, strict=True)
        if hashlib.sha256(block.tobytes()).hexdigest() != digests[person]
    ]
    if others:
        raise DigestError(_strangers(path, others))
    return items


def _prefix(path: Path, read: _Reader, wanted: list[str]) -> str:
    for prefix in _PREFIXES:
        if any(read(f"{prefix}{name}.pgm") is not None for name in wanted):
            return prefix
    raise _nothing_in(path)


def _nothing_in(path: Path) -> DataNotFoundError:
    return DataNotFoundError(
        f"{path}: expected the AT&T faces (s1/1.pgm … s40/10.pgm, in a zip or a folder, or "
        f"{ZIP_NAME} in the folder). Received: none of them."
    )


def _photo(name: str, data: bytes | None) -> Images | None:
    try:
        pixels = None if data is None else decode(data, name=name)
    except ImageError:
        return None
    return None if pixels is None or pixels.shape != (ROWS, COLUMNS, 1) else pixels


def _strangers(path: Path, people: list[str]) -> str:
    if people == ["s1", "s2"]:
        return (
            f"{path}: s1 and s2 are other people; a copy with strangers in s1 and s2 "
            "circulates, and this is one. Use another copy."
        )
    return (
        f"{path}: the photos of {name_some(people, most=len(people))} are not those of the "
        "AT&T faces (their SHA-256 differs). Use another copy."
    )
