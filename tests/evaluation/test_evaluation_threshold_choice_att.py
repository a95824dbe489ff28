"""The promise about strangers on real faces: other people than calibrated on, drawn 200 times."""

import numpy as np
import pytest

from likeness import datasets
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation import BASELINES
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.rare_rates import AcceptedRate, Rate
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.evaluation.verification import choose_threshold

pytestmark = [pytest.mark.real, pytest.mark.slow]

REPETITIONS = 200


def among(matrix, codes, people):
    """Energies between the photos of some people, and the identity of each."""
    photos = np.flatnonzero(np.isin(codes, people))
    return matrix[np.ix_(photos, photos)], codes[photos]


def strangers_accepted(matrix, codes, *, enrolled, strangers, threshold) -> Rate:
    """Compare every photo of the strangers with galleries of a photo each, each place in turn."""
    probes = np.flatnonzero(np.isin(codes, strangers))
    photos = np.stack([np.flatnonzero(codes == person) for person in enrolled])
    nearest = matrix[probes[:, None, None], photos[None]].min(axis=1)  # (probes, places)
    _, whose = np.unique(np.repeat(codes[probes], photos.shape[1]), return_inverse=True)
    return AcceptedRate(nearest.ravel(), np.stack([whose, whose], axis=1)).at(threshold)


@pytest.mark.parametrize(
    ("method", "learned_from", "calibrated_on", "purpose"),
    [
        ("raw_pixels", 0, 20, Purpose(people=5, strangers_accepted=0.2)),
        ("raw_pixels", 0, 20, Purpose(people=10, strangers_accepted=0.2)),
        ("raw_pixels", 0, 24, Purpose(people=10, strangers_accepted=0.15)),
        ("fisherfaces", 12, 16, Purpose(people=5, strangers_accepted=0.3)),
    ],
)
def test_the_promise_holds_on_people_never_seen_and_a_fixed_threshold_does_not(
    method, learned_from, calibrated_on, purpose, real_data
) -> None:
    faces = datasets.att(real_data)
    people, promise = purpose.people, purpose.strangers_accepted
    codes, matrix = faces.codes, None
    held, fixed, shares, fixed_shares = [], [], [], []
    for seed in range(REPETITIONS):
        order = np.random.default_rng(seed).permutation(40)
        ends = np.cumsum([learned_from, calibrated_on, people])
        learned, calibration, enrolled, strangers = np.split(order, ends)
        if matrix is None or learned_from:  # raw pixels learn nothing: once is enough
            embedder = BASELINES[method](faces.take(np.isin(codes, learned)))
            matrix = energy_matrix(embedder.energy, embedder.embed(faces.items))
        matrix_there, codes_there = among(matrix, codes, calibration)
        try:
            found = calibrate(matrix_there, codes_there, purpose)
        except TooFewError:
            continue
        pairs = Comparisons.with_people(matrix_there, codes_there)
        naive = choose_threshold(pairs.genuine, pairs.impostor)
        ours, theirs = (
            strangers_accepted(
                matrix, codes, enrolled=enrolled, strangers=strangers, threshold=threshold
            )
            for threshold in (found.threshold, naive)
        )
        # A dozen strangers make a rough measurement: its interval decides.
        held.append(ours.low <= found.strangers.high)
        fixed.append(theirs.low <= promise)
        shares.append(ours.share)
        fixed_shares.append(theirs.share)
    print(
        f"{method}, {people} people, at most {promise:.0%}: {len(held)} draws, held "
        f"{np.mean(held):.3f}, a fixed threshold {np.mean(fixed):.3f}; shares "
        f"{np.mean(shares):.3f} and {np.mean(fixed_shares):.3f}, not above the promise "
        f"{np.mean(np.array(shares) <= promise):.3f} of the draws"
    )
    assert len(held) >= 0.9 * REPETITIONS
    assert np.mean(held) >= 0.95
    assert np.mean(fixed) < 0.75  # the same bar, missed by far even where strangers are few
    assert np.mean(shares) <= promise < np.mean(fixed_shares)
