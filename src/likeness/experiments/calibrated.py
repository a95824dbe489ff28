"""A saved model's threshold, found on people it was not trained on."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from likeness._version import __version__
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import OverlapError
from likeness.evaluation.calibration import Calibration, Purpose, calibrate
from likeness.runtime.opening import FaceModel

DIGITS = 16
"""So much of each digest stands in a model's record."""


def calibrate_model(
    model: FaceModel, data: Dataset, purpose: Purpose, *, extrapolate: bool = False
) -> Calibration:
    """Find a model's threshold for a purpose.

    Args:
        model: trained on other people.
        data: people used neither for training nor for tests.
        purpose: what the threshold is for.
        extrapolate: whether a tail may be fitted where the comparisons are too few.

    Raises:
        OverlapError: the model was trained on some of the people or photos.
        TooFewError: the comparisons cannot show so low a rate.
    """
    check_not_trained_on(model.record, data)
    matrix = energy_matrix(model.energy, model.embed(data.items))
    found = calibrate(matrix, data.codes, purpose, extrapolate=extrapolate)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return replace(
        found,
        provenance={
            "model": model.fingerprint,
            "data": {"name": data.name, "digest": data.digest, "drawn": data.drawn},
            "date": now,
            "likeness": __version__,
        },
    )


def check_not_trained_on(record: Mapping[str, Any], data: Dataset) -> None:
    """Raise if a model's record names some of the people, or holds some of the photos.

    People of equal names count as the same: better one false alarm than a threshold chosen
    on faces that were learned by heart.

    Raises:
        OverlapError: it does.
    """
    learned = record.get("data", {})
    digests = set(learned.get("item_digests", ()))
    known = set(data.distinct) & set(learned.get("identities", ()))
    known |= {
        identity
        for identity, digest in zip(data.identities, data.item_digests, strict=True)
        if digest[:DIGITS] in digests
    }
    if known:
        ordered = [name for name in data.distinct if name in known]
        some = ", ".join(repr(name) for name in ordered[:5])
        more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
        raise OverlapError(
            f"{len(known)} of the {len(data.distinct)} people were trained on: {some}{more}. A "
            "threshold chosen on them would promise too much; calibrate on other people."
        )
