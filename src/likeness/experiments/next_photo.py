"""The value of the next photo, for a saved model and people it was not trained on."""

from collections.abc import Sequence

from likeness.datasets import Dataset, name_some
from likeness.energies import energy_matrix
from likeness.evaluation.next_photo import (
    DRAWS,
    NextPhotoCurve,
    NextPhotoResult,
    next_photo_curve,
)
from likeness.evaluation.results import MeasuredData
from likeness.experiments.calibrated import check_not_trained_on
from likeness.model.protocol import Model


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

    Copies of a photo are left out too: an enrolled photo is always recognised again.

    Args:
        model: trained on other people.
        data: at least two people with two photos each.
        fusion: of a person's photos; if not given, the one that the model was calibrated for,
            or "min".
        counts: of enrolled photos; as many as the data allow if not given.
        draws: how often photos are dealt.
        seed: of the draws.

    Raises:
        OverlapError: the model was trained on some of the people or photos.
        TooFewError: fewer than two people have enough photos.
        SettingError: a setting is out of its range, or there is no such fusion of this energy.
    """
    check_not_trained_on(model.record, data)
    different = data.without_copies()
    calibrated_for = model.calibration.get("purpose", {}).get("fusion", "min")
    curve = next_photo_curve(
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
        data=MeasuredData(name=data.name, digest=data.digest, licence=data.licence),
        drawn=data.drawn,
        left_out=tuple(left_out),
        notes=(*data.notes, *_notes(curve, left_out, copies=len(data) - len(different))),
    )


def _notes(curve: NextPhotoCurve, left_out: Sequence[str], *, copies: int) -> list[str]:
    """Say who and what takes no part."""
    said = []
    if left_out:
        said.append(
            f"{len(left_out)} of {len(left_out) + curve.people} people take no part, for want of "
            f"{curve.points[-1].photos + 1} different photos: {name_some(left_out)}."
        )
    if copies:
        said.append(f"Photos that take no part, as copies of others of the same person: {copies}.")
    return said
