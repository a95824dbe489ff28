"""Which of some byte strings stand in which files? Run as a script, in a process of its own.

SQLite's locks are POSIX locks: a process that opens and closes a database's file by itself
loses those that SQLite holds for it. So the files are never read by the process that has the
gallery open. This file imports nothing but the standard library, and no `likeness`.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PART = 2**20


def found_in(files: Sequence[Path], patterns: Sequence[bytes]) -> dict[int, list[str]]:
    """Return, by the pattern's place, the names of the files that hold it."""
    question = {
        "files": [str(file) for file in files],
        "patterns": [pattern.hex() for pattern in patterns],
    }
    answer = subprocess.run(
        [sys.executable, "-I", __file__],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    return {int(place): names for place, names in json.loads(answer.stdout).items()}


def _search(files: list[str], patterns: list[bytes]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name in files:
        path = Path(name)
        if path.is_file():
            for place in _places(path, patterns):
                found.setdefault(place, []).append(path.name)
    return found


def _places(path: Path, patterns: list[bytes]) -> set[int]:
    """Return which patterns a file holds; a part at a time stays in the processor's cache."""
    found: set[int] = set()
    overlap = max(map(len, patterns), default=1) - 1
    part = b""
    with path.open("rb") as file:
        while fresh := file.read(_PART):
            part = part[len(part) - min(overlap, len(part)) :] + fresh
            found |= {place for place, pattern in enumerate(patterns) if pattern in part}
    return found


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    wanted = [bytes.fromhex(pattern) for pattern in asked["patterns"]]
    json.dump(_search(asked["files"], wanted), sys.stdout)
