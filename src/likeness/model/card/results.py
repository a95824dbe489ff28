"""Measured results on a card: the accepted documents, and what is stored of them."""

from collections.abc import Mapping
from dataclasses import replace

from likeness.errors import DataError, SettingError
from likeness.evaluation.results import FORMAT, ProtocolResult
from likeness.files import LenientObject
from likeness.model.recipe_names import full_names, nested_recipe


def check_result(document: object, model: Mapping[str, object]) -> ProtocolResult:
    """Return what a card stores of a result that was made with this model, or with its recipe.

    Args:
        document: of `likeness crossval` or `likeness evaluate`.
        model: ``model.json``.

    Raises:
        SettingError: it is not such a document, or it is about another model or recipe.
    """
    given = LenientObject.of(document)
    received = given.get("format") if isinstance(document, Mapping) else type(document).__name__
    if received != FORMAT:
        raise SettingError(
            f"--add: expected a result of `likeness crossval --json` or `likeness evaluate "
            f"--json` (format {FORMAT!r}). Received: {received!r}."
        )
    kept = shown_result(document)
    if kept is None:
        raise SettingError(
            "--add: expected figures with intervals, counts and a leak report. Received: a "
            "result in which some are missing or are not numbers. Make it again."
        )
    if kept.protocol == "evaluate":
        _check_fingerprint(given.get("fingerprint"), str(model["fingerprint"]))
    else:
        recipe = LenientObject.of(model).part("record").part("recipe")
        _check_recipe(given.part("recipe"), recipe)
    return kept


def shown_result(document: object) -> ProtocolResult | None:
    """Return what a card shows of a result; None if the result cannot be shown.

    Names of people are left out, as a card may be passed on.
    """
    try:
        result = ProtocolResult.from_json(document)
    except DataError:
        return None
    return replace(
        result,
        leak_counts={},
        cmc={},
        open_set=None,
        groups=(),
        folds=(),
        model=None,
        recipe={},
        versions={},
    )


def _check_fingerprint(received: object, expected: str) -> None:
    if received != expected:
        raise SettingError(
            f"--add: expected figures of this model, {expected[:12]}. Received: figures of "
            f"{str(received)[:12]}. Run `likeness evaluate` with this model."
        )


def _check_recipe(received: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """The seed may differ: a recipe's figures are for all seeds."""
    ours, theirs = (
        {**full_names(nested_recipe(recipe)), "seed": None} for recipe in (expected, received)
    )
    if ours == theirs and received:
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
