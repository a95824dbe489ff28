"""A zip that somebody else made: only what is asked for is read, into memory, within limits."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from likeness.errors import DataNotFoundError


@dataclass(frozen=True)
class ZipReader:
    """An open zip, read by name.

    Where it wants its files to be extracted to does not matter: nothing is extracted.

    Args:
        archive: the open zip.
        most_bytes: a member that says, or turns out, to be larger is not read.
    """

    archive: zipfile.ZipFile
    most_bytes: int

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


@contextmanager
def opened_zip(file: Path, *, most_bytes: int) -> Iterator[ZipReader]:
    """Yield the zip's reader.

    Args:
        file: the zip.
        most_bytes: of one member.

    Raises:
        DataNotFoundError: it is no zip, or breaks off, or asks for a password.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield ZipReader(archive, most_bytes)
    # RuntimeError: a password is asked for. NotImplementedError: an unknown compression.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DataNotFoundError(f"{file}: not a zip that can be read ({error}).") from error
