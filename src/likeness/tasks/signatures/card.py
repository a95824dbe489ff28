"""What the card of a model of handwriting says otherwise than that of a model of photos."""

from dataclasses import replace

from likeness.model.card.facts import ModelCard

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


def of_writing(card: ModelCard, record: object) -> ModelCard:
    """Return a card in words for handwriting.

    Args:
        card: as a model of photos would have it.
        record: of ``model.json``.
    """
    del record  # All that is said of it is on the card.
    limits = card.limits
    people, photos = (card.data.values[name] for name in ("people", "photos"))
    if people is not None and photos is not None:
        learned = (
            f"It has learned from {photos:,} pictures of the writing of {people:,} people. How it "
            "does on other words, pens and writers is unknown until it is measured there, with "
            "`likeness evaluate`."
        )
        limits = (learned, *limits[1:])
    return replace(card, not_for=_NOT_FOR, limits=limits)
