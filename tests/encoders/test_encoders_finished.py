"""The encoder as it is used: several views of a photo, their mean, whitened."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops

from likeness.encoders import Views, Whitening, convnet, finished
from likeness.encoders.cells import WhitenedReadings, readings
from likeness.encoders.finished import MeanOfViews, joined, readings_of, unweighed
from likeness.errors import SettingError

SHAPE = (16, 12, 1)
pytestmark = pytest.mark.backend


def photos(count: int = 3) -> Any:
    return np.random.default_rng(1).normal(size=(count, *SHAPE)).astype(np.float32)


def embed(encoder: Any, items: Any) -> Any:
    return ops.convert_to_numpy(encoder(items, training=False))


def views_of(items: Any, **settings: Any) -> Any:
    layer = Views(**settings)
    found = ops.convert_to_numpy(layer(items))
    return found.reshape(layer.count, *items.shape)


def moved_slowly(photo: Any, down: int, across: int) -> Any:
    """Every pixel for itself; beyond the edge the nearest pixel of the photo."""
    found = np.empty_like(photo)
    rows, columns = photo.shape[:2]
    for row, column in product(range(rows), range(columns)):
        source = min(max(row - down, 0), rows - 1), min(max(column - across, 0), columns - 1)
        found[row, column] = photo[source]
    return found


class TestViews:
    @pytest.mark.parametrize(
        ("mirrored", "shift", "count"),
        [(False, 0, 1), (True, 0, 2), (False, 3, 5), (True, 2, 10)],
    )
    def test_how_many_and_the_photo_itself_comes_first(
        self, mirrored: bool, shift: int, count: int
    ) -> None:
        assert Views(mirrored=mirrored, shift=shift).count == count
        views = views_of(photos(), mirrored=mirrored, shift=shift)
        assert len(views) == count
        np.testing.assert_array_equal(views[0], photos())

    @pytest.mark.parametrize("shift", [1, 2, 20])
    def test_moved_by_whole_pixels_with_the_edge_repeated(self, shift: int) -> None:
        items = photos(2)
        views = views_of(items, mirrored=False, shift=shift)
        corners = product((-shift, shift), repeat=2)
        for view, way in zip(views, [(0, 0), *corners], strict=True):
            expected = [moved_slowly(item, *way) for item in items]
            np.testing.assert_array_equal(view, expected)

    def test_the_second_half_is_the_first_mirrored(self) -> None:
        views = views_of(photos(), mirrored=True, shift=1)
        np.testing.assert_array_equal(views[5:], views[:5, :, :, ::-1])

    def test_a_photo_and_its_mirror_image_have_the_same_views(self) -> None:
        one, other = (
            {view.tobytes() for view in views_of(items, mirrored=True, shift=2)[:, 0]}
            for items in (photos(1), photos(1)[:, :, ::-1].copy())
        )
        assert one == other

    def test_a_shift_below_zero_is_refused(self) -> None:
        with pytest.raises(SettingError, match=r"^shift: expected .*Received: -1"):
            Views(shift=-1)


@pytest.mark.parametrize("views", [1, 2, 5])
def test_mean_of_views_is_the_mean_over_blocks(views: int) -> None:
    embeddings = np.random.default_rng(0).normal(size=(views * 3, 4)).astype(np.float32)
    found = ops.convert_to_numpy(MeanOfViews(views)(embeddings))
    for item in range(3):
        expected = sum(embeddings[view * 3 + item] for view in range(views)) / views
        np.testing.assert_allclose(found[item], expected, rtol=1e-5, atol=1e-6)


def test_layers_come_back_from_their_configuration() -> None:
    views = Views.from_config(Views(mirrored=False, shift=3).get_config())
    assert (views.mirrored, views.shift) == (False, 3)
    assert MeanOfViews.from_config(MeanOfViews(7).get_config()).views == 7
    assert Views(shift=1).compute_output_shape((4, 8, 8, 1)) == (40, 8, 8, 1)
    assert MeanOfViews(10).compute_output_shape((40, 6)) == (4, 6)


class TestWhitening:
    def embeddings(self, count: int = 4000) -> Any:
        rng = np.random.default_rng(2)
        mixing = rng.normal(size=(5, 5)) @ np.diag([10.0, 3.0, 1.0, 0.3, 0.1])
        return rng.normal(size=(count, 5)) @ mixing + rng.normal(size=5)

    def test_without_shrinkage_all_directions_spread_alike(self) -> None:
        embeddings = self.embeddings()
        found = Whitening.fit(embeddings, shrinkage=1e-9)
        moved = (embeddings - found.mean) @ found.matrix
        covariance = moved.T @ moved / len(moved)
        expected = np.trace(np.cov(embeddings.T)) / 5  # the mean variance stays
        np.testing.assert_allclose(covariance, expected * np.eye(5), rtol=1e-2, atol=expected / 100)

    def test_full_shrinkage_takes_off_the_mean_and_nothing_else(self) -> None:
        found = Whitening.fit(self.embeddings(), shrinkage=1.0)
        np.testing.assert_allclose(found.matrix, np.eye(5), atol=1e-9)
        np.testing.assert_allclose(found.mean, self.embeddings().mean(axis=0))

    def test_the_matrix_is_the_inverse_root_of_the_shrunk_covariance(self) -> None:
        embeddings, share = self.embeddings(50), 0.3
        mean = sum(embeddings) / 50
        covariance = sum(np.outer(e - mean, e - mean) for e in embeddings) / 50
        typical = sum(covariance[i, i] for i in range(5)) / 5
        shrunk = (1 - share) * covariance + share * typical * np.eye(5)
        matrix = Whitening.fit(embeddings, shrinkage=share).matrix
        np.testing.assert_allclose(matrix @ matrix @ shrunk, typical * np.eye(5), atol=1e-8)

    @pytest.mark.parametrize("kept", [1, 3, 5, 9])
    def test_the_widest_directions_alone(self, kept: int) -> None:
        """As if the embeddings had first been laid onto them: what is left out is narrow."""
        embeddings = self.embeddings(60)
        found = Whitening.fit(embeddings, shrinkage=0.1, directions=kept)
        every = Whitening.fit(embeddings, shrinkage=0.1)
        assert found.matrix.shape == (5, min(kept, 5))
        # Both forms give the same dot products within the kept directions.
        covariance = np.cov(embeddings.T, bias=True)
        axes = np.linalg.eigh(covariance)[1][:, -kept:]
        onto = (embeddings - found.mean) @ axes @ axes.T
        np.testing.assert_allclose(
            (onto @ found.matrix) @ (onto @ found.matrix).T,
            (onto @ every.matrix) @ (onto @ every.matrix).T,
            rtol=1e-6,
            atol=1e-9,
        )

    @given(
        # Apart by a tenth or not at all: points apart by the guard's 1e-12 have neither length.
        arrays(np.int64, (4, 3), elements=st.integers(-1000, 1000)).map(lambda whole: whole / 10),
        st.floats(1e-6, 1.0),
    )
    def test_always_finite_and_of_unit_length_or_zero(self, points: Any, share: float) -> None:
        found = Whitening.fit(points, shrinkage=share)(points)
        lengths = np.linalg.norm(found, axis=1)
        assert np.isfinite(found).all()
        assert ((abs(lengths - 1) < 1e-3) | (lengths < 1e-3)).all()

    @pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
    def test_shrinkage_out_of_range(self, share: float) -> None:
        with pytest.raises(SettingError, match=r"^shrinkage: expected"):
            Whitening.fit(self.embeddings(9), shrinkage=share)

    def test_it_brings_back_what_lies_in_a_narrow_direction(self) -> None:
        """Wide noise hides the identities; whitened, the nearest is of the same identity."""
        rng = np.random.default_rng(3)
        codes = np.repeat(np.arange(2), 50)
        points = np.stack([rng.normal(0, 10, 100), np.where(codes, 0.1, -0.1)], axis=1)
        points[:, 1] += rng.normal(0, 0.01, 100)
        whitened = Whitening.fit(points, shrinkage=1e-6)(points)

        def nearest_is_alike(embeddings: Any) -> float:
            distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
            np.fill_diagonal(distances, np.inf)
            return float((codes[distances.argmin(axis=1)] == codes).mean())

        assert nearest_is_alike(points) < 0.7
        assert nearest_is_alike(whitened) > 0.95


class TestFinishedReadings:
    SHAPE = (16, 24, 2)

    def built(self) -> Any:
        return readings(self.SHAPE, embedding_size=48, width=2)

    def pictures(self, count: int) -> Any:
        rng = np.random.default_rng(4)
        return rng.normal(size=(count, *self.SHAPE)).astype(np.float32)

    def test_what_is_whitened_is_each_reading_by_itself(self) -> None:
        """Slowly: every reading as a picture of its own, whitened, then weighed."""
        encoder, items = self.built(), self.pictures(12)
        assert readings_of(encoder) == 2
        single = embed(unweighed(encoder), items).reshape(2, 12, 24)
        np.testing.assert_allclose(np.linalg.norm(single, axis=-1), 1, atol=1e-3)
        whitening = [Whitening.fit(one, shrinkage=0.3, directions=5) for one in single]
        found = embed(finished(encoder, mirrored=False, shift=0, whitening=whitening), items)
        weights = (embed(encoder, items).reshape(12, 2, 24) ** 2).sum(axis=-1)
        expected = [
            np.sqrt(weights[:, place, None]) * one(single[place])
            for place, one in enumerate(whitening)
        ]
        np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-4)

    def test_views_are_averaged_after_weighing(self) -> None:
        encoder, items = self.built(), self.pictures(9)
        single = embed(unweighed(encoder), items).reshape(2, 9, 24)
        whitening = [Whitening.fit(one, shrinkage=0.3) for one in single]
        plain = finished(encoder, mirrored=False, shift=0, whitening=whitening)
        found = embed(finished(encoder, mirrored=False, shift=1, whitening=whitening), items)
        views = Views(mirrored=False, shift=1)
        each = embed(plain, ops.convert_to_numpy(views(items))).reshape(views.count, 9, -1)
        mean = each.mean(axis=0)
        expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_an_encoder_without_readings_is_whitened_as_it_is(self) -> None:
        encoder = convnet(SHAPE, embedding_size=6, width=2)
        assert unweighed(encoder) is encoder and readings_of(encoder) == 1

    def test_it_comes_back_from_its_configuration(self) -> None:
        layer = WhitenedReadings(2, 5, name="each")
        again = WhitenedReadings.from_config(layer.get_config())
        assert (again.readings, again.size, again.name, again.trainable) == (2, 5, "each", False)


class TestJoined:
    def test_the_embedding_is_theirs_side_by_side(self) -> None:
        encoders = [convnet(SHAPE, embedding_size=6, width=2, seed=seed) for seed in (0, 1)]
        found = embed(joined(encoders), photos())
        each = [embed(encoder, photos()) for encoder in encoders]
        np.testing.assert_allclose(found, np.concatenate(each, 1) / np.sqrt(2), atol=1e-5)

    def test_a_single_one_stays_as_it_is(self) -> None:
        encoder = convnet(SHAPE, embedding_size=6, width=2)
        assert joined([encoder]) is encoder


class TestFinished:
    def test_an_embedding_of_the_kept_directions_only(self) -> None:
        inner = convnet(SHAPE, embedding_size=6, width=2)
        whitening = Whitening.fit(embed(inner, photos(9)), shrinkage=0.2, directions=2)
        found = embed(finished(inner, mirrored=False, shift=0, whitening=whitening), photos())
        np.testing.assert_allclose(found, whitening(embed(inner, photos())), atol=1e-5)
        assert found.shape == (3, 2)

    def encoder(self) -> Any:
        return convnet(SHAPE, embedding_size=4, width=2)

    def whitening(self) -> Whitening:
        points = np.random.default_rng(4).normal(size=(30, 4)) * [1.0, 2.0, 3.0, 4.0]
        return Whitening.fit(points, shrinkage=0.1)

    def test_nothing_asked_for_nothing_added(self) -> None:
        plain = self.encoder()
        assert finished(plain, mirrored=False, shift=0) is plain

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("shift", [0, 2])
    @pytest.mark.parametrize("white", [False, True])
    def test_mean_then_whitening_then_unit_length(
        self, mirrored: bool, shift: int, white: bool
    ) -> None:
        plain, items = self.encoder(), photos()
        whitening = self.whitening() if white else None
        encoder = finished(plain, mirrored=mirrored, shift=shift, whitening=whitening)
        views = views_of(items, mirrored=mirrored, shift=shift)
        mean = np.mean([embed(plain, view) for view in views], axis=0)
        unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        expected = unit if whitening is None else whitening(mean)
        np.testing.assert_allclose(embed(encoder, items), expected, atol=1e-4)

    def test_a_photo_and_its_mirror_image_are_embedded_as_one(self) -> None:
        encoder = finished(self.encoder(), mirrored=True, shift=2, whitening=self.whitening())
        found = embed(encoder, photos()), embed(encoder, photos()[:, :, ::-1].copy())
        np.testing.assert_allclose(*found, atol=1e-5)

    def test_an_embedding_does_not_depend_on_its_batch(self) -> None:
        encoder = finished(self.encoder(), mirrored=True, shift=1)
        alone = np.concatenate([embed(encoder, photos()[i : i + 1]) for i in range(3)])
        np.testing.assert_allclose(embed(encoder, photos()), alone, atol=1e-5)

    def test_the_weights_are_shared(self) -> None:
        plain = self.encoder()
        encoder = finished(plain, mirrored=True, shift=2)
        plain.set_weights([0.5 * weight for weight in plain.get_weights()])
        for one, other in zip(plain.get_weights(), encoder.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_training_it_further_leaves_the_whitening_alone(self) -> None:
        encoder = finished(self.encoder(), mirrored=True, shift=0, whitening=self.whitening())
        kept = encoder.get_layer("whitening").trainable_variables
        assert kept == []
        assert encoder.trainable_variables
