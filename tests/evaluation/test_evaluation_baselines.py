"""Raw pixels and Fisherfaces: what they compute and whom they were fitted on."""

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from likeness.datasets import Dataset, drawn_faces, split_by_identity
from likeness.energies import energy_matrix
from likeness.errors import DataError, MissingExtraError, SettingError, TooFewError
from likeness.evaluation import (
    BASELINES,
    PairEnergies,
    choose_threshold,
    cross_fitted_threshold,
    evaluate_unseen,
)

raw_pixels, fisherfaces = BASELINES["raw_pixels"], BASELINES["fisherfaces"]


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=12, photos_each=4, size=(28, 23), seed=1)


def with_items(items: np.ndarray, identities: str) -> Dataset:
    return Dataset(items, list(identities))


class TestRawPixels:
    def test_is_the_photo_itself(self, people: Dataset) -> None:
        embedder = raw_pixels(people)
        embeddings = embedder.embed(people.items)
        assert embeddings.shape == (48, 28 * 23)
        assert embeddings.dtype == np.float32
        np.testing.assert_allclose(embeddings[3] * 255, people.items[3].ravel(), atol=1e-4)
        i, j = (people.items[k].astype(float).ravel() / 255 for k in (0, 7))
        matrix = energy_matrix(embedder.energy, embeddings)
        assert matrix[0, 7] == pytest.approx(np.sqrt(np.sum((i - j) ** 2)), rel=1e-5)

    def test_refuses_what_is_no_photo(self, people: Dataset) -> None:
        with pytest.raises(DataError, match="expected uint8 of shape"):
            raw_pixels(people).embed(people.items[0])


class TestFisherfaces:
    def test_is_scikit_learns_pca_and_lda(self, people: Dataset) -> None:
        """Up to the sign and turn of axes, which no energy sees."""
        pixels = people.items.reshape(48, -1) / 255
        pca = PCA(47, svd_solver="full").fit(pixels)
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
        expected = lda.fit(pca.transform(pixels), people.codes).transform(pca.transform(pixels))
        embedder = fisherfaces(people)
        found = embedder.embed(people.items)
        assert embedder.energy == "cosine"
        assert found.shape == (48, 11)
        np.testing.assert_allclose(
            energy_matrix("cosine", found), energy_matrix("cosine", expected), atol=1e-3
        )

    def test_more_photos_than_pixels_give_the_same_kind_of_answer(self) -> None:
        rng = np.random.default_rng(0)
        centres = rng.integers(40, 200, (5, 4, 3, 1))
        codes = np.repeat(np.arange(5), 8)
        items = (centres[codes] + rng.normal(0, 8, (40, 4, 3, 1))).astype(np.uint8)
        data = with_items(items, "".join("abcde"[c] for c in codes))
        pixels = items.reshape(40, -1) / 255
        pca = PCA(12, svd_solver="full").fit(pixels)
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
        expected = lda.fit(pca.transform(pixels), codes).transform(pca.transform(pixels))
        found = fisherfaces(data).embed(items)
        np.testing.assert_allclose(
            energy_matrix("cosine", found), energy_matrix("cosine", expected), atol=1e-3
        )

    def test_keeps_the_150_strongest_components(self) -> None:
        data = drawn_faces(identities=20, photos_each=8, size=(20, 16), seed=0)
        found = fisherfaces(data)
        assert found.axes.shape == (320, 150)
        pixels = data.items.reshape(160, -1) / 255
        kept = ((pixels - found.mean) @ found.axes).var(axis=0, ddof=1)
        expected = PCA(150, svd_solver="full").fit(pixels).explained_variance_
        np.testing.assert_allclose(kept, expected, rtol=1e-4)
        few = data.of(data.distinct[:3])
        assert fisherfaces(few).axes.shape == (320, 23)

    def test_a_photo_is_embedded_the_same_alone_and_in_company(self, people: Dataset) -> None:
        embedder = fisherfaces(people)
        together = embedder.embed(people.items)
        np.testing.assert_allclose(embedder.embed(people.items[5:6]), together[5:6], atol=1e-4)

    @pytest.mark.parametrize("photos", [2, 3, 5])
    def test_learns_from_few_photos_each(self, photos: int) -> None:
        data = drawn_faces(identities=14, photos_each=photos, size=(28, 23), seed=2)
        rest, held = split_by_identity(data, held_out=0.3, seed=0)
        figures = evaluate_unseen(fisherfaces(rest), held, threshold=None).figures
        assert figures["auc"] > 0.6
        assert np.isfinite(fisherfaces(rest).embed(held.items)).all()

    def test_two_photos_each_that_all_differ_in_the_same_way(self) -> None:
        """No shrinkage is seen in such photos, alone or pooled; some is needed."""
        greys = np.array([10, 30, 60, 80, 110, 150])[:, None, None, None]
        items = (
            greys + np.arange(16).reshape(1, 4, 4, 1) * np.array([1, 2] * 3)[:, None, None, None]
        )
        embedder = fisherfaces(with_items(items.astype(np.uint8), "aabbcc"))
        assert np.isfinite(embedder.embed(items.astype(np.uint8))).all()

    def test_copies_and_single_photos_are_left_out(self, people: Dataset) -> None:
        usual = people.of(people.distinct[:6])
        single = people.of(people.distinct[6:8]).take([0, 4])
        twice = [*range(len(usual)), 0, 5, 5]
        more = Dataset(
            np.concatenate([usual.items[twice], single.items]),
            [*(usual.identities[i] for i in twice), *single.identities],
        )
        np.testing.assert_allclose(
            fisherfaces(more).embed(people.items), fisherfaces(usual).embed(people.items)
        )

    def test_photos_that_do_not_differ_teach_nothing(self) -> None:
        copies = with_items(np.full((6, 4, 4, 1), 7, np.uint8), "aabbcc")
        with pytest.raises(
            TooFewError, match="6 photos of 3 people, 0 of them with two different ones"
        ):
            fisherfaces(copies)

    def test_one_person(self, people: Dataset) -> None:
        with pytest.raises(TooFewError, match="Fisherfaces need two people with two different"):
            fisherfaces(people.of(people.distinct[:1]))

    def test_photos_of_another_size(self, people: Dataset) -> None:
        with pytest.raises(
            DataError, match=r"expected photos of 644 pixels, as in training\. Received: uint8 of"
        ):
            fisherfaces(people).embed(np.zeros((1, 9, 9, 1), np.uint8))

    def test_without_scikit_learn(self, people: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sklearn.discriminant_analysis", None)
        with pytest.raises(MissingExtraError, match=r'pip install "siamese-likeness\[learn\]"'):
            fisherfaces(people)


class TestCrossFittedThreshold:
    def test_of_raw_pixels_is_the_best_on_all_folds_together(self, people: Dataset) -> None:
        """Raw pixels learn nothing, so who is held out shows in the pairs alone."""
        genuine, impostor = [], []
        for fold in range(3):
            held = people.of(people.distinct[fold::3])
            pairs = PairEnergies.of_embeddings(
                raw_pixels(held).embed(held.items), held.codes, energy="euclidean"
            )
            genuine.extend(pairs.genuine)
            impostor.extend(pairs.impostor)
        assert cross_fitted_threshold(raw_pixels, people) == choose_threshold(genuine, impostor)

    def test_nobody_is_measured_by_what_was_fitted_on_them(self, people: Dataset) -> None:
        fitted, measured = [], []

        class Spy:
            energy = "euclidean"

            def embed(self, images: np.ndarray) -> np.ndarray:
                names = {
                    i.tobytes(): who for i, who in zip(people.items, people.identities, strict=True)
                }
                measured.append({names[image.tobytes()] for image in images})
                return raw_pixels(people).embed(images)

        def fit(train: Dataset) -> Spy:
            fitted.append(set(train.distinct))
            return Spy()

        assert cross_fitted_threshold(fit, people, folds=4) is not None
        assert len(fitted) == 4
        for learned, tested in zip(fitted, measured, strict=True):
            assert not learned & tested
        assert set().union(*measured) == set(people.distinct)

    def test_the_seed_deals_people_to_folds(self, people: Dataset) -> None:
        one, again, other, dealt = (
            cross_fitted_threshold(fisherfaces, people, partition_seed=seed)
            for seed in (1, 1, 2, None)
        )
        assert one == again
        assert len({one, other, dealt}) == 3

    def test_fewer_folds_for_few_people_and_none_for_fewer(self, people: Dataset) -> None:
        for count in (4, 5):
            some = people.of(people.distinct[:count])
            assert cross_fitted_threshold(fisherfaces, some) is not None
        assert cross_fitted_threshold(raw_pixels, people.of(people.distinct[:3])) is None

    def test_people_with_single_photos_do_not_stop_it(self, people: Dataset) -> None:
        """Dealt one after the other, they would be all that a fold leaves to learn from."""
        kept = [i for i in range(len(people)) if people.codes[i] % 2 == 0 or i % 4 == 0]
        assert cross_fitted_threshold(fisherfaces, people.take(kept), folds=2) is not None

    def test_one_fold_is_none(self, people: Dataset) -> None:
        with pytest.raises(SettingError, match="folds: expected a whole number from 2"):
            cross_fitted_threshold(raw_pixels, people, folds=1)
