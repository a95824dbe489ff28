"""Calibration of a saved model: threshold, margin and probabilities, on people it was not trained
on."""

from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation.calibration import Calibration, Provenance
from likeness.evaluation.fusion import Comparisons, compare_with_people
from likeness.evaluation.leaks import Learned
from likeness.evaluation.margin import Margin
from likeness.evaluation.pair_energies import PairRule
from likeness.evaluation.probability import check_prior
from likeness.evaluation.probability_fit import FittedProbability, fit_probability
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.model.protocol import Model

PRIOR = 0.5
"""The default prior: one person and two people are equally likely."""


def calibrate_model(
    model: Model,
    data: Dataset,
    purpose: Purpose,
    *,
    extrapolate: bool = False,
    prior: float = PRIOR,
    wrong_names: float | None = None,
) -> Calibration:
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
    Learned.recorded(model.record).check_unseen(data)
    matrix = energy_matrix(model.energy, model.embed(data.items))
    pairs = PairRule.of(model.record.get("recipe", {})).pairs_if_known(data)
    choice = calibrate(
        matrix, data.codes, purpose, energy=model.energy, extrapolate=extrapolate, pairs=pairs
    )
    chosen = choice.purpose  # with the fusion that was chosen, if it was to be
    comparisons = compare_with_people(
        matrix,
        data.codes,
        photos_each=chosen.photos_each,
        fusion=chosen.fusion,
        energy=model.energy,
        pairs=pairs,
    )
    return Calibration(
        choice=choice,
        margin=Margin.measure(
            matrix,
            data.codes,
            chosen,
            energy=model.energy,
            threshold=choice.threshold,
            wrong_names=purpose.strangers_accepted if wrong_names is None else wrong_names,
        ),
        probability=_probability(comparisons, prior=prior),
        prior=prior,
        comparisons=comparisons,
        provenance=Provenance.now(model.fingerprint, data),
    )


def _probability(comparisons: Comparisons, *, prior: float) -> FittedProbability | str:
    """Return the fit, or why there is none."""
    try:
        return fit_probability(comparisons, prior=prior)
    except TooFewError as error:
        return f"No probabilities: {error}"
