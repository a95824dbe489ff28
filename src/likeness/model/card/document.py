"""From ``model.json`` to the card. Nothing in a record makes it fail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from likeness.evaluation.figures import watermark
from likeness.evaluation.results import ProtocolResult
from likeness.files import LenientObject
from likeness.model.card.facts import CardPart, CardThreshold, ModelCard, ValidFor, shown_number
from likeness.model.card.results import shown_result
from likeness.model.recipe_names import full_names, recorded_recipe
from likeness.tasks import registry


def model_card(document: Mapping[str, object]) -> ModelCard:
    """Return the card of a model.

    Args:
        document: of ``model.json``; missing parts are left out.
    """
    document = LenientObject.of(document)
    kind = str(document.get("format"))
    if kind in registry.names("format"):
        return registry.load("format", kind)(document)  # type: ignore[no-any-return]
    record, about = document.part("record"), document.part("about")
    data = _data(record.part("data"))
    results = tuple(
        shown
        for result in (record.get("held_out"), *about.entries("results"))
        if (shown := shown_result(result)) is not None
    )
    training = _training(document, record)
    threshold = _threshold(document, record)
    # Of a split that leaks only where none is clean.
    leaks = min((result.leaks for result in results), default=0)
    card = ModelCard(
        fingerprint=document.text("fingerprint"),
        created=record.text("created"),
        likeness=record.text("likeness"),
        name=about.text("name")
        or document.text("name")
        or f"{training.encoder or 'Siamese'} network"
        + (f" trained on {data.name}" if data.name else ""),
        licence=about.text("licence") or document.text("licence"),
        watermark=watermark(drawn=data.drawn, leaks=leaks),
        data=CardPart(
            values=asdict(data),
            rows=(
                ("Name", data.name),
                ("Licence and credit", data.licence),
                ("People", shown_number(data.people)),
                ("Photos", shown_number(data.photos)),
                ("Digest (SHA-256)", data.digest),
                ("Photos are", _kind_of_photos(data)),
            ),
        ),
        training=_training_part(training),
        threshold=threshold,
        results=results,
        not_for=_NOT_FOR,
        limits=tuple(
            _limits(
                threshold,
                results,
                photos=data.photos,
                people=data.people,
                refitted=bool(training.refitted_on_everybody),
                interrupted=training.interrupted,
            )
        ),
    )
    preparation = document.part("preparation")
    for name in registry.names("card"):
        if name in (preparation.get("kind"), preparation.get("frame")):
            return registry.load("card", name)(card, record)  # type: ignore[no-any-return]
    return card


@dataclass(frozen=True, kw_only=True)
class _Data:
    """The training data: the number of people, not their names."""

    name: str | None
    licence: str | None
    people: int | None
    photos: float | None
    digest: str | None
    drawn: bool


def _kind_of_photos(data: _Data) -> str | None:
    if data.drawn:
        return "drawn, not real"
    nothing_known = all(fact is None for fact in (data.name, data.people, data.digest))
    return None if nothing_known else "as they were given"


def _data(learned: LenientObject) -> _Data:
    identities = learned.get("identities")
    return _Data(
        name=learned.text("name"),
        licence=learned.text("licence"),
        people=len(identities) if isinstance(identities, list) else None,
        photos=learned.number("items"),
        digest=learned.text("digest"),
        drawn=learned.get("drawn") is True,
    )


@dataclass(frozen=True, kw_only=True)
class _Training:
    mode: str | None
    loss: str | None
    encoder: str | None
    energy: str | None
    parameters: float | None
    embedding_size: float | None
    reads: tuple[float | None, float | None, float | None]
    epochs: float | None
    seed: float | None
    seconds: float | None
    held_out_people: int | None
    refitted_on_everybody: bool | None
    interrupted: bool
    recipe: Mapping[str, object]


_CHANNELS: Mapping[str, int | float] = {"grey": 1, "rgb": 3, "bgr": 3}


def _training(document: LenientObject, record: LenientObject) -> _Training:
    recipe = LenientObject(recorded_recipe(record.get("recipe")))
    named = LenientObject(full_names(recipe))
    stages = list(record.part("histories"))
    preparation = document.part("preparation")
    rows, columns, channels = (preparation.number(side) for side in ("rows", "columns", "channels"))
    channels = channels or _CHANNELS.get(str(preparation.get("colours")))
    held_out = record.part("threshold").entries("people")
    return _Training(
        mode=recipe.text("mode"),
        loss=named.text("loss.kind") or named.text("loss"),
        encoder=named.text("encoder.kind") or named.text("encoder") or record.text("encoder"),
        energy=document.text("energy"),
        parameters=document.number("parameters"),
        embedding_size=document.number("embedding_size"),
        reads=(rows, columns, channels),
        epochs=record.number("epochs"),
        seed=recipe.number("seed"),
        seconds=record.number("seconds"),
        held_out_people=(len(held_out) if "choosing" in stages else 0) if stages else None,
        refitted_on_everybody={"choosing", "final"} <= set(stages) if stages else None,
        interrupted=record.get("interrupted") is True,
        recipe=named.plain(),
    )


def _training_part(training: _Training) -> CardPart:
    rows, columns, channels = training.reads
    size = None if rows is None else f"{rows} × {columns} pixels"
    colour = {1: ", grey", 3: ", colour"}.get(int(channels or 0), "")
    people, refitted = training.held_out_people, training.refitted_on_everybody
    held_out = f"{people} people, to choose the epoch and the threshold" if people else "nobody"
    return CardPart(
        values=asdict(training),
        rows=(
            ("Mode", training.mode),
            ("Loss", training.loss),
            ("Encoder", training.encoder),
            ("Weights", shown_number(training.parameters)),
            ("Reads", size and size + colour),
            ("Embedding", shown_number(training.embedding_size)),
            ("Distance (lower is more alike)", training.energy),
            ("Epochs", shown_number(training.epochs)),
            ("Held out", None if people is None else held_out),
            ("Then learned from everybody", shown_number(refitted)),
            ("Seed", training.seed),
            ("Seconds", training.seconds),
        ),
    )


def _threshold(document: LenientObject, record: LenientObject) -> CardThreshold:
    """Return the threshold, its source, its promise, and the number of people it is valid for."""
    value = document.number("threshold")
    calibration = document.part("calibration")
    chosen = record.part("threshold")
    if value is None:
        threshold = CardThreshold(value=None, source=None)
    elif calibration.number("threshold") == value:
        threshold = _calibrated(value, calibration)
    elif chosen.number("threshold") == value:
        on_others = "choosing" in record.part("histories")
        threshold = CardThreshold(
            value=value,
            source="held-out people" if on_others else "training pairs",
            evidence={
                "people": len(chosen.entries("people")),
                "genuine_pairs": chosen.number("genuine_pairs"),
                "impostor_pairs": chosen.number("impostor_pairs"),
            },
            date=record.text("created"),
        )
    else:
        threshold = CardThreshold(value=value, source="by hand")
    promise = [str(said) for said in calibration.entries("sentences")]
    return replace(threshold, sentences=tuple(_threshold_sentences(threshold, promise)))


def _calibrated(value: float, calibration: LenientObject) -> CardThreshold:
    purpose, origin = (calibration.part(key) for key in ("purpose", "provenance"))
    strangers, rejected = (calibration.part(key) for key in ("strangers", "rejected"))
    data = origin.part("data")
    return CardThreshold(
        value=value,
        source="calibration",
        valid_for=ValidFor(
            people=purpose.number("people"),
            photos_each=purpose.number("photos_each"),
            fusion=purpose.text("fusion"),
            strangers_accepted=purpose.number("strangers_accepted"),
        ),
        evidence={
            "people": calibration.number("people"),
            "impostor_comparisons": strangers.number("comparisons"),
            "genuine_comparisons": rejected.number("comparisons"),
            "extrapolated": calibration.get("extrapolated") is True,
            "data": data.text("name"),
            "digest": data.text("digest"),
        },
        date=origin.text("date"),
    )


_NOT_FOR = (
    "There is no liveness detection: a photo of a person counts as the person. "
    "Do not use it alone to open a door.",
    "Not for decisions about people without human review of each one: it makes errors, and more "
    "of them for some people than for others.",
    "Not for other cameras, poses, light or people than those of the training photos, until it "
    "has been measured on photos like yours.",
    "Face templates (embeddings) are biometric data, which many countries protect by law. Check "
    "the law that applies to you before you enrol anybody; this is not legal advice.",
)

_FEW_PEOPLE = 10


def _threshold_sentences(threshold: CardThreshold, promise: Sequence[str] = ()) -> list[str]:
    """Say where a threshold comes from, and what it promises.

    Args:
        threshold: without sentences yet.
        promise: the calibration's own sentences.
    """
    source = threshold.source
    if source is None:
        return ["There is no threshold: this model compares, but does not decide."]
    if threshold.valid_for is not None:
        return [*promise, _gallery_size(threshold.valid_for)]
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


def _gallery_size(valid: ValidFor) -> str:
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


def _limits(
    threshold: CardThreshold,
    results: Sequence[ProtocolResult],
    *,
    photos: float | None,
    people: int | None,
    refitted: bool,
    interrupted: bool,
) -> list[str]:
    """Return the _limits of the figures, in sentences.

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
    few = min((result.counts.get("identities", _FEW_PEOPLE) for result in results), default=None)
    if few is not None and few < _FEW_PEOPLE:
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
