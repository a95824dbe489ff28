"""Energies of a gallery, wrong names and look-alikes: slow loops, and planted faults."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.energies import energy_matrix
from likeness.errors import DataError
from likeness.evaluation.gallery_energies import GalleryEnergies

THRESHOLD = 0.9


def gallery(centres, counts, *, spread=0.2, seed=0):
    """Photos around their people's centres."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(counts)), counts)
    points = np.asarray(centres, float)[codes]
    points = points + spread / np.sqrt(points.shape[1]) * rng.normal(size=points.shape)
    return points.astype(np.float32), codes


def energies_of(points, codes):
    return GalleryEnergies(matrix=energy_matrix("euclidean", points), codes=np.asarray(codes))


def clean(people=10, counts=(3,), seed=0, **options):
    """People a distance of about 2 apart, photos of one about 0.28 apart."""
    centres = np.eye(people) * np.sqrt(2)
    each = [counts[i % len(counts)] for i in range(people)]
    return gallery(centres, each, seed=seed, **options)


galleries = st.builds(
    lambda counts, seed: gallery(
        np.random.default_rng(seed).normal(size=(len(counts), 3)), counts, spread=1.0, seed=seed
    ),
    st.lists(st.integers(1, 4), min_size=2, max_size=5),
    st.integers(0, 1000),
)


class TestGalleryEnergies:
    @given(made=galleries)
    @settings(max_examples=40, deadline=None)
    def test_every_view_is_that_of_a_slow_loop(self, made) -> None:
        points, codes = made
        order = np.random.default_rng(1).permutation(len(codes))
        found = energies_of(points[order], codes[order])
        matrix, codes = found.matrix, found.codes
        for photo in range(len(codes)):
            for person in range(found.people):
                others = sorted(
                    matrix[photo, other]
                    for other in range(len(codes))
                    if codes[other] == person and other != photo
                )
                nearest = others[0] if others else np.inf
                typical = others[(len(others) - 1) // 2] if others else np.inf
                assert found.nearest[photo, person] == nearest
                assert found.typical[photo, person] == typical
            strangers = [matrix[photo, j] for j in range(len(codes)) if codes[j] != codes[photo]]
            assert found.impostor[photo] == min(strangers)
            closest = found.nearest_stranger[photo]
            assert codes[closest] != codes[photo]
            assert matrix[photo, closest] == min(strangers)
            assert found.own[photo] == found.nearest[photo, codes[photo]]
            assert found.typical_own[photo] == found.typical[photo, codes[photo]]
            assert found.typical_impostor[photo] == min(
                found.typical[photo, person]
                for person in range(found.people)
                if person != codes[photo]
            )

    @given(made=galleries)
    @settings(max_examples=40, deadline=None)
    def test_between_people_is_the_middle_of_their_comparisons(self, made) -> None:
        found = energies_of(*made)
        for left in range(found.people):
            for right in range(found.people):
                pairs = sorted(
                    found.matrix[i, j]
                    for i in np.flatnonzero(found.codes == left)
                    for j in np.flatnonzero(found.codes == right)
                    if left != right or i < j
                )
                middle = pairs[(len(pairs) - 1) // 2] if pairs else np.inf
                assert found.between[left, right] == middle
        assert np.array_equal(found.between, found.between.T)

    def test_taking_photos_is_as_if_there_were_no_others(self) -> None:
        points, codes = clean(4)
        keep = np.array([0, 2, 3, 7, 11])
        taken = energies_of(points, codes).take(keep)
        assert np.array_equal(taken.matrix, energies_of(points[keep], codes[keep]).matrix)
        assert taken.counts.tolist() == [2, 1, 1, 1]

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(DataError, match=r"matrix: expected shape \(n, n\)"):
            GalleryEnergies(matrix=np.zeros((2, 3)), codes=np.array([0, 1]))
        with pytest.raises(DataError, match="matrix: expected finite energies"):
            GalleryEnergies(matrix=np.full((2, 2), np.nan), codes=np.array([0, 1]))
        for codes in ([0, 2], [1, 1], []):
            with pytest.raises(DataError, match="codes: expected 0…people−1"):
                GalleryEnergies(
                    matrix=np.zeros((len(codes), len(codes))), codes=np.array(codes, np.int64)
                )


class TestMisplaced:
    @pytest.mark.parametrize("threshold", [None, THRESHOLD])
    @pytest.mark.parametrize("counts", [(1,), (2,), (3,), (1, 2, 5)])
    def test_nothing_in_clean_galleries(self, threshold, counts) -> None:
        for seed in range(10):
            found = energies_of(*clean(counts=counts, seed=seed)).misplaced_photos(
                threshold=threshold
            )
            assert found == []

    @pytest.mark.parametrize("threshold", [None, THRESHOLD])
    @pytest.mark.parametrize("count", [2, 3, 6])
    def test_a_photo_under_another_name_is_found_and_only_it(self, threshold, count) -> None:
        points, codes = clean(counts=(count, 3))
        codes = codes.copy()
        moved = int(np.flatnonzero(codes == 1)[0])
        codes[moved] = 4  # somebody with ``count`` photos of their own
        (found,) = energies_of(points, codes).misplaced_photos(threshold=threshold)
        assert found.photo == moved
        assert found.kind == "another person"
        assert codes[found.closest] == 1
        assert found.other_energy < 0.6 < found.own_energy

    def test_of_two_photos_only_the_wrong_one_is_named(self) -> None:
        points, codes = clean(counts=(2,))
        codes = codes.copy()
        codes[0] = 5  # person 0 keeps one photo, person 5 has a stranger's
        found = energies_of(points, codes).misplaced_photos(threshold=THRESHOLD)
        assert [one.photo for one in found] == [0]

    def test_two_wrong_photos_of_one_person_are_both_found(self) -> None:
        points, codes = clean(counts=(6,))
        codes = codes.copy()
        codes[[0, 7]] = 9
        found = energies_of(points, codes).misplaced_photos(threshold=THRESHOLD)
        assert [one.photo for one in found] == [0, 7]

    def test_a_strangers_photo_is_unlike_the_rest(self) -> None:
        points, codes = clean(people=10, counts=(3,))
        points = points.copy()
        points[4] = 5.0  # far from everybody
        (found,) = energies_of(points, codes).misplaced_photos(threshold=THRESHOLD)
        assert (found.photo, found.kind) == (4, "unlike the rest")
        # Without a threshold nothing is too far: it is closest to somebody, by chance.
        (found,) = energies_of(points, codes).misplaced_photos(threshold=None)
        assert (found.photo, found.kind) == (4, "another person")

    def test_single_photos_are_not_judged(self) -> None:
        points, codes = clean(counts=(1,), spread=3.0)
        assert energies_of(points, codes).misplaced_photos(threshold=0.1) == []


class TestLookAlikes:
    @pytest.mark.parametrize("counts", [(1,), (3,), (1, 2, 5)])
    def test_nobody_is_flagged_in_clean_galleries(self, counts) -> None:
        for seed in range(10):
            pairs = energies_of(*clean(counts=counts, seed=seed)).look_alikes(threshold=THRESHOLD)
            assert len(pairs) == 10
            assert not any(pair.flagged or pair.one_person for pair in pairs)

    def test_two_planted_look_alikes_come_first(self) -> None:
        centres = np.eye(10) * np.sqrt(2)
        centres[7] = centres[2]
        centres[7, 0] += 0.7
        points, codes = gallery(centres, [3] * 10)
        energies = energies_of(points, codes)
        first, second, *_ = energies.look_alikes(threshold=THRESHOLD)
        assert (first.left, first.right, first.flagged) == (2, 7, True)
        assert not first.one_person
        assert not second.flagged
        block = energies.matrix[6:9, 21:24]
        assert first.energy == np.sort(block.ravel())[4]
        assert first.closest == block.min()
        assert energies.matrix[first.left_photo, first.right_photo] == block.min()
        assert first.accepted == (block <= THRESHOLD).mean()

    def test_without_a_threshold_they_are_ranked_and_none_is_flagged(self) -> None:
        pairs = energies_of(*clean()).look_alikes(threshold=None, at_least=5)
        assert [pair.energy for pair in pairs] == sorted(pair.energy for pair in pairs)
        assert len(pairs) == 5
        assert not any(pair.flagged for pair in pairs)
        assert [pair.accepted for pair in pairs] == [None] * 5

    def test_flagged_means_half_of_the_comparisons_are_accepted(self) -> None:
        points, codes = gallery(np.eye(8), [1, 2, 3, 4, 1, 2, 3, 4], spread=1.2)
        for threshold in (1.2, 1.6, 2.0):
            for pair in energies_of(points, codes).look_alikes(threshold=threshold, at_least=99):
                assert pair.flagged == (pair.accepted >= 0.5)

    @pytest.mark.parametrize("threshold", [None, THRESHOLD])
    def test_one_person_under_two_names(self, threshold) -> None:
        points, codes = clean(counts=(6,))
        codes = codes.copy()
        codes[[0, 1, 2]] = 10
        first, *rest = energies_of(points, codes).look_alikes(threshold=threshold)
        assert (first.left, first.right, first.one_person) == (0, 10, True)
        assert not any(pair.one_person for pair in rest)

    def test_from_few_people_nobody_is_said_to_be_one(self) -> None:
        points, codes = clean(people=3, counts=(6,))
        codes = codes.copy()
        codes[[0, 1, 2]] = 3
        first, *_ = energies_of(points, codes).look_alikes(threshold=THRESHOLD)
        assert (first.left, first.right) == (0, 3)
        assert first.flagged
        assert not first.one_person
