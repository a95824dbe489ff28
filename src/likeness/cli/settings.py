"""``--set name=value``: one setting of a recipe, on the command line."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import typer

from likeness.errors import SettingError
from likeness.training.settings import SettingGroup

Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, such as schedule.epochs=3; repeatable."),
]

Recipe = TypeVar("Recipe", bound=SettingGroup)


def changed(
    recipe: Recipe,
    changes: list[str] | None,
    *,
    file: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Recipe:
    """Return a recipe with the settings of a file, then with changes, then with a seed.

    Args:
        recipe: what is not mentioned stays as it is here.
        changes: each ``name=value``, the name with its group in front.
        file: settings, in groups or by older names.
        seed: of the recipe.

    Raises:
        SettingError: a change is something else, or a value does not fit.
    """
    settings = recipe.as_dict()
    for name, value in recipe.with_todays_names(file or {}).items():
        inner = isinstance(value, Mapping) and isinstance(settings.get(name), Mapping)
        settings[name] = {**settings[name], **value} if inner else value
    for change in changes or []:
        name, equals, value = change.partition("=")
        if not equals:
            raise SettingError(f"--set: expected name=value. Received: {change!r}.")
        try:
            settings = recipe.with_setting(settings, name.strip(), _parsed(value.strip()))
        except SettingError as error:
            raise SettingError(f"--set: {error}") from error
    if seed is not None:
        settings["seed"] = seed
    return recipe.from_dict(settings)


def _parsed(value: str) -> Any:
    """Read a number, true or false; anything else is a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value
