"""Predicted risks: the weights against all choices, the prediction against what happens."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.energies import energy_matrix
from likeness.evaluation.doctor import (
    GALLERY_WEIGHT,
    GalleryEnergies,
    PersonRisk,
    _chance_of_being_nearest,
)


def made_up(people, counts, *, spread, seed, size=24):
    """Photos and ten later probes of people whose photos vary more or less."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, size))
    spreads = spread * rng.uniform(0.6, 1.5, people)
    codes = np.repeat(np.arange(people), [counts[i % len(counts)] for i in range(people)])
    probe_codes = np.repeat(np.arange(people), 10)
    return (
        *(
            (centres[c] + spreads[c, None] * rng.normal(size=(len(c), size))).astype(np.float32)
            for c in (codes, probe_codes)
        ),
        codes,
        probe_codes,
    )


def risks_of(points, codes, threshold=None):
    energies = GalleryEnergies(matrix=energy_matrix("euclidean", points), codes=codes)
    return PersonRisk.of_everybody(energies, threshold=threshold)


@given(others=st.integers(1, 7), chosen=st.integers(1, 7))
def test_the_chance_of_being_nearest_is_that_over_all_choices(others, chosen) -> None:
    if chosen > others:
        return
    choices = list(combinations(range(others), chosen))
    want = [sum(min(choice) == i for choice in choices) / len(choices) for i in range(others)]
    assert _chance_of_being_nearest(others, chosen) == pytest.approx(want)


def slow_error(matrix, codes, person, threshold):
    """The same figure, over every choice of enrolled photos, one by one."""
    photos = {p: np.flatnonzero(codes == p) for p in np.unique(codes)}

    def reached(limit, photos_each):
        """P(G_k ≥ limit): people, their photos and the choices of k others all weigh the same."""
        per_person = []
        for own in photos.values():
            if len(own) <= photos_each:
                continue
            found = [
                min(matrix[i, j] for j in choice) >= limit
                for i in own
                for choice in combinations([j for j in own if j != i], photos_each)
            ]
            per_person.append(np.mean(found))
        return np.mean(per_person)

    own = photos[person]
    impostor = [
        min(matrix[i, j] for j in range(len(codes)) if codes[j] != codes[i])
        for i in range(len(codes))
    ]
    most = max(k for k in range(1, 9) if sum(len(mine) > k for mine in photos.values()) >= 5)

    def gallery(k):
        k = min(k, most)
        limits = [min(m, np.nextafter(threshold, np.inf)) for m in impostor]
        rates = [reached(limit, k) for limit in limits]
        mine = [rates[i] for i in own]
        return (sum(mine) + GALLERY_WEIGHT * np.mean(rates)) / (len(mine) + GALLERY_WEIGHT)

    count = len(own)
    if count == 1:
        error = gallery(1)
    else:
        failed = 0
        for i in own:
            genuine = min(matrix[i, j] for j in own if j != i)
            failed += genuine >= impostor[i] or genuine > threshold
        before = gallery(count - 1)
        ratio = min(1, gallery(count) / before) if before else 1
        error = (GALLERY_WEIGHT * gallery(count) + failed * ratio) / (GALLERY_WEIGHT + count)
    step = min(count, most - 1)
    before = gallery(step)
    return error, error * (1 - (min(1, gallery(step + 1) / before) if before else 1))


@pytest.mark.parametrize("threshold", [2.5, 4.0, 100.0])
def test_error_and_gain_are_those_of_a_slow_loop(threshold) -> None:
    points, _, codes, _ = made_up(9, (1, 2, 3, 4), spread=1.0, seed=4, size=4)
    # Another two with many photos, so that three others can be chosen from.
    more, _, more_codes, _ = made_up(4, (4,), spread=1.0, seed=5, size=4)
    points, codes = np.concatenate([points, more]), np.concatenate([codes, more_codes + 9])
    matrix = energy_matrix("euclidean", points)
    for risk in risks_of(points, codes, threshold=threshold):
        error, gain = slow_error(matrix, codes, risk.person, threshold)
        assert risk.error == pytest.approx(error)
        assert risk.gain == pytest.approx(gain)


@pytest.mark.parametrize("spread", [0.45, 0.55])
def test_predicted_errors_are_those_that_happen(spread) -> None:
    predicted, happened = [], []
    for seed in range(4):
        points, probes, codes, probe_codes = made_up(120, (1, 2, 3, 5), spread=spread, seed=seed)
        risks = risks_of(points, codes)
        nearest = energy_matrix("euclidean", probes, points).argmin(axis=1)
        wrong = np.bincount(probe_codes, codes[nearest] != probe_codes) / 10
        predicted.append([risk.error for risk in sorted(risks, key=lambda risk: risk.person)])
        happened.append(wrong)
    assert np.mean(happened) > 0.01  # so that there is something to predict
    assert np.mean(predicted) == pytest.approx(np.mean(happened), rel=0.35)
    # The half predicted to be worse is worse.
    worse = np.ravel(predicted) > np.median(predicted)
    assert np.ravel(happened)[worse].mean() > 2 * np.ravel(happened)[~worse].mean()


def errors_after(made, asked):
    """The share of later probes that go wrong once these people gave their first one."""
    points, probes, codes, probe_codes = made
    first = np.arange(len(probe_codes)) % 10 == 0
    added = np.flatnonzero(first & np.isin(probe_codes, asked))
    enrolled = np.concatenate([points, probes[added]])
    nearest = energy_matrix("euclidean", probes[~first], enrolled).argmin(axis=1)
    return (np.concatenate([codes, probe_codes[added]])[nearest] != probe_codes[~first]).mean()


def test_asking_in_order_gains_more_than_asking_anybody() -> None:
    gains = []
    for seed in range(4):
        made = made_up(120, (1, 2, 3, 5), spread=0.5, seed=seed)
        asked = [risk.person for risk in risks_of(made[0], made[2])][:15]
        anybody = np.random.default_rng(seed).permutation(120)[:15]
        before = errors_after(made, [])
        gains.append([before - errors_after(made, order) for order in (asked, anybody)])
    asked_gain, anybody_gain = np.mean(gains, axis=0)
    assert asked_gain > 1.3 * anybody_gain


def test_the_order_is_that_of_the_gain() -> None:
    points, _, codes, _ = made_up(30, (1, 2, 3, 5), spread=1.0, seed=2)
    gains = [risk.gain for risk in risks_of(points, codes)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0


def test_confusion_is_a_part_of_the_error() -> None:
    points, _, codes, _ = made_up(30, (1, 2, 3), spread=0.9, seed=2)
    for threshold in (None, 3.0, 6.0):
        for risk in risks_of(points, codes, threshold=threshold):
            assert 0 <= risk.confusion <= risk.error <= 1
            assert threshold is not None or risk.confusion == risk.error
            assert 0 <= risk.gain <= risk.error


def test_a_threshold_that_accepts_nothing_fails_everybody() -> None:
    points, _, codes, _ = made_up(30, (2, 3), spread=0.5, seed=1)
    for risk in risks_of(points, codes, threshold=0.0):
        assert (risk.confusion, risk.error) == (0, 1)


def test_who_has_photos_of_others_near_is_at_risk() -> None:
    points, _, codes, _ = made_up(30, (3,), spread=0.2, seed=1)
    points = points.copy()
    points[codes == 4] = points[codes == 9] + 0.05
    ordered = risks_of(points, codes)
    assert {risk.person for risk in ordered[:2]} == {4, 9}
    assert {risk.nearest for risk in ordered[:2]} == {4, 9}


def test_without_second_photos_only_the_nearest_other_is_known() -> None:
    points, _, codes, _ = made_up(12, (1,), spread=0.5, seed=1)
    risks = risks_of(points, codes)
    assert {(risk.confusion, risk.error, risk.gain) for risk in risks} == {(None, None, None)}
    energies = [risk.nearest_energy for risk in risks]
    assert energies == sorted(energies)


def test_with_two_photos_each_there_is_a_risk_but_no_gain() -> None:
    points, _, codes, _ = made_up(12, (2,), spread=1.0, seed=1)
    risks = risks_of(points, codes)
    assert all(risk.gain is None for risk in risks)
    errors = [risk.error for risk in risks]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0
