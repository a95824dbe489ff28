"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from likeness.errors import OutputError


def write_whole(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder; all of them are on the disk before the first takes its place.

    A file that was there before stays as it is until then, so a full disk or Ctrl-C leaves
    the old report, never half a new one.

    Args:
        folder: made if it is not there.
        files: name → content.

    Returns:
        The paths, in the order of ``files``.

    Raises:
        OutputError: the folder cannot be made or written to, or a name in it is a folder.
    """
    drafts: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in files]
        for path in paths:
            if path.is_dir():
                raise IsADirectoryError(0, "there is a folder of that name", str(path))
        for path, content in zip(paths, files.values(), strict=True):
            drafts.append(_draft(path, content))
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    except OSError as error:
        raise OutputError(
            f"{', '.join(files)}: expected a folder that can be written to. Received: {folder} "
            f"({error.strerror or error}). Nothing there was changed; choose another folder."
        ) from error
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
    return paths


def _draft(path: Path, content: bytes) -> Path:
    """Write the content beside its place: only within one file system is a move atomic."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".likeness-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes files for the owner only; a report is as readable as any other file.
        Path(name).chmod(0o666 & ~_umask())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _umask() -> int:
    """Return the mask of permissions that new files do not get; it can only be read by setting."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
