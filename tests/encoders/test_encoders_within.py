"""Whitening within identities, against slow sums, and what labels must not say any more."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.encoders.whitening import Whitening
from likeness.errors import SettingError


def people(count: int = 12, each: int = 6, size: int = 5, seed: int = 0) -> tuple[Any, Any, Any]:
    """Points around their identity's place, moved by a label; wide noise in one direction."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(count), each)
    labels = np.tile(np.arange(each) % 2, count)
    points = rng.normal(size=(count, size))[codes] + rng.normal(size=(len(codes), size)) * 0.3
    points[:, 0] += rng.normal(0, 4, len(codes))
    return points + np.outer(labels, rng.normal(size=size) * 10), codes, labels


def test_without_shrinkage_identities_are_round_and_labels_are_gone() -> None:
    points, codes, labels = people()
    found = Whitening.fit_within_class(points, codes, labels, shrinkage=1e-9)
    moved = (points - found.mean) @ found.matrix
    for label in (0, 1):  # every label has the same mean
        np.testing.assert_allclose(moved[labels == label].mean(axis=0), 0, atol=1e-8)
    within = np.concatenate([moved[codes == c] - moved[codes == c].mean(0) for c in set(codes)])
    spread = np.linalg.eigvalsh(within.T @ within / len(within))
    # One direction is the labels'; all others are equally wide.
    assert spread[0] == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(spread[1:], spread[-1], rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.01, 1.0))
def test_the_matrix_is_the_inverse_root_of_the_shrunk_covariance_within(
    seed: int, share: float
) -> None:
    points, codes, _ = people(5, 4, 3, seed)
    within = np.zeros((3, 3))
    for code in range(5):
        own = [point for point, c in zip(points, codes, strict=True) if c == code]
        middle = sum(own) / len(own)
        within += sum(np.outer(point - middle, point - middle) for point in own) / len(points)
    typical = sum(within[i, i] for i in range(3)) / 3
    shrunk = (1 - share) * within + share * typical * np.eye(3)
    matrix = Whitening.fit_within_class(points, codes, shrinkage=share).matrix
    np.testing.assert_allclose(matrix @ matrix @ shrunk, typical * np.eye(3), atol=1e-7)


@pytest.mark.parametrize("kept", [1, 3, 9])
def test_the_directions_kept_hold_the_most(kept: int) -> None:
    points, codes, labels = people()
    every = Whitening.fit_within_class(points, codes, labels, shrinkage=0.2)
    found = Whitening.fit_within_class(points, codes, labels, shrinkage=0.2, directions=kept)
    assert found.matrix.shape == (5, min(kept, 5))
    whole, part = ((points - one.mean) @ one.matrix for one in (every, found))
    spread = np.sort(np.linalg.eigvalsh(whole.T @ whole))[::-1]
    assert (part**2).sum() == pytest.approx(spread[:kept].sum(), rel=1e-6)


def test_the_nearest_is_of_the_same_identity_whatever_the_label() -> None:
    points, codes, labels = people()
    moved = Whitening.fit_within_class(points, codes, labels, shrinkage=0.05)(points)

    def right(embeddings: Any) -> float:
        """Among the points of the other label."""
        far = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
        far[labels[:, None] == labels[None]] = np.inf
        return float((codes[far.argmin(axis=1)] == codes).mean())

    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert right(moved) > right(unit) + 0.3


def test_nothing_to_divide_by() -> None:
    """One item of each identity: nothing is known of what varies within."""
    points = np.random.default_rng(0).normal(size=(6, 4))
    found = Whitening.fit_within_class(points, np.arange(6), shrinkage=0.3, directions=2)
    assert found.matrix.shape == (4, 2) and np.isfinite(found(points)).all()


@pytest.mark.parametrize("share", [0.0, 1.5, float("nan")])
def test_shrinkage_out_of_range(share: float) -> None:
    with pytest.raises(SettingError, match=r"^shrinkage: expected"):
        Whitening.fit_within_class(np.eye(3), np.arange(3), shrinkage=share)
