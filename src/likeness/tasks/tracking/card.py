"""The card of a tracker's model: what it has learned to follow, and what it does not do."""

from collections.abc import Mapping
from typing import Any

from likeness.model.card.values import list_of, number_of, object_of, plain_of, text_of

TRACKING_FORMAT = "likeness.tracking/1"
"""Of a model whose encoder gives maps, to find a target again, and no embeddings."""

_DRAWN_MARK = "drawn frames, not a real film"

_FOR = (
    "It follows one target through a film, from its box in the first frame (`likeness track`), "
    "and says in each frame how alike the place is."
)
_NOT_FOR = (
    "It finds no target by itself, and knows neither what nor who it is: somebody marks it in the "
    "first frame. It follows one target, not several.",
    "Not for following people without their knowledge, nor for decisions about them.",
    "Not where a lost target does harm, without somebody looking: it may take something alike for "
    "the target, and below the threshold it does not say so.",
    "Not for other kinds of films and targets than those of the training sequences, until it has "
    "been measured on films like yours: `likeness track` does, where the true boxes are known.",
)
_LIMITS = (
    "The box is upright and keeps the proportions of the first one; it grows and shrinks slowly.",
    "It looks near the last place only: what jumps, or comes back elsewhere, is lost.",
)


def tracking_card(document: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of a tracker's model.

    Args:
        document: of ``model.json``; of its parts only what is there is shown.
        head: the fields that every card has alike (format, fingerprint, created, likeness).

    Returns:
        JSON values, as `model_card` has them. What is not known is None.
    """
    record, about = object_of(document.get("record")), object_of(document.get("about"))
    data = _data(object_of(record.get("data")))
    choice = object_of(record.get("choice"))
    return {
        **head,
        "name": text_of(about.get("name"))
        or "tracker" + (f" trained on {data['name']}" if data["name"] else ""),
        "licence": {"model": text_of(about.get("licence")), "data": data["licence"]},
        "watermark": _DRAWN_MARK if data["drawn"] else None,
        "data": data,
        "training": _training(document, record, choice),
        "threshold": _threshold(document, record, choice),
        "results": [],
        "measured": _measured(choice),
        "for": _FOR,
        "not_for": list(_NOT_FOR),
        "limits": [*_learned(data), *_LIMITS, *_interrupted(record)],
    }


def _data(learned: Mapping[str, Any]) -> dict[str, Any]:
    sequences = [object_of(entry) for entry in list_of(learned.get("sequences"))]
    things = object_of(learned.get("things"))
    terms = [text_of(source.get("licence")) for source in (learned, things)]
    return {
        "name": text_of(learned.get("name")),
        "licence": "; ".join(said for said in terms if said) or None,
        "sequences": len(sequences),
        "frames": _total(sequences, "frames"),
        "frames_learned": _total(sequences, "learned"),
        "things": {
            "name": text_of(things.get("name")),
            "pictures": number_of(things.get("items")),
            "identities": number_of(things.get("identities")),
        }
        if things
        else None,
        "drawn": learned.get("drawn") is True,
    }


def _total(sequences: list[Mapping[str, Any]], name: str) -> int | None:
    counts = [number_of(entry.get(name)) for entry in sequences]
    known = [int(count) for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _training(
    document: Mapping[str, Any], record: Mapping[str, Any], choice: Mapping[str, Any]
) -> dict[str, Any]:
    recipe, shapes = object_of(record.get("recipe")), object_of(document.get("preparation"))
    return {
        "encoder": "fully convolutional",
        "loss": "logistic, of every place",
        "energy": text_of(document.get("energy")),
        "parameters": number_of(document.get("parameters")),
        "bytes": {
            name: number_of(object_of(part).get("bytes"))
            for name, part in object_of(document.get("parts")).items()
        },
        "reads": {side: number_of(shapes.get(side)) for side in ("template", "search", "stride")},
        "steps": number_of(recipe.get("steps")),
        "seed": number_of(recipe.get("seed")),
        "seconds": number_of(record.get("seconds")),
        "held_out_frames": number_of(choice.get("frames")),
        "interrupted": record.get("interrupted") is True,
        "recipe": plain_of(recipe),
        "tracker": plain_of(object_of(document.get("tracker"))),
    }


def _threshold(
    document: Mapping[str, Any], record: Mapping[str, Any], choice: Mapping[str, Any]
) -> dict[str, Any]:
    value = number_of(document.get("threshold"))
    found: dict[str, Any] = {"value": value, "source": None, "valid_for": None}
    found |= {"evidence": {}, "date": None}
    if value is None:
        return {**found, "sentences": ["There is no threshold: no target is called lost by it."]}
    rejected, accepted = (
        number_of(choice.get(name)) for name in ("genuine_rejected", "impostor_accepted")
    )
    if rejected is None or accepted is None:
        said = "It was set by hand: nothing is known of what it promises."
        return {**found, "source": "by hand", "sentences": [said]}
    counts = {name: number_of(choice.get(name)) for name in ("genuine_pairs", "impostor_pairs")}
    return {
        **found,
        "source": "frames held out of training",
        "evidence": counts,
        "date": text_of(record.get("created")),
        "sentences": [
            "Above it the target counts as lost. On the frames that it was chosen on, that is "
            f"wrong for {100 * rejected:.1f} % of the target's views, and {100 * accepted:.1f} % "
            "of the most alike other places are taken for it; on other films it may be more."
        ],
    }


def _measured(choice: Mapping[str, Any]) -> str | None:
    tried, place = list_of(choice.get("tried")), choice.get("chosen")
    if not isinstance(place, int) or not 0 <= place < len(tried):
        return None
    overlap = number_of(object_of(tried[place]).get("mean_overlap"))
    if overlap is None:
        return None
    return (
        f"Mean overlap (IoU) {overlap:.3f} on {choice.get('frames')} frames held out of training. "
        "The settings of the tracker were chosen on them, so it leans to the good side: "
        "`likeness track` measures other films whose true boxes are known."
    )


def _learned(data: Mapping[str, Any]) -> list[str]:
    if data["frames_learned"] is None:
        return []
    films = "one sequence" if data["sequences"] == 1 else f"{data['sequences']} sequences"
    return [
        f"It has learned from {data['frames_learned']:,} frames of {films}, with one target each. "
        "How it does on others is unknown until it is measured there."
    ]


def _interrupted(record: Mapping[str, Any]) -> list[str]:
    if record.get("interrupted") is not True:
        return []
    return ["The training was stopped early; these are the weights until then."]
