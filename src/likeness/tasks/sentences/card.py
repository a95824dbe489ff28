"""The card of a model of texts: where it differs from that of a model of photos."""

from dataclasses import replace

from likeness.files import LenientObject
from likeness.model.card.facts import CardPart, CardThreshold, ModelCard, shown_number

_NOT_FOR = (
    "Not for decisions about people, such as marking an examination: two sentences of nearly the "
    "same words can mean the opposite, and it sees words and letters only.",
    "Not for other languages, or texts of another kind, than those of the training pairs, until "
    "it has been measured on texts like yours.",
)


_PHOTOS_ONLY = {"Mode", "Reads", "Held out", "Then learned from everybody"}


def _of_texts(card: ModelCard, record: LenientObject) -> ModelCard:
    """Return a card worded for texts.

    Args:
        card: as a model of photos would have it.
        record: of ``model.json``.
    """
    data = card.data.values
    learned = record.part("data")
    counts = {name: learned.number(name) for name in ("pairs", "sentences")}
    training = tuple(row for row in card.training.rows if row[0] not in _PHOTOS_ONLY)
    return replace(
        card,
        data=CardPart(
            values={**data, **counts},
            rows=(
                ("Name", data["name"]),
                ("Licence and credit", data["licence"]),
                *((name.capitalize(), shown_number(count)) for name, count in counts.items()),
                ("Digest (SHA-256)", data["digest"]),
            ),
        ),
        training=replace(card.training, rows=training),
        threshold=_with_source(card.threshold, record),
        measured=_measured(record),
        not_for=_NOT_FOR,
        limits=tuple(_limits(card, **counts)),
    )


def _with_source(threshold: CardThreshold, record: LenientObject) -> CardThreshold:
    """Return where the threshold comes from, and what it is worth; as it is where it is unset."""
    if threshold.source != "held-out people":
        return threshold
    chosen = record.part("threshold")
    data = record.part("chosen_on").get("name")
    return replace(
        threshold,
        source="pairs held out of training",
        evidence={name: chosen.get(name) for name in ("genuine_pairs", "impostor_pairs")},
        sentences=(
            f"It has the best accuracy on balanced pairs of {data}: "
            f"{chosen.get('genuine_pairs')} pairs with a score of {chosen.get('genuine_from')} or "
            f"more against {chosen.get('impostor_pairs')} with {chosen.get('impostor_to')} or "
            "less. Pairs in between, which are hard to decide, were left out; and among many "
            "questions a false match is more frequent than in a single pair.",
        ),
    )


def _limits(
    card: ModelCard, *, pairs: int | float | None, sentences: int | float | None
) -> list[str]:
    said = []
    if pairs is not None and sentences is not None:
        said.append(
            f"It was trained on {pairs:,} pairs of {sentences:,} sentences; its "
            "accuracy on other texts is unknown until it is measured there."
        )
    if card.training.values["interrupted"]:
        said.append("The training was stopped early; these are the best weights until then.")
    return said


def _measured(record: LenientObject) -> str | None:
    similarity = record.part("similarity")
    if not similarity:
        return None
    data = record.part("chosen_on").get("name")
    low, high = similarity["spearman_interval"]
    return (
        f"Spearman's ρ is {similarity['spearman']:.3f} ({low:.3f} to {high:.3f}) on "
        f"{similarity['pairs']:,} pairs of {data}. The epoch was chosen on them, so it "
        "is optimistic: `likeness questions evaluate` measures others."
    )
