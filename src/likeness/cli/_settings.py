"""``--set name=value``: one setting of a recipe, on the command line."""

import json
from typing import Annotated, Any

import typer

from likeness.errors import SettingError

Changes = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, name=value; repeatable.")
]


def read_changes(changes: list[str]) -> dict[str, Any]:
    """Return the settings that `--set` names, each ``name=value``.

    Raises:
        SettingError: one is written otherwise.
    """
    settings = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise SettingError(f"--set: expected name=value. Received: {change!r}.")
        settings[name.strip()] = _parsed(value.strip())
    return settings


def _parsed(value: str) -> Any:
    """Read a number, true or false; anything else is a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value
