"""Energies of pairs: each pair once, on the right side, whoever computes it."""

import numpy as np
import pytest

from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.energies import ENERGY_NAMES, energy_by_name
from likeness.errors import DataError, SettingError
from likeness.evaluation import PairEnergies


def points(count: int, seed: int = 0, dimensions: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_all_pairs_are_the_slow_loop(energy: str) -> None:
    codes = np.array([0, 2, 0, 1, 2, 2])
    embeddings = points(6)
    found = PairEnergies.of_embeddings(embeddings, codes, energy=energy)
    genuine, impostor = {}, {}
    for i in range(6):
        for j in range(i + 1, 6):
            kind = genuine if codes[i] == codes[j] else impostor
            left, right = embeddings[i].astype(float), embeddings[j].astype(float)
            kind[i, j] = float(energy_by_name(energy)(left, right))
    for expected, pairs, energies in (
        (genuine, found.genuine_pairs, found.genuine),
        (impostor, found.impostor_pairs, found.impostor),
    ):
        assert {tuple(pair) for pair in pairs.tolist()} == set(expected)
        assert len(pairs) == len(expected)
        for pair, value in zip(pairs.tolist(), energies, strict=True):
            assert value == pytest.approx(expected[tuple(pair)])


def test_the_counts_of_protocol_u4() -> None:
    found = PairEnergies.of_embeddings(
        points(100), np.repeat(np.arange(10), 10), energy="euclidean"
    )
    assert (len(found.genuine), len(found.impostor)) == (450, 4500)


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_listed_pairs_are_those_of_the_matrix(energy: str) -> None:
    codes = np.repeat(np.arange(5), 4)
    embeddings = points(20)
    listed = sample_pairs(codes, genuine=20, impostor=50, seed=1)
    every = PairEnergies.of_embeddings(embeddings, codes, energy=energy)
    known = dict(
        zip(
            map(tuple, np.concatenate([every.genuine_pairs, every.impostor_pairs]).tolist()),
            np.concatenate([every.genuine, every.impostor]),
            strict=True,
        )
    )
    found = PairEnergies.of_pairs(embeddings, codes, listed, energy=energy)
    assert (len(found.genuine), len(found.impostor)) == (20, 50)
    for pairs, values in (
        (found.genuine_pairs, found.genuine),
        (found.impostor_pairs, found.impostor),
    ):
        for pair, value in zip(pairs.tolist(), values, strict=True):
            assert value == pytest.approx(known[tuple(pair)])


def test_wide_embeddings_are_compared_in_blocks_without_a_seam() -> None:
    codes = np.repeat(np.arange(3), 3)
    embeddings, listed = points(9, dimensions=300_000), LabelledPairs.all_of(codes)
    found = PairEnergies.of_pairs(embeddings, codes, listed, energy="euclidean")
    for (i, j), energy in zip(found.impostor_pairs, found.impostor, strict=True):
        difference = embeddings[i].astype(float) - embeddings[j]
        assert energy == pytest.approx(np.sqrt(np.sum(difference**2)))
    assert len(found.impostor) == 27


def test_a_list_may_hold_one_kind_only() -> None:
    only = LabelledPairs(np.array([[0, 1]]), np.array([True]))
    found = PairEnergies.of_pairs(points(2), np.array([0, 0]), only, energy="euclidean")
    assert (len(found.genuine), len(found.impostor)) == (1, 0)


def test_a_pair_has_one_energy_in_either_order() -> None:
    codes = np.array([0, 0, 1])
    there = LabelledPairs(np.array([[0, 1], [1, 2]]), np.array([True, False]))
    back = LabelledPairs(there.pairs[:, ::-1], there.genuine)
    a, b = (PairEnergies.of_pairs(points(3), codes, p, energy="cosine") for p in (there, back))
    np.testing.assert_array_equal(a.genuine, b.genuine)
    np.testing.assert_array_equal(a.impostor, b.impostor)


class TestRefusals:
    def test_codes_that_do_not_fit_the_embeddings(self) -> None:
        with pytest.raises(DataError, match=r"matrix: expected shape .* one row per code, n = 3"):
            PairEnergies.of_embeddings(points(4), np.array([0, 0, 1]), energy="cosine")
        listed = LabelledPairs(np.array([[0, 1]]), np.array([True]))
        with pytest.raises(DataError, match=r"codes: expected 4, one per embedding\. Received: 3"):
            PairEnergies.of_pairs(points(4), np.array([0, 0, 1]), listed, energy="cosine")

    def test_a_matrix_that_is_not_square(self) -> None:
        with pytest.raises(DataError, match=r"matrix: expected shape \(n, n\)"):
            PairEnergies.of_matrix(np.zeros((3, 2)), np.array([0, 0, 1]))

    def test_embeddings_that_are_not_finite(self) -> None:
        broken = points(3)
        broken[1] = np.nan
        codes = np.array([0, 0, 1])
        with pytest.raises(DataError, match="the first is row 1"):
            PairEnergies.of_embeddings(broken, codes, energy="cosine")
        with pytest.raises(DataError, match="the first is row 1"):
            PairEnergies.of_pairs(broken, codes, LabelledPairs.all_of(codes), energy="cosine")

    def test_an_energy_nobody_knows(self) -> None:
        codes = np.array([0, 0, 1])
        with pytest.raises(SettingError, match="energy: expected one of"):
            PairEnergies.of_pairs(points(3), codes, LabelledPairs.all_of(codes), energy="warmth")
