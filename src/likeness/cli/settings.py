"""``--set name=value``: one setting of a recipe, on the command line."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from likeness.errors import SettingError

Changes = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, name=value; repeatable.")
]


def changed(settings: Mapping[str, Any], changes: list[str]) -> dict[str, Any]:
    """Return settings with changes, each ``name=value``.

    Raises:
        SettingError: a change is something else.
    """
    found = dict(settings)
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise SettingError(f"--set: expected name=value. Received: {change!r}.")
        found[name.strip()] = _parsed(value.strip())
    return found


def _parsed(value: str) -> Any:
    """Read a number, true or false; anything else is a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value
