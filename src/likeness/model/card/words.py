"""The sentences of a card: the threshold's promise, limits and misuse."""

from collections.abc import Sequence

from likeness.evaluation.results import ProtocolResult
from likeness.model.card.facts import CardThreshold, ValidFor

NOT_FOR = (
    "There is no liveness detection: a photo of a person counts as the person. "
    "Do not use it alone to open a door.",
    "Not for decisions about people without human review of each one: it makes errors, and more "
    "of them for some people than for others.",
    "Not for other cameras, poses, light or people than those of the training photos, until it "
    "has been measured on photos like yours.",
    "Face templates (embeddings) are biometric data, which many countries protect by law. Check "
    "the law that applies to you before you enrol anybody; this is not legal advice.",
)

FEW_PEOPLE = 10


def threshold_sentences(threshold: CardThreshold, promise: Sequence[str] = ()) -> list[str]:
    """Say where a threshold comes from, and what it promises.

    Args:
        threshold: without sentences yet.
        promise: the calibration's own sentences.
    """
    source = threshold.source
    if source is None:
        return ["There is no threshold: this model compares, but does not decide."]
    if threshold.valid_for is not None:
        return [*promise, _gallery(threshold.valid_for)]
    if source == "by hand":
        return ["It was set by hand: its error rates are unknown."]
    whose = (
        f"{threshold.evidence['people']} people held out of training"
        if source == "held-out people"
        else "the pairs that the network was trained on"
    )
    return [
        f"It has the best accuracy on balanced pairs of {whose}. It is for reports, and promises "
        "nothing about strangers: no gallery size is known for which it holds.",
        "Find one for a purpose with `likeness calibrate`.",
    ]


def _gallery(valid: ValidFor) -> str:
    people, photos = valid.people, valid.photos_each
    if people == 1:
        return "Valid for verification (one-to-one comparisons), not for a gallery."
    if people is None:
        return "The number of enrolled people for which it is valid was not recorded."
    each = "one photo" if photos == 1 else f"{photos} photos ({valid.fusion})"
    return (
        f"Valid for a gallery of up to {people:,} people with {each} each. With more people, more "
        "strangers are accepted: calibrate again."
    )


def limits(
    threshold: CardThreshold,
    results: Sequence[ProtocolResult],
    *,
    photos: float | None,
    people: int | None,
    refitted: bool,
    interrupted: bool,
) -> list[str]:
    """Return the limits of the figures, in sentences.

    Args:
        threshold: the model's threshold.
        results: what was measured.
        photos, people: how many it was trained on, if that is known.
        refitted: whether the saved network learned from those held out, too.
        interrupted: whether the training was stopped early.
    """
    said = []
    if people is not None and photos is not None:
        said.append(
            f"It was trained on {photos:,} photos of {people:,} people. Such "
            "data sets are small, often from one camera and one room; its accuracy elsewhere is "
            "unknown until it is measured there, with `likeness evaluate`."
        )
    if any(result.protocol == "held-out" for result in results):
        said.append(
            "The figures of protocol held-out are of people that the measured network had never "
            "seen; but its epoch was chosen on the same people, so they are slightly "
            "optimistic. No accuracy is given: the threshold was chosen on them."
        )
        if refitted:
            said.append(
                "The saved network is another one: it was trained again on everybody, "
                "including the held-out people, for the same number of epochs. It was not "
                "measured itself; `likeness crossval` measures its recipe."
            )
    elif not results:
        said.append(
            "Nothing was measured. Measure it with `likeness evaluate MODEL DATA --json FILE` on "
            "people it was not trained on, and add the file with `likeness card MODEL --add FILE`."
        )
    few = min((result.counts.get("identities", FEW_PEOPLE) for result in results), default=None)
    if few is not None and few < FEW_PEOPLE:
        said.append(
            f"Some figures are from {few} people. So few people are not a representative sample: "
            "others may give figures far outside the intervals."
        )
    said.append(
        "Error rates may differ between groups of people, for example by age, sex "
        "or skin colour. The figures here are for everybody together."
    )
    if threshold.evidence.get("extrapolated"):
        said.append("The promise of the threshold is extrapolated by a model, not measured.")
    if interrupted:
        said.append("The training was stopped early; these are the best weights until then.")
    return said
