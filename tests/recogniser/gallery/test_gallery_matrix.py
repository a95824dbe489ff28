"""Exact search: the matrix against slow loops, for every energy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.energies import ENERGY_NAMES, energy_by_name
from likeness.recogniser.gallery.matrix import TemplateMatrix


def slow_people(
    energy: str, vectors: np.ndarray, people: np.ndarray, probe: np.ndarray
) -> list[tuple[float, int]]:
    """Each person's smallest energy, ascending, by a loop."""
    best: dict[int, float] = {}
    for vector, person in zip(vectors, people.tolist(), strict=True):
        found = float(energy_by_name(energy)(vector.astype(np.float64), probe))
        best[person] = min(found, best.get(person, np.inf))
    return sorted((found, person) for person, found in best.items())


def filled(energy: str, vectors: np.ndarray, people: np.ndarray) -> TemplateMatrix:
    matrix = TemplateMatrix(energy=energy, dimensions=vectors.shape[1])
    matrix.append(np.arange(1, len(vectors) + 1), people, vectors)
    return matrix


def nearest(matrix: TemplateMatrix, probe: np.ndarray, k: int) -> list[tuple[float, int]]:
    """The k nearest people that the matrix finds, as the slow loop gives them."""
    (found,) = matrix.nearest_people(probe[None], k)
    best: dict[int, float] = {}
    for person, energy in zip(
        matrix.people_of(found.rows).tolist(), found.energies.tolist(), strict=True
    ):
        best.setdefault(person, energy)
    return sorted((energy, person) for person, energy in best.items())[:k]


@pytest.mark.parametrize("energy", ENERGY_NAMES)
@pytest.mark.parametrize("people", [3, 400])
def test_finds_the_nearest_people(energy: str, people: int) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((3000, 16)).astype(np.float32)
    owners = rng.integers(0, people, 3000)
    matrix = filled(energy, vectors, owners)
    for probe in rng.standard_normal((5, 16)):
        expected = slow_people(energy, vectors, owners, probe)[:7]
        assert nearest(matrix, probe, 7) == [
            (pytest.approx(found, rel=1e-12), person) for found, person in expected
        ]


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_tells_apart_what_float32_cannot(energy: str) -> None:
    """Templates that differ in the last bits, far from the origin: the estimates are all noise."""
    rng = np.random.default_rng(2)
    centre = 1000 * rng.standard_normal(16).astype(np.float32)
    vectors = centre + rng.uniform(-1e-2, 1e-2, (2000, 16)).astype(np.float32)
    owners = np.arange(2000)
    matrix = filled(energy, vectors, owners)
    probe = centre.astype(np.float64) + 1e-3
    expected = slow_people(energy, vectors, owners, probe)[:5]
    assert [person for _, person in nearest(matrix, probe, 5)] == [who for _, who in expected]


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_zeros_and_twins(energy: str) -> None:
    vectors = np.zeros((600, 4), np.float32)
    vectors[300:] = [1, 0, 0, 0]
    owners = np.arange(600)
    matrix = filled(energy, vectors, owners)
    for probe in (np.zeros(4), np.array([1.0, 0, 0, 0]), np.array([0.5, 0, 0, 0])):
        assert nearest(matrix, probe, 3) == slow_people(energy, vectors, owners, probe)[:3]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), energy=st.sampled_from(ENERGY_NAMES))
def test_stays_right_while_templates_come_and_go(data: st.DataObject, energy: str) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    matrix = TemplateMatrix(energy=energy, dimensions=3)
    model: dict[int, tuple[int, np.ndarray]] = {}
    number = 1
    for step in data.draw(
        st.lists(st.sampled_from(["add", "remove", "forget", "merge"]), max_size=25)
    ):
        who = data.draw(st.integers(1, 5))
        if step == "add":
            count = data.draw(st.integers(1, 60))
            vectors = rng.standard_normal((count, 3)).astype(np.float32)
            ids = np.arange(number, number + count)
            matrix.append(ids, np.full(count, who), vectors)
            model |= {int(place): (who, vector) for place, vector in zip(ids, vectors, strict=True)}
            number += count
        elif step == "remove":
            gone = data.draw(st.integers(1, max(1, number - 1)))
            matrix.remove_template(gone)
            model.pop(gone, None)
        elif step == "forget":
            matrix.remove_person(who)
            model = {place: entry for place, entry in model.items() if entry[0] != who}
        else:
            into = data.draw(st.integers(1, 5))
            matrix.move(who, into=into)
            model = {
                place: (into if entry[0] == who else entry[0], entry[1])
                for place, entry in model.items()
            }
    assert len(matrix) == len(model)
    probe = rng.standard_normal(3)
    vectors = np.array([entry[1] for entry in model.values()]).reshape(-1, 3)
    owners = np.array([entry[0] for entry in model.values()], np.int64)
    assert nearest(matrix, probe, 3) == [
        (pytest.approx(found, rel=1e-12), person)
        for found, person in slow_people(energy, vectors, owners, probe)[:3]
    ]
    ids, people, energies = matrix.everything(probe[None])
    assert ids.tolist() == sorted(model)
    assert people.tolist() == [model[place][0] for place in sorted(model)]
    assert energies.shape == (1, len(model))
    assert all((matrix.row_of(place) is not None) == (place in model) for place in range(number))


def test_what_is_removed_leaves_the_memory() -> None:
    vectors = np.full((100, 4), 7.5, np.float32)
    matrix = filled("euclidean", vectors, np.arange(100))
    for person in range(100):
        matrix.remove_person(person)
    assert len(matrix) == 0
    assert not (matrix._vectors[:100] == 7.5).any()


def test_many_probes_at_once() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((5000, 8)).astype(np.float32)
    owners = np.arange(5000) // 2
    matrix = filled("cosine", vectors, owners)
    probes = rng.standard_normal((40, 8))
    together = matrix.nearest_people(probes, 4)
    for probe, found in zip(probes, together, strict=True):
        (alone,) = matrix.nearest_people(probe[None], 4)
        assert matrix.people_of(found.rows)[0] == matrix.people_of(alone.rows)[0]
        assert found.energies[0] == alone.energies[0]


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_many_probes_of_a_large_matrix(energy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many are asked together, a bound from a sample saves looking; nothing is missed."""
    monkeypatch.setattr("likeness.recogniser.gallery.matrix._SAMPLE", 100)
    monkeypatch.setattr("likeness.recogniser.gallery.matrix._SCORES", 6000)
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((4000, 6)).astype(np.float32)
    # Ascending, so that the sample is like nothing in the last blocks, and many twins.
    vectors = vectors[np.argsort(vectors[:, 0])]
    vectors[1000:1500] = vectors[1000]
    owners = np.arange(4000) // 3
    matrix = filled(energy, vectors, owners)
    for gone in range(0, 4000, 7):
        matrix.remove_template(gone)
    kept = np.isin(np.arange(1, 4001), range(0, 4000, 7), invert=True)
    probes = np.concatenate([rng.standard_normal((9, 6)), vectors[[1000, 3999]].astype(float)])
    for probe, found in zip(probes, matrix.nearest_people(probes, 4), strict=True):
        people = list(dict.fromkeys(matrix.people_of(found.rows).tolist()))[:4]
        expected = slow_people(energy, vectors[kept], owners[kept], probe)
        assert {person for _, person in expected[:4]} == set(people) or expected[3][0] == (
            pytest.approx(expected[4][0], rel=1e-12)
        )
        assert found.energies[0] == pytest.approx(expected[0][0], rel=1e-12)
