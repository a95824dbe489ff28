"""A saved model measured on a data set, with what of it the model was trained on."""

from collections.abc import Mapping
from typing import Any

from likeness.datasets import Dataset
from likeness.evaluation import BASELINES, Evaluation, LeakReport, evaluate_unseen
from likeness.experiments._result import FORMAT, counts, figures_with_intervals, versions
from likeness.model import SiameseModel


def evaluate_model(model: SiameseModel, data: Dataset) -> dict[str, Any]:
    """Return the figures of a model on all pairs and one-shot trials of a data set, as JSON.

    The baseline beside it is raw pixels, which needs no training people; Fisherfaces would.
    What the model was trained on is known from its record: people by name, photos by digest.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    network = evaluate_unseen(model, data, threshold=model.threshold)
    pixels = evaluate_unseen(BASELINES["raw_pixels"](data), data, threshold=None)
    leaks = leaks_of_model(model.record, data, network)
    return {
        "format": FORMAT,
        "protocol": "evaluate",
        "title": f"{data.name}: all pairs of {len(data.distinct)} people",
        "unseen_people": leaks.leaks == 0,
        "drawn": data.drawn,
        "data": {"name": data.name, "digest": data.digest, "licence": data.licence},
        "counts": counts([network], data),
        "figures": figures_with_intervals([network]),
        "baselines": {"raw_pixels": figures_with_intervals([pixels])},
        "leaks": leaks.leaks,
        "leak_report": leaks.as_dict(),
        "threshold": model.threshold,
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
    known = _known_items(record, data)
    pairs = measured.pairs
    shared = {
        kind: int(sum(known[a] and known[b] for a, b in rows))
        for kind, rows in (("genuine", pairs.genuine_pairs), ("impostor", pairs.impostor_pairs))
    }
    return LeakReport(
        identities=len(data.distinct),
        items=len(data),
        genuine_pairs=len(pairs.genuine),
        impostor_pairs=len(pairs.impostor),
        shared_identities=len(known_people(record, data)),
        shared_items=sum(known),
        shared_genuine_pairs=shared["genuine"],
        shared_impostor_pairs=shared["impostor"],
    )


def known_people(record: Mapping[str, Any], data: Dataset) -> set[str]:
    """Return the people of the data that a model was trained on, by its record.

    By name, or by a photo: a person may have been renamed since.
    """
    names = set(record.get("data", {}).get("identities", ()))
    known = _known_items(record, data)
    by_photo = {data.identities[i] for i, is_known in enumerate(known) if is_known}
    return (set(data.distinct) & names) | by_photo


def _known_items(record: Mapping[str, Any], data: Dataset) -> list[bool]:
    digests = set(record.get("data", {}).get("item_digests", ()))
    return [digest[:16] in digests for digest in data.item_digests]
