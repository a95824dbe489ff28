"""Calibration of a saved model: threshold, margin and probabilities, on people it was not trained
on."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from likeness import __version__
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import OverlapError, TooFewError
from likeness.evaluation.fusion import Comparisons, compare_with_people
from likeness.evaluation.margin import measure_margin
from likeness.evaluation.pair_energies import PairRule, energy_histogram
from likeness.evaluation.probability import check_prior
from likeness.evaluation.probability_fit import FORMAT, FittedProbability, fit_probability
from likeness.evaluation.threshold_choice import Calibration, Purpose, calibrate
from likeness.model.protocol import Model

DIGITS = 16
"""Hexadecimal digits of each digest in a model's record."""

PRIOR = 0.5
"""The default prior: one person and two people are equally likely."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _CalibrationEvidence:
    """A calibration, and the comparisons behind it.

    Args:
        calibration: what is stored in the model.
        comparisons: all of them.
        fitted: the probabilities; None where there were too few people to hold some out.
    """

    calibration: Calibration
    comparisons: Comparisons
    fitted: FittedProbability | None


def calibration_evidence(
    model: Model,
    data: Dataset,
    purpose: Purpose,
    *,
    extrapolate: bool = False,
    prior: float = PRIOR,
    wrong_names: float | None = None,
) -> _CalibrationEvidence:
    """Find a model's threshold for a purpose, the margin to the runner-up, and probabilities.

    Args:
        model: trained on other people.
        data: people used neither for training nor for tests.
        purpose: what the threshold is for.
        extrapolate: whether a tail may be fitted where the comparisons are too few.
        prior: P(one person) that probabilities are stated for, above 0, below 1.
        wrong_names: the share of enrolled people's photos that may be given a wrong name; the share
            of strangers accepted if not given.

    Raises:
        OverlapError: the model was trained on some of the people or photos.
        TooFewError: the comparisons cannot show so low a rate of strangers.
        SettingError: a setting is out of its range.
    """
    check_prior(prior)
    check_not_trained_on(model.record, data)
    matrix = energy_matrix(model.energy, model.embed(data.items))
    pairs = PairRule.of(model.record.get("recipe", {})).pairs_if_known(data)
    calibration = calibrate(
        matrix, data.codes, purpose, energy=model.energy, extrapolate=extrapolate, pairs=pairs
    )
    chosen = calibration.purpose  # with the chosen fusion, if it is "auto"
    margin = measure_margin(
        matrix,
        data.codes,
        chosen,
        energy=model.energy,
        threshold=calibration.threshold,
        wrong_names=purpose.strangers_accepted if wrong_names is None else wrong_names,
    )
    comparisons = compare_with_people(
        matrix,
        data.codes,
        photos_each=chosen.photos_each,
        fusion=chosen.fusion,
        energy=model.energy,
        pairs=pairs,
    )
    fitted, probability = _probability(comparisons, prior=prior)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    complete = replace(
        calibration,
        probability=probability,
        margin=margin.as_dict(),
        energies=energy_histogram(comparisons.genuine, comparisons.impostor).as_dict(),
        provenance={
            "model": model.fingerprint,
            "data": {
                "name": data.name,
                "digest": data.digest,
                "drawn": data.drawn,
                # So that an evaluation on these people can say that the threshold was calibrated on
                # them.
                "identities": list(data.distinct),
                "item_digests": [digest[:DIGITS] for digest in data.item_digests],
            },
            "date": now,
            "likeness": __version__,
        },
    )
    return _CalibrationEvidence(calibration=complete, comparisons=comparisons, fitted=fitted)


def _probability(
    comparisons: Comparisons, *, prior: float
) -> tuple[FittedProbability | None, dict[str, Any]]:
    """Return the fit and its document; without a fit, the document gives the reason."""
    try:
        fitted = fit_probability(comparisons)
    except TooFewError as error:
        said = f"No probabilities: {error}"
        return None, {"format": FORMAT, "ratio": None, "prior": prior, "sentences": [said]}
    return fitted, fitted.as_dict(prior=prior)


def check_not_trained_on(record: Mapping[str, Any], data: Dataset) -> None:
    """Raise if the model was trained on some of the people or photos, by its record.

    People of equal names count as the same: a false alarm is better than a threshold chosen on
    memorised faces.

    Raises:
        OverlapError: there is an overlap.
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
            "threshold chosen on them would be too optimistic; calibrate on other people."
        )
