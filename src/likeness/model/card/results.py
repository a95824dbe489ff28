"""Measured results on a card: which documents may stand there, and what is kept of them."""

import math
from collections.abc import Mapping
from typing import Any

from likeness.errors import SettingError
from likeness.evaluation.figures import watermark
from likeness.model.recipe_names import full_names, nested_recipe

RESULT_FORMAT = "likeness.protocol/1"

_KEPT = (
    "protocol",
    "title",
    "unseen_people",
    "drawn",
    "counts",
    "figures",
    "baselines",
    "intervals",
    "leaks",
    "leak_report",
    "threshold",
    "seeds",
    "added",
)
"""Of a result. Names of people are not: a card may be passed on."""

_RATES = ("mean", "low", "high")


def check_result(result: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a card keeps of a result that was made with this model, or with its recipe.

    Args:
        result: a JSON document of `likeness crossval` or `likeness evaluate`.
        document: of ``model.json``.

    Raises:
        SettingError: it is no such document, or it is about another model or recipe.
    """
    found = result.get("format") if isinstance(result, Mapping) else type(result).__name__
    if found != RESULT_FORMAT:
        raise SettingError(
            f"--add: expected a result of `likeness crossval --json` or `likeness evaluate "
            f"--json` (format {RESULT_FORMAT!r}). Received: {found!r}."
        )
    kept = shown_result(result)
    if kept is None:
        raise SettingError(
            "--add: expected figures with intervals, counts and a leak report. Received: a "
            "result in which some are missing or are no numbers. Make it again."
        )
    if result["protocol"] == "evaluate":
        _check_fingerprint(result.get("fingerprint"), document["fingerprint"])
    else:
        _check_recipe(result.get("recipe"), _object(document.get("record")).get("recipe"))
    return kept


def shown_result(result: Any) -> dict[str, Any] | None:
    """Return what a card shows of a result; None if it is none that can be shown."""
    if not isinstance(result, Mapping) or not _is_whole(result):
        return None
    data = _object(result.get("data"))
    return {
        **{key: result[key] for key in _KEPT if key in result},
        "data": {key: str(data[key]) for key in ("name", "digest", "licence") if key in data},
        "leak_report": {"sentences": [str(said) for said in _sentences(result)]},
        "watermark": watermark(result),
    }


def _check_fingerprint(found: Any, expected: str) -> None:
    if found != expected:
        raise SettingError(
            f"--add: expected figures of this model, {expected[:12]}. Received: figures of "
            f"{str(found)[:12]}. Run `likeness evaluate` with this model."
        )


def _check_recipe(found: Any, expected: Any) -> None:
    """The seed may differ: a recipe's figures are about all its seeds."""
    ours, theirs = (
        {**full_names(nested_recipe(_object(recipe))), "seed": None} for recipe in (expected, found)
    )
    if ours == theirs and found:
        return
    names = sorted(
        name
        for name in {**ours, **theirs}
        if (name in ours, ours.get(name)) != (name in theirs, theirs.get(name))
    )
    some = ", ".join(f"{name} {theirs.get(name)!r}, not {ours.get(name)!r}" for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    raise SettingError(
        f"--add: expected figures of this model's recipe. Received: another recipe's ({some}"
        f"{more}). Run `likeness crossval` with `--recipe MODEL/recipe.json`."
    )


def _is_whole(result: Mapping[str, Any]) -> bool:
    counts = result.get("counts")
    return (
        all(isinstance(result.get(key), str) for key in ("protocol", "title"))
        and isinstance(result.get("leaks"), int)
        and isinstance(_object(result.get("leak_report")).get("sentences"), list)
        and _are_figures(result.get("figures"))
        and isinstance(result.get("baselines", {}), Mapping)
        and all(_are_figures(figures) for figures in result.get("baselines", {}).values())
        and isinstance(counts, Mapping)
        and all(isinstance(count, int) for count in counts.values())
        and all(isinstance(result.get(key, ""), str) for key in ("intervals", "added"))
        and all(isinstance(result.get(key, False), bool) for key in ("drawn", "unseen_people"))
        and isinstance(result.get("seeds", {}), Mapping)
        and all(seed is None or is_number(seed) for seed in result.get("seeds", {}).values())
        and (result.get("threshold") is None or is_number(result["threshold"]))
    )


def _are_figures(figures: Any) -> bool:
    return (
        isinstance(figures, Mapping)
        and len(figures) > 0
        and all(
            isinstance(name, str)
            and isinstance(figure, Mapping)
            and all(is_number(figure.get(end)) for end in _RATES)
            for name, figure in figures.items()
        )
    )


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _sentences(result: Mapping[str, Any]) -> list[Any]:
    return list(_object(result.get("leak_report")).get("sentences", ()))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
