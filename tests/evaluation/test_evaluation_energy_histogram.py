"""The histogram behind a threshold: every comparison is counted once, and it is read back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import DataError
from likeness.evaluation.pair_energies import (
    BINS,
    HISTOGRAM_FORMAT,
    EnergyHistogram,
)

ENERGIES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def counted(values: list[float], edges: tuple[float, ...]) -> list[int]:
    """Each energy into its bin, one at a time."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        inside = [
            place
            for place in range(len(counts))
            if edges[place] <= value
            and (value < edges[place + 1] or (place == len(counts) - 1 and value == edges[-1]))
        ]
        counts[inside[0]] += 1
    return counts


@given(ENERGIES, ENERGIES)
def test_every_energy_is_counted_once_and_in_its_bin(genuine, impostor) -> None:
    found = EnergyHistogram.of(genuine, impostor)
    assert len(found.edges) == BINS + 1
    assert (np.diff(found.edges) > 0).all()
    assert list(found.genuine) == counted(genuine, found.edges)
    assert list(found.impostor) == counted(impostor, found.edges)
    assert sum(found.genuine) == len(genuine)


def test_people_with_one_photo_each_have_impostors_alone() -> None:
    found = EnergyHistogram.of([], [0.5, 1.0])
    assert (sum(found.genuine), sum(found.impostor)) == (0, 2)


def test_all_energies_equal_get_bins_all_the_same() -> None:
    found = EnergyHistogram.of([0.5], [0.5, 0.5])
    assert sum(found.genuine) == 1
    assert sum(found.impostor) == 2


@pytest.mark.parametrize(
    ("genuine", "impostor", "said"),
    [([1.0], [], "1 and 0, 0 of them"), ([1.0], [float("nan")], "1 and 1, 1 of them")],
)
def test_no_impostor_or_no_number_is_refused(genuine, impostor, said) -> None:
    with pytest.raises(DataError, match=said):
        EnergyHistogram.of(genuine, impostor)


HISTOGRAM = EnergyHistogram.of([0.0, 0.5], [1.0, 2.0, 3.0])
STORED = {"threshold": 0.7, "energies": json.loads(json.dumps(HISTOGRAM.to_json()))}


class TestStored:
    def test_calibration_comes_before_training(self) -> None:
        other = {"threshold": 0.7, "energies": EnergyHistogram.of([9.0], [10.0]).to_json()}
        assert EnergyHistogram.stored(STORED, {"threshold": other}, 0.7) == HISTOGRAM

    def test_training_keeps_one_too(self) -> None:
        assert EnergyHistogram.stored({}, {"threshold": STORED}, 0.7) == HISTOGRAM

    @pytest.mark.parametrize(
        ("calibration", "record", "threshold"),
        [
            ({}, {}, None),
            ({}, {}, 0.7),
            ({"threshold": 0.7}, {"threshold": {"threshold": 0.7}}, 0.7),  # of an earlier version
            (STORED, {}, 0.8),  # given by hand since
            ({"threshold": None, "energies": {}}, {}, None),
        ],
    )
    def test_a_model_without_one_is_no_error(self, calibration, record, threshold) -> None:
        assert EnergyHistogram.stored(calibration, record, threshold) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"format": "likeness.energy-histogram/2"},
            {"edges": [0.0, 1.0]},
            {"edges": [1.0] * (BINS + 1)},
            {"edges": [float("nan")] * (BINS + 1)},
            {"edges": None},
            {"genuine": [1]},
            {"impostor": [-1] * BINS},
            {"impostor": ["many"] * BINS},
        ],
    )
    def test_a_damaged_one_says_what_to_do(self, changes) -> None:
        damaged = {
            **STORED,
            "energies": {**HISTOGRAM.to_json(), "format": HISTOGRAM_FORMAT, **changes},
        }
        with pytest.raises(DataError, match="Calibrate the model again"):
            EnergyHistogram.stored(damaged, {}, 0.7)
