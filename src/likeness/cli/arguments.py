"""How commands read their data and their recipe."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from likeness import datasets
from likeness.cli.settings import changed
from likeness.datasets import Dataset
from likeness.errors import SettingError
from likeness.tasks import registry
from likeness.training import TrainingRecipe, recipe_by_name, recipe_names

_NAMED: dict[str, Callable[[], Dataset]] = {"att": datasets.att, "drawn": datasets.drawn_faces}


def read_data(data: str) -> Dataset:
    """Return the data set that the word names, or the folder at that path.

    Raises:
        DataError: it cannot be had.
    """
    if is_named(data):
        reader = _NAMED[data] if data in _NAMED else registry.load("dataset", data)
        return reader()
    return datasets.folder(Path(data))


def is_named(data: str) -> bool:
    """Return whether the word names a data set; a folder of that name goes first."""
    return data in (*_NAMED, *registry.names("dataset")) and not Path(data).is_dir()


def whole_numbers(word: str, option: str, *, example: str) -> list[int]:
    """Return the numbers of a list such as «1,2,4».

    Raises:
        SettingError: one of them is no whole number from 1.
    """
    parts = [part.strip() for part in word.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise SettingError(
            f"{option}: expected whole numbers from 1, such as {example}. Received: {word!r}."
        )
    return [int(part) for part in parts]


def read_recipe(
    mode: str, *, file: Path | None, changes: list[str], seed: int | None
) -> TrainingRecipe:
    """Return the named recipe, or the file's, with changes.

    Args:
        mode: one of `likeness.training.recipe_names`.
        file: JSON with settings that replace the named recipe's.
        changes: each ``name=value``.
        seed: replaces the recipe's.

    Raises:
        SettingError: a name or a value does not fit.
    """
    if mode not in recipe_names():
        raise SettingError(
            f"--mode: expected one of {', '.join(recipe_names())}. Received: {mode!r}."
        )
    settings = None if file is None else _from_file(file)
    return changed(recipe_by_name(mode), changes, file=settings, seed=seed)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"--recipe: {file} cannot be read as JSON: {error}.") from error
    if not isinstance(settings, dict):
        raise SettingError(f"--recipe: {file}: expected an object of settings.")
    return settings
