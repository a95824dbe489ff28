"""Which of some byte strings stand in which files? Asked of a process of its own.

SQLite's locks are POSIX locks: a process that opens and closes a database's file by itself
loses those that SQLite holds for it. So the files are never read by the process that has the
gallery open.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from likeness.recogniser.gallery import byte_search_process as _byte_search_process


def found_in(files: Sequence[Path], patterns: Sequence[bytes]) -> dict[int, list[str]]:
    """Return, by the pattern's place, the names of the files that hold it.

    Raises:
        subprocess.SubprocessError: a file cannot be read, or the process was killed.
    """
    question = [str(len(files)), *(os.fsencode(file).hex() for file in files)]
    question += [pattern.hex() for pattern in patterns]
    answer = subprocess.run(
        # Without the site's packages: it starts in half the time.
        [sys.executable, "-I", "-S", _byte_search_process.__file__],
        input="\n".join(question),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[int, list[str]] = {}
    for line in answer.stdout.splitlines():
        file, pattern = map(int, line.split())
        found.setdefault(pattern, []).append(files[file].name)
    return found
