"""A saved model measured on a data set, with what of it the model was trained on."""

from collections.abc import Mapping
from typing import Any

from likeness.datasets import Dataset
from likeness.evaluation import BASELINES, Evaluation, LeakReport, evaluate_unseen
from likeness.experiments._result import FORMAT, counts, figures_with_intervals, versions
from likeness.runtime.opening import FaceModel

UNKNOWN = (
    "This encoder was imported: whom it was trained on is not known here, so a leak could not be "
    "seen. Ask its authors."
)


def evaluate_model(model: FaceModel, data: Dataset) -> dict[str, Any]:
    """Return the figures of a model on all pairs and one-shot trials of a data set, as JSON.

    The baseline beside it is raw pixels, which needs no training people; Fisherfaces would.
    What the model was trained on is known from its record: people by name, photos by digest.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    network = evaluate_unseen(model, data, threshold=model.threshold)
    pixels = evaluate_unseen(BASELINES["raw_pixels"](data), data, threshold=None)
    leaks = leaks_of_model(model.record, data, network)
    report = leaks.as_dict()
    imported = "imported" in model.record
    if imported:
        report["sentences"] = [UNKNOWN]
    return {
        "format": FORMAT,
        "protocol": "evaluate",
        "title": f"{data.name}: all pairs of {len(data.distinct)} people",
        "unseen_people": leaks.leaks == 0 and not imported,
        "drawn": data.drawn,
        "data": {"name": data.name, "digest": data.digest, "licence": data.licence},
        "counts": counts([network], data),
        "figures": figures_with_intervals([network]),
        "baselines": {"raw_pixels": figures_with_intervals([pixels])},
        "leaks": leaks.leaks,
        "leak_report": report,
        "threshold": model.threshold,
        "runtime": model.runtime,
        "fingerprint": model.fingerprint,
        "seeds": {"recipe": model.record.get("recipe", {}).get("seed")},
        "notes": list(data.notes),
        "versions": versions(),
    }


def leaks_of_model(record: Mapping[str, Any], data: Dataset, measured: Evaluation) -> LeakReport:
    """Return what of the data the model was trained on, from the model's record.

    People with equal names count as the same, whatever their photos: better one false alarm
    than a leak unseen. Pairs count as trained on if both photos were.
    """
    learned = record.get("data", {})
    names = set(learned.get("identities", ()))
    digests = set(learned.get("item_digests", ()))
    known = [digest[:16] in digests for digest in data.item_digests]
    pairs = measured.pairs
    shared = {
        kind: int(sum(known[a] and known[b] for a, b in rows))
        for kind, rows in (("genuine", pairs.genuine_pairs), ("impostor", pairs.impostor_pairs))
    }
    people_known = {data.identities[i] for i, is_known in enumerate(known) if is_known}
    return LeakReport(
        identities=len(data.distinct),
        items=len(data),
        genuine_pairs=len(pairs.genuine),
        impostor_pairs=len(pairs.impostor),
        shared_identities=len((set(data.distinct) & names) | people_known),
        shared_items=sum(known),
        shared_genuine_pairs=shared["genuine"],
        shared_impostor_pairs=shared["impostor"],
    )
