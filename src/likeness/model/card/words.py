"""What a card says in whole sentences: what a threshold is worth, its limits, its misuses."""

from collections.abc import Mapping, Sequence
from typing import Any

NOT_FOR = (
    "There is no liveness detection: a photo of a person, held up, is accepted like the person. "
    "Do not let it open anything alone.",
    "Not for decisions about people without a person looking at each one: it makes mistakes, and "
    "more of them with some people than with others.",
    "Not for other cameras, poses, light or people than those of the training photos, until it "
    "has been measured on photos like yours.",
    "Face templates (embeddings) are biometric data, which the law of many countries protects in "
    "particular. Find out what holds where you are before you enrol anybody; this is no legal "
    "advice.",
)

FEW_PEOPLE = 10


def threshold_sentences(threshold: Mapping[str, Any], promise: Sequence[Any] = ()) -> list[str]:
    """Say where a threshold comes from, and what it promises.

    Args:
        threshold: value, source, valid_for, evidence.
        promise: the calibration's own sentences.
    """
    evidence = threshold["evidence"]
    source = threshold["source"]
    if source is None:
        return ["There is no threshold: this model compares, and does not decide."]
    if source == "calibration":
        return [*(str(said) for said in promise), _gallery(threshold["valid_for"])]
    if source == "by hand":
        return ["It was set by hand: nothing is known of what it promises."]
    whose = (
        f"{evidence['people']} people held out of training"
        if source == "held-out people"
        else "the pairs that the network was trained on"
    )
    return [
        f"It has the best accuracy on balanced pairs of {whose}. It is for reports, and promises "
        "nothing about strangers: no gallery size is known for which it holds.",
        "Find one for a purpose with `likeness calibrate`.",
    ]


def _gallery(valid: Mapping[str, Any]) -> str:
    people, photos = valid["people"], valid["photos_each"]
    if people == 1:
        return "Valid for one-to-one comparisons: is it the one they say? Not for a gallery."
    if people is None:
        return "For how many enrolled people it is valid was not recorded."
    each = "one photo" if photos == 1 else f"{photos} photos ({valid['fusion']})"
    return (
        f"Valid for a gallery of up to {people:,} people with {each} each. With more people more "
        "strangers are accepted: calibrate again."
    )


def limits(
    data: Mapping[str, Any],
    training: Mapping[str, Any],
    threshold: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return what a reader must know to read the card right."""
    said = []
    if data["people"] is not None and data["photos"] is not None:
        said.append(
            f"It has learned from {data['photos']:,} photos of {data['people']:,} people. Such "
            "data is small, often of one camera and one room; how it does elsewhere is unknown "
            "until it is measured there, with `likeness evaluate`."
        )
    if any(result["protocol"] == "held-out" for result in results):
        said += _held_out(training)
    elif not results:
        said.append(
            "Nothing was measured. Measure it with `likeness evaluate MODEL DATA --json FILE` on "
            "people it was not trained on, and add the file with `likeness card MODEL --add FILE`."
        )
    few = min((result["counts"].get("identities", FEW_PEOPLE) for result in results), default=None)
    if few is not None and few < FEW_PEOPLE:
        said.append(
            f"Some figures are from {few} people. So few are no sample: the next ones may give "
            "figures far outside the intervals."
        )
    said.append(
        "Errors may be more frequent in some groups of people than in others, such as by age, sex "
        "or skin. The figures here are of all together."
    )
    if threshold["source"] == "calibration" and threshold["evidence"]["extrapolated"]:
        said.append("The promise of the threshold is extrapolated: a model's word, not counted.")
    if training["interrupted"]:
        said.append("The training was stopped early; these are the best weights until then.")
    return said


def _held_out(training: Mapping[str, Any]) -> list[str]:
    said = [
        "The figures of protocol held-out are of people that the measured network had never seen; "
        "but its epoch was chosen on the same people, so they lean a little to the good side. No "
        "accuracy is given: the threshold was chosen on them."
    ]
    if training["refitted_on_everybody"]:
        said.append(
            "The network that was saved is another one: it learned afresh from everybody, those "
            "held out as well, for as many epochs. It has not been measured itself; "
            "`likeness crossval` measures its recipe."
        )
    return said
