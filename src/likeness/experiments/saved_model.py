"""A saved model on new people: evaluation, the next-photo curve, and the enrolment doctor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from likeness.datasets import Dataset, name_some
from likeness.datasets.photo_folder import Labels
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_matrix
from likeness.evaluation import (
    BASELINES,
    Embedder,
    Evaluation,
    PairEnergies,
    PairRule,
    evaluate_matrix,
    evaluate_pairs,
)
from likeness.evaluation.doctor import Diagnosis
from likeness.evaluation.groups import Grouping
from likeness.evaluation.leaks import Learned
from likeness.evaluation.next_photo import DRAWS, NextPhotoCurve, NextPhotoResult
from likeness.evaluation.open_set import FEWEST_PEOPLE, OpenSet, evaluate_open_set
from likeness.evaluation.results import BOOTSTRAP_SEED, MeasuredData, MeasuredModel, ProtocolResult
from likeness.experiments.open_set import HALVES_SEED, with_cmc, with_open_set
from likeness.experiments.result import REPETITIONS, section
from likeness.images.quality import PhotoCheck
from likeness.model.protocol import Model
from likeness.model.siamese_model import SiameseModel
from likeness.reports.content import NetworkFacts, ProtocolSection, ReportContent

UNKNOWN = (
    "The training people of this model are not recorded, as of every imported encoder, so leaks "
    "cannot be detected. Ask its authors."
)


def evaluate_model(model: Model, data: Dataset, *, labels: Labels | None = None) -> ProtocolSection:
    """Return the figures of a model on all pairs and searches of a data set, and their evidence.

    Its document has the figures of verification and one-shot identification, the CMC, an open
    set (where there are four people or more), and a table for each grouping of people. The baseline
    is raw pixels, which need no training people, unlike Fisherfaces. The model's record lists the
    people and photos it was trained on, by name and digest.

    Args:
        model: with or without a threshold.
        data: at least two people with two photos each.
        labels: of people, by column; see `read_person_labels`.

    If the model's recipe selects pairs by facets, and the data has these facets, only those pairs
    are measured, and no searches.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    data.require(identities=2, items_each=2)
    rule = PairRule.of(model.record.get("recipe", {}))
    pairs = rule.pairs_if_known(data)
    network = _measured(model, data, threshold=model.threshold, pairs=pairs)
    pixels = _measured(BASELINES["raw_pixels"](data), data, threshold=None, pairs=pairs)
    methods = {"network": [network[0]], "raw_pixels": [pixels[0]]}
    counted = "all pairs" if pairs is None else f"pairs ({rule.in_words()})"
    made = _section(model, data, methods, counted=counted)
    made = with_cmc(made, methods) if pairs is None else made
    if network[1] is not None and pixels[1] is not None:
        made = with_open_set(
            made,
            {"network": [network[1]], "raw_pixels": [pixels[1]]},
            tests=[data],
            calibrated=bool(model.calibration),
        )
    if labels is None:
        return made
    return replace(
        made,
        result=replace(made.result, groups=_groups(*network, data, labels)),
        evidence={
            **made.evidence,
            "labels": [
                {"column": column, "labels": _by_person(of_person, data)}
                for column, of_person in labels.items()
            ],
        },
    )


def model_report(
    model: Model, data: Dataset, section: ProtocolSection, *, seconds: float
) -> ReportContent:
    """Return the contents of the page on an evaluation.

    Args:
        model: that was evaluated.
        data: on which.
        section: what `evaluate_model` returned.
        seconds: how long it took.
    """
    return ReportContent(
        data=data,
        sections=[section],
        title=f"A saved model on {data.name}",
        network=_facts(model),
        seconds=seconds,
    )


def _facts(model: Model) -> NetworkFacts:
    """Describe the network; without Keras, its layers are unknown."""
    if isinstance(model, SiameseModel):
        from likeness.encoders import SiameseNet  # late: brings Keras

        return NetworkFacts.of(SiameseNet(model.encoder, model.energy))
    return NetworkFacts(
        facts={
            "runtime": "ONNX Runtime",
            "energy": model.energy,
            "embedding_size": model.embedding_size,
        }
    )


def _measured(
    embedder: Embedder, data: Dataset, *, threshold: float | None, pairs: LabelledPairs | None
) -> tuple[Evaluation, OpenSet | None]:
    matrix = energy_matrix(embedder.energy, embedder.embed(data.items))
    tried = data.acquisition
    if pairs is not None:
        energies = PairEnergies.of_matrix(matrix, data.codes, pairs)
        return evaluate_pairs(energies, threshold=threshold, acquisition=tried), None
    return (
        evaluate_matrix(matrix, data.codes, threshold=threshold, acquisition=tried),
        evaluate_open_set(
            matrix, data.codes, threshold=threshold, acquisition=tried, seed=HALVES_SEED
        )
        if len(data.distinct) >= FEWEST_PEOPLE
        else None,
    )


def _section(
    model: Model, data: Dataset, methods: Mapping[str, list[Evaluation]], *, counted: str
) -> ProtocolSection:
    learned = Learned.recorded(model.record)
    unknown = not learned.identities and not learned.digests
    calibrated_on = Learned.recorded(model.calibration.get("provenance", {}))
    known_to_threshold = len(calibrated_on.people_in(data))
    recipe = model.record.get("recipe", {})
    result = ProtocolResult.of(
        methods,
        data,
        learned.leaks_into(data, methods["network"][0].pairs),
        protocol="evaluate",
        title=f"{data.name}: {counted} of {len(data.distinct)} people",
        seeds={"recipe": recipe.get("seed")},
        repetitions=REPETITIONS,
    )
    sentences = (UNKNOWN,) if unknown else result.leak_sentences
    if known_to_threshold:
        sentences += (
            f"The threshold was calibrated on {known_to_threshold} of these {len(data.distinct)} "
            "people: the figures at it are too optimistic.",
        )
    complete = replace(
        result,
        unseen_people=result.unseen_people and not unknown,
        leak_sentences=sentences,
        threshold=model.threshold,
        model=MeasuredModel(
            fingerprint=model.fingerprint,
            runtime=model.runtime,
            threshold_seen=known_to_threshold,
            notes=tuple(data.notes),
        ),
        recipe=recipe,
    )
    made = section(complete, methods, tests=[data], learned=[learned])
    return replace(made, evidence={**made.evidence, "calibration": calibrated_on.to_json()})


def _groups(
    evaluation: Evaluation, open_set: OpenSet | None, data: Dataset, labels: Labels
) -> tuple[Grouping, ...]:
    return tuple(
        Grouping.of(
            evaluation,
            open_set,
            column=column,
            labels=_by_person(of_person, data),
            repetitions=REPETITIONS,
            seed=BOOTSTRAP_SEED,
        )
        for column, of_person in labels.items()
    )


def _by_person(of_person: Mapping[str, str], data: Dataset) -> list[str | None]:
    """Return the labels in the order of the people; None for one without a label."""
    return [of_person.get(person) for person in data.everybody]


def next_photo_of_model(
    model: Model,
    data: Dataset,
    *,
    fusion: str | None = None,
    counts: Sequence[int] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> NextPhotoResult:
    """Return the curve for a model, with the names of those who are left out.

    Copies of a photo are left out too: an enrolled photo always matches itself.

    Args:
        model: trained on other people.
        data: at least two people with two photos each.
        fusion: of a person's photos; if not given, the one that the model was calibrated for,
            or "min".
        counts: of enrolled photos; as many as the data allow if not given.
        draws: number of draws.
        seed: of the draws.

    Raises:
        OverlapError: the model was trained on some of the people or photos.
        TooFewError: fewer than two people have enough photos.
        SettingError: a setting is out of its range, or there is no such fusion of this energy.
    """
    Learned.recorded(model.record).check_unseen(data)
    different = data.without_copies()
    calibrated_for = model.calibration.get("purpose", {}).get("fusion", "min")
    curve = NextPhotoCurve.measure(
        energy_matrix(model.energy, model.embed(different.items)),
        different.codes,
        energy=model.energy,
        fusion=fusion or calibrated_for,
        counts=counts,
        threshold=model.threshold,
        draws=draws,
        seed=seed,
    )
    left_out = [different.distinct[code] for code in curve.left_out]
    return NextPhotoResult(
        curve=curve,
        model=model.fingerprint,
        data=MeasuredData.of(data),
        drawn=data.drawn,
        left_out=tuple(left_out),
        notes=(*data.notes, *_left_out_notes(curve, left_out, copies=len(data) - len(different))),
    )


def _left_out_notes(curve: NextPhotoCurve, left_out: Sequence[str], *, copies: int) -> list[str]:
    """Return the excluded people and photos, in sentences."""
    said = []
    if left_out:
        said.append(
            f"{len(left_out)} of {len(left_out) + curve.people} people are excluded, because they "
            f"have fewer than {curve.points[-1].photos + 1} different photos: "
            f"{name_some(left_out)}."
        )
    if copies:
        said.append(f"Photos that are excluded, as copies of others of the same person: {copies}.")
    return said


def examine_gallery(data: Dataset, checks: Sequence[PhotoCheck], model: Model | None) -> Diagnosis:
    """Return the findings of the doctor.

    Args:
        data: the photos.
        checks: one per photo, of its original size.
        model: compares people; None for no comparison.

    Raises:
        DataError: there are not as many checks as photos.
    """
    if model is None:
        return Diagnosis.of(data, checks)
    matrix = energy_matrix(model.energy, model.embed(data.items))
    return Diagnosis.of(data, checks, matrix=matrix, threshold=model.threshold).compared_by(
        fingerprint=model.fingerprint,
        energy=model.energy,
        trained_on=tuple(sorted(Learned.recorded(model.record).people_in(data))),
    )
