"""Templates: the mean is that of all embeddings, however they came; the nearest of several."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.tasks.sklearn.fitted import Templates


def none(kind: str) -> Templates:
    return Templates.none(kind=kind, energy="euclidean", size=3)


@given(st.integers(0, 2**31), st.lists(st.integers(0, 12), max_size=4))
def test_a_mean_does_not_depend_on_the_portions(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    embeddings, codes = rng.normal(size=(12, 3)), rng.integers(0, 4, 12)
    templates = none("mean")
    for part in np.split(np.arange(12), sorted(cuts)):
        templates = templates.enrolled(embeddings[part], codes[part])
    assert templates.codes.tolist() == sorted(set(codes.tolist()))
    assert templates.counts.tolist() == [(codes == code).sum() for code in templates.codes]
    for code, point in zip(templates.codes, templates.points, strict=True):
        np.testing.assert_allclose(point, embeddings[codes == code].mean(axis=0), atol=1e-12)


def test_all_are_kept_and_the_nearest_counts() -> None:
    embeddings = np.array([[0.0, 0, 0], [4, 0, 0], [9, 0, 0]])
    templates = none("all").enrolled(embeddings, np.array([0, 0, 1]))
    found = templates.class_energies(np.array([[3.0, 0, 0]]), classes=2)
    np.testing.assert_allclose(found, [[1.0, 6.0]])


def test_the_mean_is_compared_as_one_item() -> None:
    embeddings = np.array([[0.0, 0, 0], [4, 0, 0], [9, 0, 0]])
    templates = none("mean").enrolled(embeddings, np.array([0, 0, 1]))
    found = templates.class_energies(np.array([[3.0, 0, 0]]), classes=2)
    np.testing.assert_allclose(found, [[1.0, 6.0]])
    assert len(templates.points) == 2


def test_a_class_without_templates_is_infinitely_far() -> None:
    templates = none("mean").enrolled(np.eye(3), np.array([0, 2, 2]))
    found = templates.class_energies(np.eye(3), classes=4)
    assert np.isinf(found[:, [1, 3]]).all()
    assert np.isfinite(found[:, [0, 2]]).all()


@pytest.mark.parametrize("kind", ["mean", "all"])
def test_other_numbers_for_the_same_classes(kind: str) -> None:
    templates = none(kind).enrolled(np.eye(3), np.array([0, 1, 2]))
    before = templates.class_energies(np.eye(3), classes=3)
    after = templates.renumbered(np.array([1, 0, 3])).class_energies(np.eye(3), classes=4)
    np.testing.assert_array_equal(after[:, [1, 0, 3]], before)
