"""From ``model.json`` to the card as JSON values. Nothing in a record makes it fail."""

from collections.abc import Mapping, Sequence
from typing import Any

from likeness.evaluation.figures import watermark
from likeness.model.card.results import shown_result
from likeness.model.card.values import list_of, number_of, object_of, plain_of, text_of
from likeness.model.card.words import NOT_FOR, limits, threshold_sentences
from likeness.model.recipe_names import full_names, recorded_recipe
from likeness.tasks import registry

FORMAT = "likeness.card/1"


def model_card(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of a model.

    Args:
        document: of ``model.json``; of its parts only what is there is shown.

    Returns:
        JSON values: format, name, licence, fingerprint, created, likeness, watermark, data,
        training, threshold, results, not_for, limits. What is not known is None. A tracker's has
        other entries under data and training, and ``for``.
    """
    record, about = object_of(document.get("record")), object_of(document.get("about"))
    head = {
        "format": FORMAT,
        "fingerprint": text_of(document.get("fingerprint")),
        "created": text_of(record.get("created")),
        "likeness": text_of(record.get("likeness")),
    }
    if document.get("format") in registry.names("format"):
        return registry.load("format", document["format"])(document, head)  # type: ignore[no-any-return]
    data = _data(object_of(record.get("data")))
    results = [
        shown
        for result in (record.get("held_out"), *list_of(about.get("results")))
        if (shown := shown_result(result)) is not None
    ]
    training = _training(document, record)
    threshold = _threshold(document, record)
    card = {
        **head,
        "name": text_of(about.get("name")) or _name(training, data),
        "licence": {"model": text_of(about.get("licence")), "data": data["licence"]},
        "watermark": _mark(data, results),
        "data": data,
        "training": training,
        "threshold": threshold,
        "results": results,
        "not_for": list(NOT_FOR),
        "limits": limits(data, training, threshold, results),
    }
    preparation = object_of(document.get("preparation"))
    for name in registry.names("card"):
        if name in (preparation.get("kind"), preparation.get("frame")):
            return registry.load("card", name)(card, record)  # type: ignore[no-any-return]
    return card


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
        "name": text_of(learned.get("name")),
        "licence": text_of(learned.get("licence")),
        "people": len(identities) if isinstance(identities, list) else None,
        "photos": number_of(learned.get("items")),
        "digest": text_of(learned.get("digest")),
        "drawn": learned.get("drawn") is True,
    }


def _training(document: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    recipe = recorded_recipe(record.get("recipe"))
    named = full_names(recipe)
    stages = list(object_of(record.get("histories")))
    return {
        "mode": text_of(recipe.get("mode")),
        "loss": text_of(named.get("loss.kind", named.get("loss"))),
        "encoder": text_of(
            named.get("encoder.kind") or named.get("encoder") or record.get("encoder")
        ),
        "energy": text_of(document.get("energy")),
        "parameters": number_of(document.get("parameters")),
        "embedding_size": number_of(document.get("embedding_size")),
        "reads": [
            number_of(object_of(document.get("preparation")).get(side))
            for side in ("rows", "columns", "channels")
        ],
        "epochs": number_of(record.get("epochs")),
        "seed": number_of(recipe.get("seed")),
        "seconds": number_of(record.get("seconds")),
        "held_out_people": len(list_of(object_of(record.get("threshold")).get("people")))
        if "choosing" in stages
        else 0,
        "refitted_on_everybody": "choosing" in stages and "final" in stages,
        "interrupted": record.get("interrupted") is True,
        "recipe": plain_of(named),
    }


def _threshold(document: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the threshold, where it comes from, what it promises, and for how many people."""
    value = number_of(document.get("threshold"))
    calibration = object_of(document.get("calibration"))
    chosen = object_of(record.get("threshold"))
    if value is None:
        source = None
    elif number_of(calibration.get("threshold")) == value:
        source = "calibration"
    elif number_of(chosen.get("threshold")) == value:
        on_others = "choosing" in object_of(record.get("histories"))
        source = "held-out people" if on_others else "training pairs"
    else:
        source = "by hand"
    found: dict[str, Any] = {"value": value, "source": source}
    found |= {"valid_for": None, "evidence": {}, "date": None}
    if source == "calibration":
        found |= _calibrated(calibration)
    elif source in ("held-out people", "training pairs"):
        found["evidence"] = {
            "people": len(list_of(chosen.get("people"))),
            "genuine_pairs": number_of(chosen.get("genuine_pairs")),
            "impostor_pairs": number_of(chosen.get("impostor_pairs")),
        }
        found["date"] = text_of(record.get("created"))
    return {**found, "sentences": threshold_sentences(found, list_of(calibration.get("sentences")))}


def _calibrated(calibration: Mapping[str, Any]) -> dict[str, Any]:
    purpose, origin = (object_of(calibration.get(key)) for key in ("purpose", "provenance"))
    strangers, rejected = (object_of(calibration.get(key)) for key in ("strangers", "rejected"))
    data = object_of(origin.get("data"))
    return {
        "valid_for": {
            "people": number_of(purpose.get("people")),
            "photos_each": number_of(purpose.get("photos_each")),
            "fusion": text_of(purpose.get("fusion")),
            "strangers_accepted": number_of(purpose.get("strangers_accepted")),
        },
        "evidence": {
            "people": number_of(calibration.get("people")),
            "impostor_comparisons": number_of(strangers.get("comparisons")),
            "genuine_comparisons": number_of(rejected.get("comparisons")),
            "extrapolated": calibration.get("extrapolated") is True,
            "data": text_of(data.get("name")),
            "digest": text_of(data.get("digest")),
        },
        "date": text_of(origin.get("date")),
    }
