"""What the card of a model of texts says otherwise than that of a model of photos."""

from collections.abc import Mapping
from typing import Any

_NOT_FOR = (
    "Not for decisions about people, such as marking an examination: two sentences of nearly the "
    "same words can mean the opposite, and it sees words and letters only.",
    "Not for other languages, or texts of another kind, than those of the training pairs, until "
    "it has been measured on texts like yours.",
)


def of_texts(card: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card in words for texts.

    Args:
        card: as a model of photos would have it.
        record: of ``model.json``.
    """
    data = {**card["data"], "pairs": _count(record, "data", "pairs")}
    data["sentences"] = _count(record, "data", "sentences")
    return {
        **card,
        "data": data,
        "threshold": {**card["threshold"], **_source(card, record)},
        "measured": _measured(record),
        "not_for": list(_NOT_FOR),
        "limits": _limits(card, data, record),
    }


def _source(card: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the threshold comes from, and what it is worth; as it is where it is unset."""
    chosen = _object(record, "threshold")
    if card["threshold"]["source"] != "held-out people":
        return {}
    counts = {name: chosen.get(name) for name in ("genuine_pairs", "impostor_pairs")}
    said = _threshold(chosen, _object(record, "chosen_on").get("name"))
    return {"source": "pairs held out of training", "evidence": counts, "sentences": said}


def _threshold(chosen: Mapping[str, Any], data: Any) -> list[str]:
    return [
        f"It has the best accuracy on balanced pairs of {data}: "
        f"{chosen.get('genuine_pairs')} pairs with a score of {chosen.get('genuine_from')} or "
        f"more against {chosen.get('impostor_pairs')} with {chosen.get('impostor_to')} or less. "
        "Pairs in between, which are hard to tell, had no part in it; and among many questions "
        "a wrong one is near more often than in one pair."
    ]


def _limits(
    card: Mapping[str, Any], data: Mapping[str, Any], record: Mapping[str, Any]
) -> list[str]:
    said = []
    if data["pairs"] is not None:
        said.append(
            f"It has learned from {data['pairs']:,} pairs of {data['sentences']:,} sentences; how "
            "it does on others is unknown until it is measured there."
        )
    if card["training"]["interrupted"]:
        said.append("The training was stopped early; these are the best weights until then.")
    return said


def _measured(record: Mapping[str, Any]) -> str | None:
    found = _object(record, "similarity")
    if not found:
        return None
    low, high = found["spearman_interval"]
    return (
        f"Spearman's ρ is {found['spearman']:.3f} ({low:.3f} to {high:.3f}) on {found['pairs']:,} "
        f"pairs of {_object(record, 'chosen_on').get('name')}. The epoch was chosen on them, so it "
        "leans to the good side: `likeness questions evaluate` measures others."
    )


def _object(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def _count(record: Mapping[str, Any], part: str, name: str) -> int | None:
    value = _object(record, part).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
