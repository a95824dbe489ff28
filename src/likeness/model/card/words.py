"""What a card says in whole sentences: what a threshold is worth, its limits, its misuses."""

from collections.abc import Sequence

from likeness.evaluation.results import ProtocolResult
from likeness.model.card.facts import CardThreshold, ValidFor

NOT_FOR = (
    "There is no liveness detection: a photo of a person, held up, is accepted like the person. "
    "Do not let it open anything alone.",
    "Not for decisions about people without a person looking at each one: it makes mistakes, and "
    "more of them with some people than with others.",
    "Not for other cameras, poses, light or people than those of the training photos, until it "
    "has been measured on photos like yours.",
    "Face templates (embeddings) are biometric data, which the law of many countries protects in "
    "particular. Find out what holds where you are before you enrol anybody; this is not legal "
    "advice.",
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
        return ["There is no threshold: this model compares, and does not decide."]
    if threshold.valid_for is not None:
        return [*promise, _gallery(threshold.valid_for)]
    if source == "by hand":
        return ["It was set by hand: nothing is known of what it promises."]
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
        return "Valid for one-to-one comparisons: is it the one they say? Not for a gallery."
    if people is None:
        return "For how many enrolled people it is valid was not recorded."
    each = "one photo" if photos == 1 else f"{photos} photos ({valid.fusion})"
    return (
        f"Valid for a gallery of up to {people:,} people with {each} each. With more people more "
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
    """Return what a reader must know to read the card right.

    Args:
        threshold: in force.
        results: what was measured.
        photos, people: how many it was trained on, if that is known.
        refitted: whether the saved network learned from those held out, too.
        interrupted: whether the training was stopped early.
    """
    said = []
    if people is not None and photos is not None:
        said.append(
            f"It has learned from {photos:,} photos of {people:,} people. Such "
            "data is small, often of one camera and one room; how it does elsewhere is unknown "
            "until it is measured there, with `likeness evaluate`."
        )
    if any(result.protocol == "held-out" for result in results):
        said.append(
            "The figures of protocol held-out are of people that the measured network had never "
            "seen; but its epoch was chosen on the same people, so they lean a little to the good "
            "side. No accuracy is given: the threshold was chosen on them."
        )
        if refitted:
            said.append(
                "The network that was saved is another one: it learned afresh from everybody, "
                "those held out as well, for as many epochs. It has not been measured itself; "
                "`likeness crossval` measures its recipe."
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
        "Errors may be more frequent in some groups of people than in others, such as by age, sex "
        "or skin. The figures here are of all together."
    )
    if threshold.evidence.get("extrapolated"):
        said.append("The promise of the threshold is extrapolated: a model's word, not counted.")
    if interrupted:
        said.append("The training was stopped early; these are the best weights until then.")
    return said
