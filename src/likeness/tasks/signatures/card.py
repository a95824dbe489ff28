"""What the card of a model of handwriting says otherwise than that of a model of photos."""

from collections.abc import Mapping
from typing import Any

_NOT_FOR = (
    "Not against forgers: it tells apart writers who write as they do. Nobody is known to have "
    "imitated anybody in what it has learned from, and a good imitation may be taken for genuine.",
    "Not for decisions about people or documents without a person looking at each one: it makes "
    "mistakes, and more of them with some writers than with others.",
    "Not for other names, scripts, pens, papers or screens than those of the training signatures, "
    "until it has been measured on signatures like yours.",
    "Signatures are personal data, and what tells people by them may be biometric data, which the "
    "law of many countries protects in particular. Find out what holds where you are; this is no "
    "legal advice.",
)


def of_writing(card: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card in words for handwriting.

    Args:
        card: as a model of photos would have it.
        record: of ``model.json``.
    """
    del record  # All that is said of it is on the card.
    data, limits = card["data"], list(card["limits"])
    if data["people"] is not None and data["photos"] is not None:
        limits[0] = (
            f"It has learned from {data['photos']:,} pictures of the writing of {data['people']:,} "
            "people. How it does on other words, pens and writers is unknown until it is measured "
            "there, with `likeness evaluate`."
        )
    return {**card, "not_for": list(_NOT_FOR), "limits": limits}
