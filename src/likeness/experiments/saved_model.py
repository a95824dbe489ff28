"""A saved model measured on a data set, with what of it the model was trained on."""

from typing import Any

from likeness.datasets import Dataset
from likeness.evaluation import BASELINES, evaluate_unseen, leaks_against
from likeness.experiments._evidence import Learned, evidence
from likeness.experiments._result import (
    BOOTSTRAP,
    FORMAT,
    INTERVALS,
    counts,
    figures_with_intervals,
    versions,
)
from likeness.figures import watermark
from likeness.model import SiameseModel


def evaluate_model(
    model: SiameseModel, data: Dataset, *, with_evidence: bool = False
) -> dict[str, Any]:
    """Return the figures of a model on all pairs and one-shot trials of a data set, as JSON.

    The baseline beside it is raw pixels, which needs no training people; Fisherfaces would.
    What the model was trained on is known from its record: people by name, photos by digest.

    Args:
        model: a saved model.
        data: at least two people with two photos each.
        with_evidence: whether "evidence" holds what the figures were computed from.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    network = evaluate_unseen(model, data, threshold=model.threshold)
    pixels = evaluate_unseen(BASELINES["raw_pixels"](data), data, threshold=None)
    learned = model.record.get("data", {})
    known = Learned(
        identities=learned.get("identities", ()), digests=learned.get("item_digests", ())
    )
    leaks = leaks_against(known.identities, known.digests, data, network.pairs)
    document = {
        "format": FORMAT,
        "protocol": "evaluate",
        "title": f"{data.name}: all pairs of {len(data.distinct)} people",
        "unseen_people": leaks.leaks == 0,
        "drawn": data.drawn,
        "data": {"name": data.name, "digest": data.digest, "licence": data.licence},
        "counts": counts([network], data),
        "figures": figures_with_intervals([network]),
        "baselines": {"raw_pixels": figures_with_intervals([pixels])},
        "intervals": INTERVALS,
        "leaks": leaks.leaks,
        "leak_report": leaks.as_dict(),
        "watermark": watermark({"drawn": data.drawn, "leaks": leaks.leaks}),
        "threshold": model.threshold,
        "fingerprint": model.fingerprint,
        "seeds": {"recipe": model.record.get("recipe", {}).get("seed")},
        "notes": list(data.notes),
        "versions": versions(),
    }
    if with_evidence:
        methods = {"network": [network], "raw_pixels": [pixels]}
        document["evidence"] = evidence(methods, [data], [known], bootstrap=BOOTSTRAP)
    return document
