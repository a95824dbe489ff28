"""Values out of a record, whatever it holds: what is of another kind counts as not there."""

from collections.abc import Mapping
from typing import Any

from likeness.model.card.results import is_number


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
    return None if isinstance(value, bool) or not is_number(value) else value


def plain_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are words, numbers, or yes and no."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str | bool) or is_number(value)
    }
