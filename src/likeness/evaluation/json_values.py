"""Values out of a JSON document, whatever it holds: what is of another kind counts as missing."""

import math
from collections.abc import Mapping
from typing import Any


def object_of(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list, or an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def text_of(value: Any) -> str | None:
    """Return words, or None."""
    return value if isinstance(value, str) and value.strip() else None


def number_of(value: Any) -> int | float | None:
    """Return a finite number, or None."""
    return value if is_number(value) else None


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def json_of(value: Any) -> Any:
    """Return a value as it is read back from JSON: lists for tuples, however deep."""
    if isinstance(value, Mapping):
        return {name: json_of(each) for name, each in value.items()}
    return [json_of(each) for each in value] if isinstance(value, list | tuple) else value


def plain_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are words, numbers, or yes and no."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str | bool) or is_number(value)
    }
