"""The photos in a folder: known by their content; whatever is not taken is named, with why.

One walker for people's folders, films and sequences.
"""

from dataclasses import dataclass
from pathlib import Path

from likeness.errors import DataError, DataNotFoundError
from likeness.files import natural_key
from likeness.images.formats import EXTENSIONS, READ, described, file_format

_SYSTEM = {
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "__macosx",
    "desktop.ini",
    "ehthumbs.db",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


@dataclass(frozen=True)
class PhotoFiles:
    """What was found in a folder.

    Args:
        photos: in natural order of folders and names («s2» before «s10»).
        left_out: (file or folder, why it is not taken).
        skipped: hidden and system files and folders, which nobody put there.
    """

    photos: tuple[Path, ...] = ()
    left_out: tuple[tuple[Path, str], ...] = ()
    skipped: tuple[Path, ...] = ()

    @classmethod
    def of_folder(cls, folder: Path) -> "PhotoFiles":
        """Return the photos that lie in a folder, not those in folders within it.

        Raises:
            DataError: the folder cannot be read.
        """
        photos, left_out, skipped = [], [], []
        for entry in _entries(folder):
            if _is_hidden(entry.name):
                skipped.append(entry)
            elif entry.is_dir():
                left_out.append((entry, "a folder within a folder of photos"))
            elif why := _why_no_photo(entry):
                left_out.append((entry, why))
            else:
                photos.append(entry)
        return cls(tuple(photos), tuple(left_out), tuple(skipped))

    @classmethod
    def of_people(cls, folder: Path) -> "PhotoFiles":
        """Return the photos of a folder that holds one sub-folder per person.

        Raises:
            DataError: a folder cannot be read.
        """
        top = cls.of_folder(folder)
        loose = [(photo, "not in a person's folder") for photo in top.photos]
        people = [path for path, _ in top.left_out if path.is_dir()]
        each = [cls.of_folder(person) for person in people]
        left_out = [(path, why) for path, why in top.left_out if path not in people]
        for person, files in zip(people, each, strict=True):
            left_out += files.left_out
            if not files.photos and not files.left_out:
                left_out.append((person, "no photo in it"))
        return cls(
            tuple(photo for files in each for photo in files.photos),
            (*loose, *left_out),
            (*top.skipped, *(path for files in each for path in files.skipped)),
        )

    @classmethod
    def required_of_people(cls, path: Path) -> "PhotoFiles":
        """Return the photos of a folder with one sub-folder per person; there is one at least.

        Raises:
            DataNotFoundError: there is no such folder, or no photo in a sub-folder of it.
            DataError: a folder cannot be read.
        """
        if not path.is_dir():
            came = "a file" if path.exists() else "nothing"
            raise DataNotFoundError(
                f"{path}: expected a folder with one sub-folder of photos per person. "
                f"Found: {came}."
            )
        files = cls.of_people(path)
        if not files.photos:
            people = sum(entry.is_dir() and not _is_hidden(entry.name) for entry in path.iterdir())
            loose = len(cls.of_folder(path).photos)
            beside = f", and {loose} photos beside them" if loose else ""
            raise DataNotFoundError(
                f"{path}: expected one sub-folder of photos (JPEG, PNG, …) per person. "
                f"Found: {people} sub-folders, none with a photo{beside}."
            )
        return files

    def notes(self, folder: Path) -> tuple[str, ...]:
        """Return a sentence on each that is not taken.

        Args:
            folder: that was walked; paths are told below it.
        """
        below = ((printable(str(path.relative_to(folder))), why) for path, why in self.left_out)
        return tuple(f"left out: {path} ({why})." for path, why in below)


def _is_hidden(name: str) -> bool:
    """Return whether a file or folder is hidden, or the system's or a photo program's own.

    >>> [_is_hidden(name) for name in (".thumbnails", "@eaDir", "Thumbs.db", "ada")]
    [True, True, True, False]
    """
    return name.startswith((".", "@")) or name.lower() in _SYSTEM


def _may_be_photo(name: str, head: bytes) -> bool:
    """Return whether a file is a photo by its content, or claims to be one by its name."""
    return file_format(head) in READ or name.lower().endswith(EXTENSIONS)


def is_photo(name: str, head: bytes) -> bool:
    """Return whether a file is taken as a photo, by its name and its first bytes."""
    return not _is_hidden(name) and _may_be_photo(name, head)


def printable(name: str) -> str:
    """Return a file's name so that it prints; bytes in it that are not UTF-8 show as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}).") from error


def _why_no_photo(file: Path) -> str:
    """Return why a file is not even tried as a photo; empty if it is."""
    if _may_be_photo(file.name, b""):
        return ""
    try:
        if not file.is_file():
            return "not a file" if file.exists() else "a link that leads nowhere"
        with file.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if _may_be_photo(file.name, head) else f"not a photo: {described(head)}"
