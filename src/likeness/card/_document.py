"""From ``model.json`` to the card as JSON values. Nothing in a record makes it fail."""

from collections.abc import Mapping, Sequence
from typing import Any

from likeness.card._results import is_number, shown_result
from likeness.card._texts import of_texts
from likeness.card._words import NOT_FOR, limits, threshold_sentences
from likeness.card._writing import of_writing
from likeness.figures import watermark

FORMAT = "likeness.card/1"


def model_card(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of a model.

    Args:
        document: of ``model.json``; of its parts only what is there is shown.

    Returns:
        JSON values: format, name, licence, fingerprint, created, likeness, watermark, data,
        training, threshold, results, not_for, limits. What is not known is None.
    """
    record, about = _object(document.get("record")), _object(document.get("about"))
    data = _data(_object(record.get("data")))
    results = [
        shown
        for result in (record.get("held_out"), *_list(about.get("results")))
        if (shown := shown_result(result)) is not None
    ]
    training = _training(document, record)
    threshold = _threshold(document, record)
    card = {
        "format": FORMAT,
        "name": _text(about.get("name")) or _name(training, data),
        "licence": {"model": _text(about.get("licence")), "data": data["licence"]},
        "fingerprint": _text(document.get("fingerprint")),
        "created": _text(record.get("created")),
        "likeness": _text(record.get("likeness")),
        "watermark": _mark(data, results),
        "data": data,
        "training": training,
        "threshold": threshold,
        "results": results,
        "not_for": list(NOT_FOR),
        "limits": limits(data, training, threshold, results),
    }
    preparation = _object(document.get("preparation"))
    for name, otherwise in _OTHERWISE.items():
        if name in (preparation.get("kind"), preparation.get("frame")):
            return otherwise(card, record)
    return card


_OTHERWISE = {"text": of_texts, "ink_box": of_writing}
"""By kind or frame of the preparation: what is said otherwise where it reads no photos."""


def _mark(data: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the mark of the whole card: of a split that leaks only where none is clean."""
    leaky = bool(results) and all(result["leaks"] for result in results)
    return watermark({"drawn": data["drawn"], "leaks": leaky})


def _name(training: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    encoder = training["encoder"] or "Siamese"
    return f"{encoder} network" + (f" trained on {data['name']}" if data["name"] else "")


def _data(learned: Mapping[str, Any]) -> dict[str, Any]:
    """Return what it was trained on: how many people, not who."""
    identities = learned.get("identities")
    return {
        "name": _text(learned.get("name")),
        "licence": _text(learned.get("licence")),
        "people": len(identities) if isinstance(identities, list) else None,
        "photos": _number(learned.get("items")),
        "digest": _text(learned.get("digest")),
        "drawn": learned.get("drawn") is True,
    }


def _training(document: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    recipe = _object(record.get("recipe"))
    stages = list(_object(record.get("histories")))
    return {
        "mode": _text(recipe.get("mode")),
        "loss": _text(recipe.get("loss")),
        "encoder": _text(recipe.get("encoder")),
        "energy": _text(document.get("energy")),
        "parameters": _number(document.get("parameters")),
        "embedding_size": _number(document.get("embedding_size")),
        "reads": [
            _number(_object(document.get("preparation")).get(side))
            for side in ("rows", "columns", "channels")
        ],
        "epochs": _number(record.get("epochs")),
        "seed": _number(recipe.get("seed")),
        "seconds": _number(record.get("seconds")),
        "held_out_people": len(_list(_object(record.get("threshold")).get("people")))
        if "choosing" in stages
        else 0,
        "refitted_on_everybody": "choosing" in stages and "final" in stages,
        "interrupted": record.get("interrupted") is True,
        "recipe": {name: setting for name, setting in recipe.items() if _is_plain(setting)},
    }


def _threshold(document: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the threshold, where it comes from, what it promises, and for how many people."""
    value = _number(document.get("threshold"))
    calibration = _object(document.get("calibration"))
    chosen = _object(record.get("threshold"))
    if value is None:
        source = None
    elif _number(calibration.get("threshold")) == value:
        source = "calibration"
    elif _number(chosen.get("threshold")) == value:
        on_others = "choosing" in _object(record.get("histories"))
        source = "held-out people" if on_others else "training pairs"
    else:
        source = "by hand"
    found: dict[str, Any] = {"value": value, "source": source}
    found |= {"valid_for": None, "evidence": {}, "date": None}
    if source == "calibration":
        found |= _calibrated(calibration)
    elif source in ("held-out people", "training pairs"):
        found["evidence"] = {
            "people": len(_list(chosen.get("people"))),
            "genuine_pairs": _number(chosen.get("genuine_pairs")),
            "impostor_pairs": _number(chosen.get("impostor_pairs")),
        }
        found["date"] = _text(record.get("created"))
    return {**found, "sentences": threshold_sentences(found, _list(calibration.get("sentences")))}


def _calibrated(calibration: Mapping[str, Any]) -> dict[str, Any]:
    purpose, origin = (_object(calibration.get(key)) for key in ("purpose", "provenance"))
    strangers, rejected = (_object(calibration.get(key)) for key in ("strangers", "rejected"))
    data = _object(origin.get("data"))
    return {
        "valid_for": {
            "people": _number(purpose.get("people")),
            "photos_each": _number(purpose.get("photos_each")),
            "fusion": _text(purpose.get("fusion")),
            "strangers_accepted": _number(purpose.get("strangers_accepted")),
        },
        "evidence": {
            "people": _number(calibration.get("people")),
            "impostor_comparisons": _number(strangers.get("comparisons")),
            "genuine_comparisons": _number(rejected.get("comparisons")),
            "extrapolated": calibration.get("extrapolated") is True,
            "data": _text(data.get("name")),
            "digest": _text(data.get("digest")),
        },
        "date": _text(origin.get("date")),
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: Any) -> int | float | None:
    return None if isinstance(value, bool) or not is_number(value) else value


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool) or is_number(value)
