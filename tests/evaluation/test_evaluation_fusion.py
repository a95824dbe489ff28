"""Fusion of several photos: every formula against what the embeddings themselves say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.energies import ENERGY_NAMES, cosine, energy_by_name, energy_matrix
from likeness.errors import DataError, SettingError
from likeness.evaluation.fusion import FUSIONS, Comparisons, candidates, check_fusion, fuse

SQUARED = ("euclidean", "squared_euclidean")


def embeddings(seed: int, count: int, size: int, scale: float = 1.0):
    return scale * np.random.default_rng(seed).normal(size=(count, size))


def units(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


cases = {
    "seed": st.integers(0, 10**6),
    "photos": st.integers(1, 7),
    "size": st.integers(1, 9),
    "scale": st.sampled_from([1e-3, 1.0, 1e3]),
}


class TestCentroid:
    @pytest.mark.parametrize("energy", SQUARED)
    @settings(max_examples=60, deadline=None)
    @given(**cases)
    def test_is_the_energy_to_the_mean_embedding(self, energy, seed, photos, size, scale) -> None:
        enrolled = embeddings(seed, photos, size, scale)
        probes = embeddings(seed + 1, 5, size, scale)
        found = fuse(
            energy_matrix(energy, probes, enrolled),
            "centroid",
            energy=energy,
            among=energy_matrix(energy, enrolled),
        )
        expected = energy_by_name(energy)(probes, enrolled.mean(axis=0))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * scale)

    @settings(max_examples=60, deadline=None)
    @given(**cases)
    def test_is_the_cosine_to_the_mean_of_unit_embeddings(self, seed, photos, size, scale) -> None:
        enrolled = embeddings(seed, photos, size + 1, scale)
        probes = embeddings(seed + 1, 5, size + 1, scale)
        found = fuse(
            energy_matrix("cosine", probes, enrolled),
            "centroid",
            energy="cosine",
            among=energy_matrix("cosine", enrolled),
        )
        middle = units(enrolled).mean(axis=0)
        np.testing.assert_allclose(found, cosine(units(probes), middle), atol=1e-7)

    @pytest.mark.parametrize("energy", ["cosine", *SQUARED])
    def test_a_probe_in_the_middle_is_at_no_distance_whatever_was_rounded(self, energy) -> None:
        for seed in range(50):
            enrolled = units(embeddings(seed, 3, 64)).astype(np.float32)
            middle = enrolled.astype(np.float64).mean(axis=0)[None]
            found = fuse(
                energy_matrix(energy, middle, enrolled),
                "centroid",
                energy=energy,
                among=energy_matrix(energy, enrolled),
            )
            assert np.isfinite(found).all()
            assert 0 <= found[0] < 1e-5

    def test_equal_photos_are_one_photo(self) -> None:
        photo, probes = embeddings(0, 1, 8), embeddings(1, 4, 8)
        for energy in ("cosine", *SQUARED):
            found = fuse(
                energy_matrix(energy, probes, np.repeat(photo, 3, axis=0)),
                "centroid",
                energy=energy,
                among=energy_matrix(energy, np.repeat(photo, 3, axis=0)),
            )
            np.testing.assert_allclose(found, energy_matrix(energy, probes, photo)[:, 0])

    def test_opposite_photos_have_a_middle_without_a_direction(self) -> None:
        enrolled = np.array([[1.0, 0.0], [-1.0, 0.0]])
        found = fuse(
            energy_matrix("cosine", np.array([[0.6, 0.8]]), enrolled),
            "centroid",
            energy="cosine",
            among=energy_matrix("cosine", enrolled),
        )
        assert found == pytest.approx([1.0])

    def test_there_is_none_for_the_manhattan_distance(self) -> None:
        with pytest.raises(
            SettingError, match=r"cosine, euclidean, squared_euclidean energies. Received: 'manh"
        ):
            fuse(np.ones((2, 3)), "centroid", energy="manhattan", among=np.ones((3, 3)))
        others = [name for name in ENERGY_NAMES if name != "manhattan"]
        assert [n for n in ENERGY_NAMES if "centroid" in candidates(n, 2)] == others

    def test_it_asks_for_the_energy_and_for_the_energies_among_the_photos(self) -> None:
        with pytest.raises(SettingError, match="energy: the centroid needs the name"):
            fuse(np.ones((2, 3)), "centroid", among=np.ones((3, 3)))
        for among in (None, np.ones((2, 2)), np.ones(3)):
            with pytest.raises(DataError, match=r"among: for the centroid, .* shape \(3, 3\)"):
                fuse(np.ones((2, 3)), "centroid", energy="euclidean", among=among)


class TestNearest:
    @settings(max_examples=60, deadline=None)
    @given(seed=st.integers(0, 10**6), photos=st.integers(1, 6), nearest=st.integers(2, 8))
    def test_top_is_the_mean_of_the_smallest(self, seed, photos, nearest) -> None:
        energies = np.random.default_rng(seed).gamma(2.0, size=(4, photos))
        found = fuse(energies, f"top{nearest}")
        slow = [np.mean(sorted(row)[:nearest]) for row in energies.tolist()]
        np.testing.assert_allclose(found, slow)
        assert (fuse(energies, "min") <= found + 1e-12).all()
        assert (found <= fuse(energies, "mean") + 1e-12).all()

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 10**6), fusion=st.sampled_from(FUSIONS))
    def test_the_order_of_the_photos_does_not_matter(self, seed, fusion) -> None:
        rng = np.random.default_rng(seed)
        enrolled, probes, order = (
            embeddings(seed, 5, 4),
            embeddings(seed + 1, 3, 4),
            rng.permutation(5),
        )
        one, other = (
            fuse(
                energy_matrix("euclidean", probes, photos),
                fusion,
                energy="euclidean",
                among=energy_matrix("euclidean", photos),
            )
            for photos in (enrolled, enrolled[order])
        )
        np.testing.assert_allclose(one, other, rtol=1e-9)

    @pytest.mark.parametrize("energy", ["cosine", *SQUARED])
    @pytest.mark.parametrize("fusion", FUSIONS)
    def test_many_people_at_once_are_each_person_alone(self, energy, fusion) -> None:
        people, photos = 4, 3
        enrolled, probes = embeddings(3, people * photos, 5), embeddings(4, 6, 5)
        among = energy_matrix(energy, enrolled)
        blocks = np.stack([among[i : i + 3, i : i + 3] for i in range(0, 12, 3)])
        energies = energy_matrix(energy, probes, enrolled)
        together = fuse(energies.reshape(6, people, photos), fusion, energy=energy, among=blocks)
        for person in range(people):
            alone = fuse(
                energies[:, 3 * person : 3 * person + 3],
                fusion,
                energy=energy,
                among=blocks[person],
            )
            np.testing.assert_array_equal(together[:, person], alone)

    @pytest.mark.parametrize("energies", [np.empty((3, 0)), np.float64(1.0)])
    def test_no_photo_is_refused(self, energies) -> None:
        with pytest.raises(DataError, match=r"energies: expected shape \(\.\.\., K\)"):
            fuse(energies, "min")


@pytest.mark.parametrize(
    "name", ["max", "top", "top1", "top0", "topx", "top2 ", "", "Min", "top100"]
)
def test_unknown_fusions_are_refused(name) -> None:
    with pytest.raises(SettingError, match="fusion: expected min, mean, centroid, or top2"):
        check_fusion(name)


def test_unknown_energies_are_refused() -> None:
    with pytest.raises(SettingError, match="energy: expected one of"):
        check_fusion("min", energy="hamming")


class TestComparisons:
    @pytest.mark.parametrize("energy", ["cosine", *SQUARED])
    @pytest.mark.parametrize("fusion", [*FUSIONS, "top3"])
    def test_like_a_slow_loop_over_embeddings(self, energy, fusion) -> None:
        points, codes = embeddings(5, 21, 4), np.repeat([0, 1, 3], 7)
        found = Comparisons.with_people(
            energy_matrix(energy, points), codes, photos_each=3, fusion=fusion, energy=energy
        )
        formula = energy_by_name(energy)
        genuine, impostor = [], []
        for person in (0, 1, 3):
            own = [i for i in range(21) if codes[i] == person]
            for enrolled in (own[:3], own[3:6]):
                for probe in range(21):
                    if probe in enrolled:
                        continue
                    each = sorted(float(formula(points[probe], points[i])) for i in enrolled)
                    photos = units(points[enrolled]) if energy == "cosine" else points[enrolled]
                    expected = {
                        "min": each[0],
                        "mean": sum(each) / 3,
                        "top2": (each[0] + each[1]) / 2,
                        "top3": sum(each) / 3,
                        "centroid": float(formula(points[probe], photos.mean(axis=0))),
                    }[fusion]
                    (genuine if codes[probe] == person else impostor).append(expected)
        np.testing.assert_allclose(found.genuine, genuine, rtol=1e-9)
        np.testing.assert_allclose(found.impostor, impostor, rtol=1e-9)

    @pytest.mark.parametrize("fusion", FUSIONS)
    def test_blocks_change_nothing(self, fusion, monkeypatch) -> None:
        matrix, codes = energy_matrix("euclidean", embeddings(5, 20, 4)), np.repeat(np.arange(4), 5)
        options = {"photos_each": 2, "fusion": fusion, "energy": "euclidean"}
        whole = Comparisons.with_people(matrix, codes, **options)
        monkeypatch.setattr("likeness.evaluation.fusion.BLOCK", 1)
        parts = Comparisons.with_people(matrix, codes, **options)
        np.testing.assert_array_equal(whole.genuine, parts.genuine)
        np.testing.assert_array_equal(whole.impostor_people, parts.impostor_people)

    def test_the_centroid_needs_the_energys_name(self) -> None:
        matrix, codes = energy_matrix("euclidean", embeddings(5, 20, 4)), np.repeat(np.arange(4), 5)
        with pytest.raises(SettingError, match="energy: the centroid needs the name"):
            Comparisons.with_people(matrix, codes, photos_each=2, fusion="centroid")
        with pytest.raises(SettingError, match=r"Received: 'manhattan'\. Use min, mean or top2"):
            Comparisons.with_people(matrix, codes, fusion="centroid", energy="manhattan")
