"""The process that searches files for bytes. It imports nothing, so that it starts at once.

It reads lines: the number of files, the path of each, and the byte strings, all as hexadecimal
digits. It answers with lines: the number of a file, and of a byte string that the file holds.
"""

import sys

_PART = 2**20


def _patterns_in(path: bytes, patterns: list[bytes]) -> set[int]:
    """Return which patterns a file holds; a part at a time stays in the processor's cache."""
    present: set[int] = set()
    overlap = max(map(len, patterns), default=1) - 1
    part = b""
    with open(path, "rb") as file:  # noqa: PTH123 (pathlib takes a while to import)
        while fresh := file.read(_PART):
            part = part[len(part) - min(overlap, len(part)) :] + fresh
            present |= {index for index, pattern in enumerate(patterns) if pattern in part}
    return present


def _answer(question: list[str]) -> None:
    count = int(question[0])
    files = [bytes.fromhex(line) for line in question[1 : 1 + count]]
    patterns = [bytes.fromhex(line) for line in question[1 + count :]]
    for number, path in enumerate(files):
        try:
            present = _patterns_in(path, patterns)
        except FileNotFoundError:  # a write-ahead log comes and goes
            continue
        for index in sorted(present):
            print(number, index)


if __name__ == "__main__":
    _answer(sys.stdin.read().split("\n"))
