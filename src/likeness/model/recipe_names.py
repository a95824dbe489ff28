"""Old names of training settings, from before they were grouped.

Recipes on disk (``recipe.json``, the record in ``model.json``, results) may be old; all of them are
read through this table.
"""

from collections.abc import Mapping
from typing import Any

_GROUPS = {
    "encoder": {
        "encoder": "kind",
        "head": "projection_head",
        "embedding_size": "embedding_size",
        "width": "width",
        "stride": "stride",
        "members": "ensemble_size",
    },
    "preparation": {name: name for name in ("rows", "columns", "channels", "frame")},
    "loss": {
        "loss": "kind",
        **{name: name for name in ("margin", "genuine_margin", "scale", "class_spread")},
    },
    "sampling": {
        "identities": "identities",
        "items_each": "items_each",
        "pairs": "pairs",
        "hardness": "hard_pair_temperature",
        "within": "within",
        "across": "across",
        "mirror_identities": "mirror_identities",
        "turn_identities": "turn_identities",
        "bent_identities": "elastic_identities",
    },
    "augmentation": {
        "geometry": "geometry",
        "light": "brightness_contrast",
        "cover": "erasing",
        "bending": "elastic",
        "identity_bending": "identity_elastic",
        "stroke_width": "stroke_jitter",
    },
    "views": {"mirrored": "mirrored", "shift": "shift"},
    "whitening": {
        "whitening": "kind",
        "evens_out": "kind",
        "shrinkage": "shrinkage",
        "directions": "directions",
    },
    "schedule": {
        name: name
        for name in (
            "epochs",
            "steps",
            "learning_rate",
            "weight_decay",
            "held_out",
            "patience",
            "refit",
        )
    },
}

NEW_NAMES: Mapping[str, str] = {
    old: f"{group}.{new}" for group, names in _GROUPS.items() for old, new in names.items()
}
"""Flat name → the name it has today, with its group in front."""

EVEN_DRAWING = 1e6
"""The temperature that draws pairs evenly, for a ``hardness`` of 0."""


def nested_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training recipe, or a part of one, with its settings in groups.

    Args:
        recipe: settings by flat name, in groups, or both; unknown names stay.

    >>> nested_recipe({"cover": 0.5, "whitening": False, "views": {"shift": 2}})
    {'augmentation': {'erasing': 0.5}, 'whitening': {'kind': 'none'}, 'views': {'shift': 2}}
    """
    nested: dict[str, Any] = {}
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            nested[name] = {**nested.get(name, {}), **value}
        elif name in NEW_NAMES:
            group, _, setting = NEW_NAMES[name].partition(".")
            nested.setdefault(group, {})[setting] = _new_value(name, value)
        else:
            nested[name] = value
    if "rows" in recipe:  # such recipes are older than the second version of the preparation
        nested["preparation"].setdefault("version", 1)
    # Two settings became one: without whitening, the kind is irrelevant.
    if recipe.get("whitening") is False:
        nested["whitening"]["kind"] = "none"
    elif recipe.get("whitening") is True:
        nested["whitening"]["kind"] = _new_value("evens_out", recipe.get("evens_out", "spread"))
    return nested


def recorded_recipe(recipe: object) -> dict[str, Any]:
    """Return the recipe of a record with its settings in groups; empty where there is none.

    Recipes of tasks that have groups of their own, or none, stay as they are: a training recipe is
    recognised by its mode.
    """
    if not isinstance(recipe, Mapping):
        return {}
    return nested_recipe(recipe) if "mode" in recipe else dict(recipe)


def full_names(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by full name, groups unpacked.

    >>> full_names({"seed": 3, "views": {"shift": 2}})
    {'seed': 3, 'views.shift': 2}
    """
    named: dict[str, Any] = {}
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            named |= {f"{name}.{setting}": inner for setting, inner in value.items()}
        else:
            named[name] = value
    return named


def _new_value(name: str, value: Any) -> Any:
    if name == "head":
        return {"direct": False, "deep": True}.get(value, value)
    if name == "evens_out":
        return {"within": "within_class"}.get(value, value)
    if name == "hardness" and isinstance(value, int | float) and value >= 0:
        return 1 / value if value else EVEN_DRAWING
    return value
