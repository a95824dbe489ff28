"""The distortions: none at inference, repeatable, each photo its own, none at strength 0."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from likeness.errors import SettingError
from likeness.training.augmentation import (
    ARROW_LENGTH,
    Augmentation,
    ElasticDistortion,
    _sampled,
)

pytestmark = pytest.mark.backend


def photos(count: int = 6) -> Any:
    """The same prepared photo several times, rows ≠ columns."""
    photo = np.random.default_rng(1).normal(size=(1, 14, 18, 1)).astype(np.float32)
    return np.repeat(photo, count, axis=0)


def distort(layer: Augmentation, items: Any) -> Any:
    return ops.convert_to_numpy(layer(items, training=True))


def one_kind(kind: str, strength: float = 1.0, *, seed: int = 0) -> Augmentation:
    return Augmentation(
        **{"geometry": 0.0, "brightness_contrast": 0.0, "erasing": 0.0} | {kind: strength},
        seed=seed,
    )


@pytest.mark.parametrize("training", [False, None])
def test_photos_stay_as_they_are_outside_training(training: bool | None) -> None:
    found = ops.convert_to_numpy(Augmentation()(photos(), training=training))
    np.testing.assert_array_equal(found, photos())


def test_nothing_happens_at_strength_zero() -> None:
    np.testing.assert_array_equal(distort(Augmentation(0.0, 0.0, 0.0), photos()), photos())


def test_the_seed_decides_the_distortions() -> None:
    first, same, other = (distort(Augmentation(seed=seed), photos()) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


def test_every_call_distorts_afresh() -> None:
    layer = Augmentation(seed=4)
    assert not np.allclose(distort(layer, photos()), distort(layer, photos()))


@pytest.mark.parametrize("kind", ["geometry", "brightness_contrast", "erasing"])
def test_shape_and_type_stay_and_each_photo_is_distorted_in_its_own_way(kind: str) -> None:
    found = distort(one_kind(kind), photos())
    assert found.shape == photos().shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    for one in range(len(found)):
        assert not np.allclose(found[one], photos()[one])
        for other in range(one):
            assert not np.allclose(found[one], found[other])


def test_moving_invents_no_grey() -> None:
    """Bilinear between pixels, the nearest one outside: never beyond the photo's own range."""
    found = distort(one_kind("geometry", 5.0), photos())
    assert found.min() >= photos().min() - 1e-4
    assert found.max() <= photos().max() + 1e-4


def test_moving_leaves_one_colour_as_it_is() -> None:
    plain = np.full((4, 14, 18, 1), 0.7, np.float32)
    np.testing.assert_allclose(distort(one_kind("geometry"), plain), plain, atol=1e-5)


def test_moving_is_about_the_middle() -> None:
    """The middle of a bright spot moves by at most the shift: it is not thrown out."""
    spot = np.zeros((40, 15, 19, 1), np.float32)
    spot[:, 6:9, 8:11] = 1.0
    found = distort(one_kind("geometry"), spot)[..., 0]
    total = found.sum(axis=(1, 2))
    down = (found * np.arange(15)[:, None]).sum(axis=(1, 2)) / total - 7
    across = (found * np.arange(19)).sum(axis=(1, 2)) / total - 9
    # 0.08 of 19 columns and of 15 rows, magnified by at most exp(0.13 + 0.06), and a turn's rest.
    assert np.abs(across).max() < 2.3
    assert np.abs(down).max() < 2.0
    assert abs(across.mean()) < 0.5
    assert across.std() > 0.3


def test_a_covered_part_is_one_grey_and_the_rest_stays() -> None:
    found = distort(one_kind("erasing", 1.0), photos(20))
    for item, before in zip(found[..., 0], photos(20)[..., 0], strict=True):
        changed = item != before
        assert 0 < changed.sum() < 0.3 * changed.size
        assert len(np.unique(item[changed])) == 1
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def test_so_many_photos_are_covered_as_was_asked() -> None:
    found = distort(one_kind("erasing", 0.3), photos(400))
    share = (found != photos(400)).any(axis=(1, 2, 3)).mean()
    assert share == pytest.approx(0.3, abs=0.08)


def test_light_is_stronger_when_asked() -> None:
    changes = [
        np.abs(distort(one_kind("brightness_contrast", strength), photos(50)) - photos(50)).mean()
        for strength in (0.2, 1.0, 3.0)
    ]
    assert changes == sorted(changes)


def test_it_comes_back_from_its_configuration() -> None:
    layer = Augmentation(0.5, 2.0, 0.25, seed=9, name="mine")
    again = Augmentation.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(distort(again, photos()), distort(layer, photos()))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"geometry": 5.1}, r"^geometry: expected a number from 0 to 5\. Received: 5\.1\.$"),
        (
            {"brightness_contrast": -1.0},
            r"^brightness_contrast: expected a number from 0 to 5\. Received: -1\.0\.$",
        ),
        ({"erasing": float("nan")}, r"^erasing: expected a number from 0 to 1\. Received: nan\.$"),
    ],
)
def test_settings_out_of_range(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        Augmentation(**settings)


def bend(items: Any, strength: float = 1.0, *, seed: int = 0) -> Any:
    return ops.convert_to_numpy(ElasticDistortion(strength, seed=seed)(items, training=True))


def test_paper_covers_a_drawing() -> None:
    """What is covered is as light as the lightest of the picture, and the rest stays."""
    layer = Augmentation(0.0, 0.0, 1.0, seed=2, paper=True)
    found = ops.convert_to_numpy(layer(photos(), training=True))
    changed = found != photos()
    assert changed.any(axis=(1, 2, 3)).sum() >= len(found) - 1
    assert (found[changed] == photos().max()).all()
    assert Augmentation.from_config(layer.get_config()).paper


class TestElasticDistortion:
    @pytest.mark.parametrize("training", [False, None])
    def test_pictures_stay_as_they_are_outside_training(self, training: bool | None) -> None:
        found = ops.convert_to_numpy(ElasticDistortion()(photos(), training=training))
        np.testing.assert_array_equal(found, photos())

    def test_nothing_happens_at_strength_zero(self) -> None:
        np.testing.assert_array_equal(bend(photos(), 0.0), photos())

    def test_each_picture_is_bent_in_its_own_way_and_the_seed_decides(self) -> None:
        found = bend(photos(), seed=4)
        np.testing.assert_array_equal(found, bend(photos(), seed=4))
        assert found.shape == photos().shape and found.dtype == np.float32
        for one in range(len(found)):
            for other in [*found[:one], photos()[0], *bend(photos(), seed=5)]:
                assert not np.allclose(found[one], other)

    def test_items_of_one_identity_are_bent_alike(self) -> None:
        layer = ElasticDistortion(0.0, seed=4, shared=1.0, alike=3)
        found = ops.convert_to_numpy(layer(photos(6), training=True))
        for first in (0, 3):
            for other in (1, 2):
                np.testing.assert_array_equal(found[first], found[first + other])
        assert not np.allclose(found[0], found[3]) and not np.allclose(found[0], photos()[0])
        again = ElasticDistortion.from_config(layer.get_config())
        assert (again.strength, again.shared, again.alike) == (0.0, 1.0, 3)

    def test_each_in_its_own_way_on_top_of_what_they_share(self) -> None:
        found = ops.convert_to_numpy(
            ElasticDistortion(0.3, shared=1.0, alike=3)(photos(6), training=True)
        )
        apart = np.abs(found[0] - found[1]).mean(), np.abs(found[0] - found[3]).mean()
        assert 0 < apart[0] < apart[1]

    def test_no_new_greys(self) -> None:
        found = bend(photos(), 5.0)
        assert photos().min() - 1e-5 <= found.min() and found.max() <= photos().max() + 1e-5

    def test_colours_move_together(self) -> None:
        grey = photos()
        found = bend(np.concatenate([grey, 2 * grey, -grey], axis=-1))
        np.testing.assert_allclose(found[..., 1], 2 * found[..., 0], atol=1e-5)
        np.testing.assert_allclose(found[..., 2], -found[..., 0], atol=1e-5)

    def test_it_is_smooth_and_as_strong_as_said(self) -> None:
        """A picture of its own coordinates shows where every pixel was taken from."""
        rows, columns = 60, 80
        places = np.stack(np.indices((rows, columns)), axis=-1).astype(np.float32)[None]
        found = bend(np.repeat(places, 200, axis=0), 0.5)
        moved = (found - places)[:, 10:-10, 10:-10]
        for axis, length in ((0, rows), (1, columns)):
            assert moved[..., axis].std() == pytest.approx(0.5 * ARROW_LENGTH * length, rel=0.1)
            assert abs(np.diff(moved[..., axis], axis=1 + axis)).max() < 0.35  # never folded

    def test_its_pixels_are_those_of_a_slow_loop(self) -> None:
        rng = np.random.default_rng(2)
        items = rng.normal(size=(3, 7, 9, 2)).astype(np.float32)
        down = rng.uniform(-2, 9, (3, 7, 9)).astype(np.float32)
        across = rng.uniform(-2, 11, (3, 7, 9)).astype(np.float32)
        found = ops.convert_to_numpy(_sampled(ops.convert_to_tensor(items), down, across))
        for place in np.ndindex(3, 7, 9):
            y, x = min(max(down[place], 0), 6), min(max(across[place], 0), 8)
            top, left = int(y), int(x)
            expected = np.zeros(2)
            for row, of_row in ((top, 1 - (y - top)), (top + 1, y - top)):
                for column, of_column in ((left, 1 - (x - left)), (left + 1, x - left)):
                    pixel = items[place[0], min(row, 6), min(column, 8)]
                    expected += of_row * of_column * pixel
            np.testing.assert_allclose(found[place], expected, atol=1e-5)

    def test_it_comes_back_from_its_config(self) -> None:
        layer = ElasticDistortion.from_config(
            ElasticDistortion(2.0, seed=3, name="elastic").get_config()
        )
        assert (layer.strength, layer.seed, layer.name) == (2.0, 3, "elastic")

    @pytest.mark.parametrize("strength", [-0.1, 5.1, float("nan")])
    def test_a_strength_out_of_range(self, strength: float) -> None:
        with pytest.raises(SettingError, match="strength: expected a number from 0 to 5"):
            ElasticDistortion(strength)
