"""The enrolment doctor with a saved model: the diagnosis as a document."""

from collections.abc import Sequence
from typing import Any

from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation.doctor import diagnose
from likeness.experiments.saved_model import known_people
from likeness.images.quality import PhotoCheck
from likeness.model.protocol import Model


def examine_gallery(
    data: Dataset, checks: Sequence[PhotoCheck], model: Model | None
) -> dict[str, Any]:
    """Return what the doctor finds, as JSON values.

    Args:
        data: the photos.
        checks: one per photo, of its original size.
        model: what compares people; None does without.

    Raises:
        DataError: there are not as many checks as photos.
    """
    if model is None:
        return {**diagnose(data, checks).as_dict(), "model": None}
    matrix = energy_matrix(model.energy, model.embed(data.items))
    found = diagnose(data, checks, matrix=matrix, threshold=model.threshold).as_dict()
    known = sorted(known_people(model.record, data))
    if known:
        found["sentences"].append(
            f"The model was trained on {len(known)} of these {len(data.distinct)} people: among "
            "them energies and risks look better than they would be on others."
        )
    return {
        **found,
        "model": {
            "fingerprint": model.fingerprint,
            "energy": model.energy,
            "trained_on": known,
        },
    }
