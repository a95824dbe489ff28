"""Pairs to learn from: the target lies where the labels say, and a seed gives the same again."""

from collections.abc import Sequence as Many
from typing import Any

import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.errors import SettingError, TooFewError
from likeness.tasks.tracking.model import TrackingShapes
from likeness.tasks.tracking.pairs import KINDS, PairSource, TrackingRecipe
from likeness.tasks.tracking.sequences import drawn_sequence

SHAPES = TrackingShapes(template=63, search=127)

ONLY = {
    kind: {other: 1.0 if other == kind else 0.0 for other in KINDS}
    for kind in KINDS
}  # fmt: skip
PLAIN: dict[str, Any] = {"brightness_contrast": 0.0, "blur": 0.0, "turn": 0.0, "log_scale": 0.0}


def source(*, pictures: Many[Any] = (), seed: int = 0, **settings: Any) -> PairSource:
    film = drawn_sequence(frames=12, seed=seed)
    return PairSource([film], SHAPES, TrackingRecipe(**settings), things=pictures)


def batch(of: PairSource, *, size: int = 6, seed: int = 0) -> Any:
    return of.batch(size, np.random.default_rng(seed))


def target_place(labels: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Return the pixel (x, y) of the search picture that the middle of the labels is on."""
    rows, columns = np.nonzero(labels > 0)
    middle = SHAPES.search // 2
    return (
        round(middle + SHAPES.stride * (columns.mean() - 8)),
        round(middle + SHAPES.stride * (rows.mean() - 8)),
    )


@pytest.mark.parametrize("kind", ["film", "anywhere", "pasted"])
def test_the_target_lies_where_the_labels_say(kind: str) -> None:
    found = batch(source(gap=1, **ONLY[kind], **PLAIN), size=12)
    for number in range(12):
        x, y = target_place(found.labels[number, ..., number])
        piece = found.search[number, y - 6 : y + 7, x - 6 : x + 7].astype(float)
        wanted = found.template[number, 25:38, 25:38].astype(float)
        elsewhere = found.search[number, ::-1, ::-1][y - 6 : y + 7, x - 6 : x + 7].astype(float)
        difference = np.abs(piece - wanted).mean()
        assert difference < 25
        if abs(x - 63) + abs(y - 63) > 20:
            assert difference < np.abs(elsewhere - wanted).mean()


def test_two_pictures_of_one_identity_are_used() -> None:
    people = drawn_faces(identities=3, photos_each=4, size=(40, 40), seed=0)
    things = [list(people.items[people.codes == code]) for code in range(3)]
    found = batch(source(pictures=things, **ONLY["things"], **PLAIN), size=12)
    assert found.template.shape == (12, 63, 63, 3)
    same = found.labels == 0
    # Two pairs of one person: neither target is an impostor to the other.
    assert same.any()
    assert np.array_equal(same.any(axis=(1, 2)), same.all(axis=(1, 2)))


def test_another_pairs_template_is_an_impostor_everywhere() -> None:
    found = batch(source(**ONLY["anywhere"]), size=5)
    for row in range(5):
        for column in range(5):
            labels = found.labels[row, ..., column]
            if row == column:
                assert set(np.unique(labels)) == {-1.0, 1.0}
            else:
                assert np.allclose(labels, -1 / 4)


def test_the_target_of_a_film_is_one_and_the_same_in_all_its_pairs() -> None:
    found = batch(source(**ONLY["film"]), size=4)
    for row in range(4):
        for column in range(4):
            assert (row == column) == bool(found.labels[row, ..., column].any())


def test_two_films_have_two_targets() -> None:
    films = [drawn_sequence(frames=6, seed=seed) for seed in (0, 1)]
    two = PairSource(films, SHAPES, TrackingRecipe(**ONLY["film"]))
    labels = batch(two, size=12).labels
    assert (labels == 0).any()
    assert np.isclose(labels, -1 / 11).any()


def test_a_seed_gives_the_same_pairs_and_another_gives_others() -> None:
    one, again, other = (batch(source(), seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.search, again.search)
    assert np.array_equal(one.labels, again.labels)
    assert not np.array_equal(one.search, other.search)


def test_without_an_image_set_its_share_goes_to_pasted_pieces() -> None:
    found = batch(source(**ONLY["things"]))
    assert found.search.shape == (6, 127, 127, 3)


def test_a_single_pair_has_only_its_own_labels() -> None:
    assert batch(source(), size=1).labels.shape == (1, 17, 17, 1)


def test_there_must_be_footage() -> None:
    with pytest.raises(TooFewError, match="one sequence at least"):
        PairSource([], SHAPES, TrackingRecipe())


@pytest.mark.parametrize(
    "bad",
    [
        {"film": 0.0, "anywhere": 0.0, "pasted": 0.0, "things": 0.0},
        {"film": -1.0},
        {"gap": 0},
        {"shift": -1.0},
        {"log_scale": 2.0},
        {"turn": 9.0},
        {"brightness_contrast": 3.0},
        {"blur": 2.0},
    ],
)
def test_settings_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        TrackingRecipe(**bad)
