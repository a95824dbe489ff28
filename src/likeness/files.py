"""Files: atomic writes, checks before long work, and natural sort order.

All output files of the program are written here. A temporary file is written beside its target,
synced to the disk, and renamed, so a crash, a full disk or Ctrl-C leaves the old file or the new
one, never a part of it, and never an empty file after a power cut.

And what stands in JSON files: a dataclass is written by its fields (`to_json`), and read back by
the types of its fields (`from_json`). Documents that others may have written are read leniently
(`LenientObject`).
"""

import errno
import math
import os
import re
import shutil
import tempfile
import time
import typing
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Self, TypeVar

from likeness.errors import DataError, OutputError

_T = TypeVar("_T")

_DRAFTS = ".likeness-part-"
"""Prefix of the names of temporary folders; only such folders are ever removed."""

_STALE_AFTER, _LOCKED_AFTER = 24 * 3600.0, 10.0
"""Seconds after which a temporary folder is nobody's any more: where locks do not work; and where
they do, after which its writer has surely locked it."""

_ADVICE = "Nothing there was changed; choose another place or make room."


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key for natural order: «s2» before «s10»."""
    parts = re.split(r"(\d+)", text)
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    # «s1» and «s01» must not tie: a set of names has another order in every process.
    return [*key, (-1, 0, text)]


def one_spelling(name: str) -> str:
    """Return a person's name in its one spelling: composed letters, no blanks around.

    Names come from folders, CSV files, commands and requests; some systems write «é» as one letter,
    some as two (Unicode NFC and NFD).

    >>> one_spelling(" Zoe\\u0308 ") == "Zo\\u00eb"
    True
    """
    return unicodedata.normalize("NFC", name).strip()


def write_file(
    path: str | Path, content: str | bytes, *, mode: int | None = None, new: bool = False
) -> Path:
    """Write a file atomically; a pipe or a device is written to, never replaced.

    Args:
        path: its folder must exist. A symbolic link stays, and its target is replaced.
        content: text is written as UTF-8.
        mode: permissions; by default those of the file that is replaced, or else as of any
            new file.
        new: whether the file must not exist yet.

    Returns:
        The path.

    Raises:
        OutputError: it cannot be written, or it exists and must be new.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file() and not path.is_dir():
        with _in_words(path, "Choose another place."):
            path.write_bytes(data)
        return path
    with whole_file(path, mode=mode, new=new) as draft:
        draft.write_bytes(data)
    return path


@contextmanager
def whole_file(
    path: str | Path,
    *,
    mode: int | None = None,
    new: bool = False,
    parents: bool = False,
    advice: str = _ADVICE,
) -> Iterator[Path]:
    """Yield the path of a temporary file; at the end it replaces ``path``.

    If an exception is raised inside, the old content stays.

    Args:
        path, mode, new: as of `write_file`.
        parents: whether to create a missing folder.
        advice: the error's last sentence: what to do.

    Raises:
        OutputError: as `write_file`.
    """
    if new and os.path.lexists(path):
        raise _not_new(Path(path))
    with _in_words(path, advice):
        if parents:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        with _draft_of(Path(path)) as (draft, target):
            yield draft
            _sync(draft, target, mode=mode)
            _put(draft, target, new=new)
    _sync_folder(target.parent)


@contextmanager
def growing_file(path: str | Path) -> Iterator[Callable[[str], None]]:
    """Yield what appends text to a file, at once: for long work whose results are kept as it goes.

    Args:
        path: what is there is replaced; its folder must be there.

    Raises:
        OutputError: it cannot be written.
    """
    with ExitStack() as stack:
        with _in_words(path, "Choose another place or make room."):
            file = stack.enter_context(Path(path).open("w", encoding="utf-8", newline=""))

        def append(text: str) -> None:
            with _in_words(path, "What was written before is kept; make room and go on."):
                file.write(text)
                file.flush()

        yield append


def write_files(folder: str | Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder; all of them are on the disk before the first is renamed.

    Args:
        folder: created if it does not exist.
        files: name → content, in the order in which they are renamed.

    Returns:
        The paths, in the order of ``files``.

    Raises:
        OutputError: the folder cannot be made or written to, or a name in it is a folder.
    """
    folder = Path(folder)
    with _in_words(f"{folder} ({', '.join(files)})", _ADVICE), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        drafts = [stack.enter_context(_draft_of(folder / name)) for name in files]
        for (draft, target), content in zip(drafts, files.values(), strict=True):
            draft.write_bytes(content.encode() if isinstance(content, str) else content)
            _sync(draft, target, mode=None)
        for draft, target in drafts:
            _put(draft, target, new=False)
    for parent in {target.parent for _, target in drafts}:
        _sync_folder(parent)
    return [folder / name for name in files]


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """Yield a temporary folder; at the end it replaces ``folder``.

    If an exception is raised inside, the old content stays.

    Args:
        folder: missing parents are created. A symbolic link stays.

    Raises:
        OutputError: it cannot be written.
    """
    target = Path(os.path.realpath(folder))
    with _in_words(folder, _ADVICE):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _draft_folder(target.parent) as drafts:
            fresh = drafts / "fresh"
            fresh.mkdir()
            yield fresh
            for path in (*fresh.rglob("*"), fresh):
                if path.is_dir():
                    _sync_folder(path)
                else:
                    _sync(path, path, mode=None)
            if target.is_dir():
                fresh.chmod(target.stat().st_mode & 0o777)
            _swap_in(fresh, target, aside=drafts / "aside")
    _sync_folder(target.parent)


def check_writable_file(
    path: str | Path | None,
    *,
    option: str,
    expected: str = "a file in an existing folder",
    new: bool = False,
) -> None:
    """Raise, before long work, if its result could not be written to a file.

    Args:
        path: of the file; None if none will be written.
        option: its option, for the message.
        expected: what the error says was expected.
        new: whether the file must not exist yet.

    Raises:
        OutputError: its folder does not exist or is not writable, the file is a folder, or it
            exists and must be new.
    """
    if path is None:
        return
    path = Path(path)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir() or target.is_dir() or (new and os.path.lexists(path)):
        raise OutputError(f"{option}: expected {expected}. Received: {path}.")
    if path.is_file() or not path.exists():  # a pipe or a device needs no folder
        _try(target.parent, f"{option}: {path}")


def check_writable_folder(folder: str | Path | None, *, option: str) -> None:
    """Raise, before long work, if a folder could not be created or written to.

    Args:
        folder: may exist, and may hold files; None if none will be written.
        option: its option, for the message.

    Raises:
        OutputError: it cannot be written, or it or a folder above it is a file.
    """
    if folder is None:
        return
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{option}: expected a folder. Received: {folder}, a file. Choose another name."
        )
    _try(_first_there(folder), f"{option}: {folder}")


def check_new_folder(
    folder: str | Path, *, overwrite: bool = False, document: str = "model.json"
) -> None:
    """Raise, before long work, unless a folder is new, empty, or a result that may be replaced.

    Args:
        folder: its path.
        overwrite: whether an existing result may be replaced.
        document: the file that marks a folder as such a result; by default a
            model's, "" where nothing may be replaced.

    Raises:
        OutputError: the folder holds something else, or it cannot be written.
    """
    folder = Path(folder)
    if folder.is_file():
        raise OutputError(f"{folder}: expected a folder. Received: a file. Choose another name.")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / document).is_file():
            raise OutputError(
                f"{folder}: expected a new or empty folder. Received: one that holds other "
                "files. Choose another name."
            )
        if not overwrite:
            raise OutputError(
                f"{folder} already holds a model. Choose another name, or replace it with "
                "`--overwrite` (`overwrite=True`)."
            )
    _try(_first_there(Path(os.path.realpath(folder)).parent), str(folder))


def _first_there(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _try(folder: Path, what: str) -> None:
    """Create and remove a file in the folder: permissions alone are not sufficient."""
    with _in_words(what, "Choose another place."), _draft_folder(folder):
        pass


@contextmanager
def _in_words(what: str | Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{what} cannot be written: {reason}. {advice}") from error


@contextmanager
def _draft_of(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the path of a temporary file beside a file, and the file itself with links resolved."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "there is a folder of that name", str(path))
    with _draft_folder(target.parent) as drafts:
        yield drafts / target.name, target


@contextmanager
def _draft_folder(beside: Path) -> Iterator[Path]:
    """Yield a folder for temporary files: a rename is atomic within one file system only."""
    _sweep(beside)
    with (
        tempfile.TemporaryDirectory(
            prefix=_DRAFTS, dir=beside, ignore_cleanup_errors=True
        ) as folder,
        _lock(Path(folder)),
    ):
        yield Path(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[bool | None]:
    """Lock a folder, for as long as this process lives at most.

    Yields:
        whether nobody else had locked it; None where folders cannot be locked.
    """
    if os.name != "posix":
        yield None
        return
    import fcntl  # late: Windows lacks it

    free: bool | None = True
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        except OSError:  # a network file system
            free = None
        yield free
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove temporary files of killed processes: nobody has them locked."""
    for drafts in folder.glob(f"{_DRAFTS}*"):
        with suppress(OSError), _lock(drafts) as free:  # or another process was faster
            stale_after = _STALE_AFTER if free is None else _LOCKED_AFTER
            if free is not False and time.time() - drafts.stat().st_mtime > stale_after:
                shutil.rmtree(drafts, ignore_errors=True)


def _sync(draft: Path, target: Path, *, mode: int | None) -> None:
    """Set the permissions of a temporary file, and sync it to the disk."""
    if mode is None and target.exists():
        mode = target.stat().st_mode & 0o777
    if mode is not None:
        draft.chmod(mode)
    # Windows syncs only what is open for writing.
    handle = os.open(draft, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put(draft: Path, target: Path, *, new: bool) -> None:
    """Rename a temporary file to its path; a new file never replaces one created meanwhile."""
    if not new:
        draft.replace(target)
        return
    try:
        try:
            os.link(draft, target)  # unlike a renaming, it never replaces
        except FileExistsError:
            raise
        except OSError:  # hard links do not work there
            _claim(draft, target)
    except FileExistsError as error:
        raise _not_new(target) from error


def _claim(draft: Path, target: Path) -> None:
    """Reserve an unused name, and rename the temporary file to it."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        draft.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _not_new(path: Path) -> OutputError:
    return OutputError(
        f"{path}: expected a new file. Received: an existing one. Choose another name."
    )


def _swap_in(fresh: Path, folder: Path, *, aside: Path) -> None:
    """Replace ``folder`` by ``fresh``; on failure restore the old one."""
    if folder.exists():
        folder.replace(aside)
    try:
        fresh.replace(folder)
    except OSError:
        if aside.exists():
            aside.replace(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Sync a folder to the disk, so that a rename survives a power cut."""
    if os.name == "nt":  # which has no such thing
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise OutputError(
                f"{folder} was written, but could not be synced to the disk: "
                f"{error.strerror}. Check the disk and write it again."
            ) from error
    finally:
        os.close(handle)


def to_json(value: Any) -> Any:
    """Return a value as JSON has it: objects for dataclasses, lists for tuples, however deep.

    A value that has a ``to_json`` of its own is asked for it.
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        return fields_to_json(value)
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    return [to_json(each) for each in value] if isinstance(value, list | tuple) else value


def fields_to_json(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name, as `to_json` writes each."""
    return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}


def fields_from_json(kind: type[_T], document: object, *, at: str = "") -> _T:
    """Return the dataclass whose fields an object describes; other entries are left alone.

    Args:
        kind: the dataclass. A field with a default may be missing.
        document: as `fields_to_json` wrote it.
        at: its path in the document, for the message.

    Raises:
        DataError: it is not an object, an entry is missing, or it is of another kind.
    """
    if not isinstance(document, Mapping):
        raise _of_another_kind(at, "an object", document)
    types, values = _field_types(typing.cast("Any", kind)), {}
    for field in fields(kind):  # type: ignore[arg-type]
        inner = f"{at}.{field.name}".removeprefix(".")
        if field.name in document:
            values[field.name] = from_json(types[field.name], document[field.name], at=inner)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DataError(f"{inner}: expected an entry of that name. Received: none.")
    return kind(**values)


def from_json(kind: Any, value: Any, *, at: str = "") -> Any:
    """Return what `to_json` wrote, by the type that it was: a class, or a type of `typing`.

    A class that has a ``from_json`` of its own is asked to read it. A sequence becomes a tuple.

    Raises:
        DataError: the value is of another kind, or a number is not finite.
    """
    if hasattr(kind, "from_json"):
        return value if isinstance(value, kind) else kind.from_json(value)
    if is_dataclass(kind):
        return fields_from_json(typing.cast("type[Any]", kind), value, at=at)
    if typing.get_args(kind):
        return _inside(kind, value, at)
    if kind in (Any, object) or _is_plain(kind, value):
        return value
    raise _of_another_kind(at, kind.__name__, value)


def _inside(kind: Any, value: Any, at: str) -> Any:
    """Read a union, a literal, a mapping or a sequence."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, UnionType):
        return _one_of(inner, value, at)
    if origin is Literal:
        if value in inner:
            return value
    elif issubclass(origin, Mapping):
        if isinstance(value, Mapping):
            return {
                from_json(inner[0], name, at=at): from_json(inner[1], each, at=f"{at}.{name}")
                for name, each in value.items()
            }
    elif isinstance(value, list | tuple):
        return tuple(from_json(inner[0], each, at=f"{at}[{i}]") for i, each in enumerate(value))
    raise _of_another_kind(at, str(kind), value)


def _one_of(kinds: tuple[Any, ...], value: Any, at: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    others = [kind for kind in kinds if kind is not NoneType]
    for kind in others[:-1]:
        with suppress(DataError):
            return from_json(kind, value, at=at)
    return from_json(others[-1], value, at=at)


class LenientObject(dict[str, Any]):
    """An object of a JSON document, read leniently: an entry of another kind counts as missing."""

    @classmethod
    def of(cls, value: object) -> Self:
        """Return an object, or an empty one."""
        return cls(value if isinstance(value, Mapping) else {})

    def part(self, name: str) -> Self:
        """Return an object in it, or an empty one."""
        return self.of(self.get(name))

    def entries(self, name: str) -> list[Any]:
        """Return a list in it, or an empty one."""
        value = self.get(name)
        return list(value) if isinstance(value, list | tuple) else []

    def text(self, name: str) -> str | None:
        """Return words, or None."""
        value = self.get(name)
        return value if isinstance(value, str) and value.strip() else None

    def number(self, name: str) -> int | float | None:
        """Return a finite number, or None."""
        value = self.get(name)
        return value if _is_plain(float, value) else None

    def plain(self) -> dict[str, Any]:
        """Return the entries that are words, finite numbers, or yes and no."""
        kinds = (str, bool, float)
        return {n: value for n, value in self.items() if any(_is_plain(k, value) for k in kinds)}


def _is_plain(kind: Any, value: Any) -> bool:
    """Return whether a value is a text, a flag or a finite number, as asked for."""
    if kind is float:
        kind = (int, float)
    elif kind not in (str, bool, int):
        return False
    if isinstance(value, bool) is not (kind is bool) or not isinstance(value, kind):
        return False
    return not isinstance(value, float) or math.isfinite(value)


@cache
def _field_types(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _of_another_kind(at: str, expected: str, value: Any) -> DataError:
    return DataError(f"{at or 'document'}: expected {expected}. Received: {value!r:.40}.")
