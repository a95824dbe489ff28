"""Grouped settings: validation and JSON, shared by all recipes.

A recipe is a frozen value of settings and groups of settings; a setting's full name starts with its
group, such as ``augmentation.erasing``.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, ClassVar, Self

from likeness.arrays import check_in_range
from likeness.errors import SettingError


def number(default: float, low: float, high: float) -> Any:
    """Return a field for a number in a closed range; an integer if the default is one."""
    return field(default=default, metadata={"range": (low, high)})


def choice(*options: str) -> Any:
    """Return a field for one of several words; the first is the default."""
    return field(default=options[0], metadata={"options": options})


@dataclass(frozen=True, kw_only=True)
class SettingGroup:
    """A frozen value made of settings, or of groups of them; what every recipe has in common.

    Subclasses are frozen dataclasses. Their fields are made by `number` and `choice`, or have a
    default that is a text, a truth value, or a group.
    """

    whole: ClassVar[str] = "recipe"
    """What an error calls the whole."""

    group: ClassVar[str] = ""
    """Its name in the recipe; the recipe itself has none."""

    old_names: ClassVar[Mapping[str, str]] = {}
    """Old names of settings → their present full name; "" for a removed one."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            name = f"{self.group}.{setting.name}" if self.group else setting.name
            # Plain numbers, so that a recipe is JSON serialisable.
            object.__setattr__(self, setting.name, _checked(value, setting, name))

    def as_dict(self) -> dict[str, Any]:
        """Return every setting, groups as mappings of their own; JSON values only."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(self.as_dict(), indent=2, sort_keys=True) + "\n"

    def replace(self, **changes: Any) -> Self:
        """Return the same with changes; those of a group may be a mapping of what changes in it.

        Raises:
            SettingError: there is no setting of a name given, or a value does not fit.
        """
        known = {setting.name for setting in fields(self)}
        if unknown := sorted(set(changes) - known):
            name = f"{self.group}.{unknown[0]}" if self.group else unknown[0]
            raise SettingError(f"{self.whole}: {_no_setting(name, self.full_names())}")
        values = {
            name: _replaced(getattr(self, name), value, name) for name, value in changes.items()
        }
        return dataclasses.replace(self, **values)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Make it from `as_dict`, or from some of its settings, by present or old names.

        Raises:
            SettingError: there is no setting of a name given, or a value does not fit.
        """
        return cls().replace(**cls.with_todays_names(settings))

    @classmethod
    def with_todays_names(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings by their present names."""
        named = {cls.old_names.get(name, name): value for name, value in settings.items()}
        return {name: value for name, value in named.items() if name}

    @classmethod
    def full_names(cls) -> tuple[str, ...]:
        """Return the name of every setting, with its group in front."""
        names: list[str] = []
        for setting in fields(cls):
            if dataclasses.is_dataclass(setting.default):
                names += [f"{setting.name}.{inner.name}" for inner in fields(setting.default)]
            else:
                names.append(f"{cls.group}.{setting.name}" if cls.group else setting.name)
        return tuple(names)

    @classmethod
    def with_setting(cls, settings: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
        """Return settings, as `as_dict` gives them, with another value for one.

        Raises:
            SettingError: there is no setting of this full name; the message suggests a similar one.
        """
        known = cls.full_names()
        if name not in known:
            if new := cls.old_names.get(name):
                raise SettingError(f"{name} is now called {new}. Write {new}=….")
            raise SettingError(_no_setting(name, known))
        first, dot, second = name.partition(".")
        if not dot:
            return {**settings, first: value}
        return {**settings, first: {**settings.get(first, {}), second: value}}


def _checked(value: Any, setting: dataclasses.Field[Any], name: str) -> Any:
    if "range" in setting.metadata:
        low, high = setting.metadata["range"]
        whole = isinstance(setting.default, int)
        check_in_range(value, low, high, argument=name, whole=whole)
        return int(value) if whole else float(value)
    options = setting.metadata.get("options")
    if options and value not in options:
        words = ", ".join(sorted(options))
        raise SettingError(f"{name}: expected one of {words}. Received: {value!r}.")
    kind = type(setting.default)
    if not isinstance(value, kind):
        expected = {bool: "true or false", str: "a word"}.get(kind, "a group of settings")
        raise SettingError(f"{name}: expected {expected}. Received: {value!r}.")
    return value


def _replaced(old: Any, new: Any, name: str) -> Any:
    """Return a group with changes, or the new value of a setting."""
    if not isinstance(new, Mapping):
        return new
    if isinstance(old, SettingGroup):
        return old.replace(**new)
    if not dataclasses.is_dataclass(old) or isinstance(old, type):
        return new
    # An independent value, such as a preparation, without a group name.
    known = [setting.name for setting in fields(old)]
    if unknown := sorted(set(new) - set(known)):
        names = tuple(f"{name}.{setting}" for setting in known)
        raise SettingError(f"recipe: {_no_setting(f'{name}.{unknown[0]}', names)}")
    try:
        return dataclasses.replace(old, **new)
    except SettingError as error:
        raise SettingError(f"{name}.{error}") from error


def _no_setting(name: str, known: tuple[str, ...]) -> str:
    by_last_word = {full.rpartition(".")[2]: full for full in known}
    close = get_close_matches(name, known, n=1) or [
        by_last_word[word] for word in get_close_matches(name.rpartition(".")[2], by_last_word, n=1)
    ]
    hint = f"Did you mean {close[0]}?" if close else f"The settings are {', '.join(known)}."
    return f"there is no setting {name!r}. {hint}"
