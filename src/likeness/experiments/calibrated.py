"""Calibration of a saved model: threshold, margin and probabilities, on people it was not trained
on."""

import numpy as np

from likeness.arrays import Codes, Energies
from likeness.datasets.items import Acquisition, Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation.calibration import Calibration, Provenance
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.leaks import Learned
from likeness.evaluation.margin import Margin
from likeness.evaluation.pair_energies import PairRule
from likeness.evaluation.probability import PRIOR, check_prior
from likeness.evaluation.probability_fit import FittedProbability
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.model.protocol import Model
from likeness.recogniser.gallery import Gallery

FEWEST = 3
"""So many people at least: two have one pair, and one pair has no spread."""


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
    return _calibration(
        energy_matrix(model.energy, model.embed(data.items)),
        data.codes,
        purpose,
        energy=model.energy,
        pairs=PairRule.of(model.record.get("recipe", {})).pairs_if_known(data),
        extrapolate=extrapolate,
        prior=prior,
        wrong_names=wrong_names,
        provenance=Provenance.now(model.fingerprint, data),
        acquisition=data.acquisition,
    )


def calibrate_on_gallery(
    model: Model,
    gallery: Gallery,
    *,
    strangers_accepted: float,
    fusion: str = "min",
    prior: float = PRIOR,
    wrong_names: float | None = None,
) -> Calibration:
    """Find a model's threshold on the enrolled people themselves, for a gallery of their number.

    Each photo is compared with the other photos of every person. A small gallery has too few
    comparisons to show a low rate, so the threshold is extrapolated where it must be. Nothing that
    names a person is kept with the model: somebody who is forgotten leaves no trace there.

    Args:
        model: the gallery's.
        gallery: at least three people.
        strangers_accepted: the share of strangers that may be identified as somebody.
        fusion, prior, wrong_names: as in `calibrate_model`.

    Raises:
        TooFewError: fewer than three people are enrolled, or no energy would be low enough.
        SettingError: a setting is out of its range.
    """
    check_prior(prior)
    templates = list(gallery.templates(vectors=True))
    names, codes = np.unique([template.person_id for template in templates], return_inverse=True)
    if len(names) < FEWEST:
        raise TooFewError(
            f"--on-gallery: expected {FEWEST} enrolled people or more. Received: {len(names)}. "
            "Enrol more people, or calibrate on a folder of other people's photos."
        )
    vectors = np.stack([template.vector for template in templates if template.vector is not None])
    # One photo is the probe: so many others of its person are enrolled, typically.
    others = max(1, int(np.median(np.bincount(codes))) - 1)
    return _calibration(
        energy_matrix(model.energy, vectors),
        codes,
        Purpose(
            people=len(names),
            strangers_accepted=strangers_accepted,
            photos_each=others,
            fusion=fusion,
        ),
        energy=model.energy,
        pairs=None,
        extrapolate=True,
        prior=prior,
        wrong_names=wrong_names,
        provenance=Provenance.on_gallery(model.fingerprint),
    )


def _calibration(
    matrix: Energies,
    codes: Codes,
    purpose: Purpose,
    *,
    energy: str,
    pairs: LabelledPairs | None,
    extrapolate: bool,
    prior: float,
    wrong_names: float | None,
    provenance: Provenance,
    acquisition: Acquisition | None = None,
) -> Calibration:
    choice = calibrate(matrix, codes, purpose, energy=energy, extrapolate=extrapolate, pairs=pairs)
    chosen = choice.purpose  # with the fusion that was chosen, if it was to be
    comparisons = Comparisons.with_people(
        matrix,
        codes,
        photos_each=chosen.photos_each,
        fusion=chosen.fusion,
        energy=energy,
        pairs=pairs,
        genuine_required=False,
    )
    return Calibration(
        acquired=choice,
        acquisition=acquisition,
        margin=Margin.measure(
            matrix,
            codes,
            chosen,
            energy=energy,
            threshold=choice.threshold,
            wrong_names=purpose.strangers_accepted if wrong_names is None else wrong_names,
        ),
        probability=_probability(comparisons, prior=prior),
        prior=prior,
        comparisons=comparisons,
        provenance=provenance,
    )


def _probability(comparisons: Comparisons, *, prior: float) -> FittedProbability | str:
    """Return the fit, or why there is none."""
    try:
        return FittedProbability.fit(comparisons, prior=prior)
    except TooFewError as error:
        return f"No probabilities: {error}"
