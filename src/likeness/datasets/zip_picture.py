"""One picture out of a published zip of drawings."""

from pathlib import Path

from likeness.arrays import Images
from likeness.datasets.zip import ZipReader
from likeness.errors import DataError, ImageError
from likeness.images.decode import decode


def grey_picture(archive: ZipReader, member: str, file: Path, *, size: int) -> Images:
    """Return a grey picture of a zip, ``(size, size, 1)`` uint8.

    Args:
        archive: of `opened_zip`.
        member: its name there.
        file: the zip's path, for messages.
        size: rows and columns that it must have.

    Raises:
        DataError: it is not there, or is no such picture.
    """
    data = archive.read(member)
    try:
        pixels = None if data is None else decode(data, name=member)
    except ImageError as error:
        raise DataError(f"{file.name}: {error}") from error
    if pixels is None or pixels.shape != (size, size, 1):
        came = "nothing" if pixels is None else f"shape {pixels.shape}"
        raise DataError(
            f"{file.name}: {member}: expected a grey PNG of {size}×{size} pixels. Received: {came}."
        )
    return pixels
