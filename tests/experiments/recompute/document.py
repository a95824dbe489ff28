"""Which numbers a document has, and whether all of them are claimed."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

Claims = dict[str, float]

INPUTS = (
    r"seconds/total",
    r"network/(parameters|embedding_size)",
    r"(protocols/\d+/)?recipe/[\w/]+",
    r"seeds/\w+(/\w+)?|seeds/open-set/\w+|protocols/\d+/seeds/\w+",
    # What a training was and took.
    r"protocols/\d+/folds/\d+/(epochs|training_seconds)",
    # Which halves were enrolled with how many photos of each: the searches follow from them.
    r"(protocols/\d+/)?open_set/(seeds/halves|counts/shots)",
    r"(protocols/\d+/)?evidence/.*",
)
"""Numbers that were put in or clocked, not computed from energies."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from leaves(entry, f"{path}/{place}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def check(document: dict[str, Any], claims: Claims, inputs: Sequence[str]) -> None:
    """Every number is claimed, or a known input; and every claim is in the document."""
    numbers = dict(leaves(document))
    unclaimed = [
        path
        for path in numbers
        if path not in claims and not any(re.fullmatch(pattern, path) for pattern in inputs)
    ]
    assert not unclaimed, unclaimed
    missing = [path for path in claims if path not in numbers]
    assert not missing, missing
    for path, value in claims.items():
        assert numbers[path] == pytest.approx(value, rel=0, abs=1e-9), path
