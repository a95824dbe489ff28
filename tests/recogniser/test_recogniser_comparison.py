"""Two pictures compared by a four-line model."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from likeness.arrays import Energies, Images
from likeness.errors import NoThresholdError, SettingError
from likeness.recogniser.decision import compare

RATIO = {
    "format": "likeness.likelihood_ratio/1",
    "kind": "platt",
    "parameters": {"intercept": 4.0, "slope": 2.0},
    "lowest": -3.0,
    "highest": 3.0,
}


@dataclass
class ByMean:
    """The energy is the difference of two pictures' mean grey, in hundreds."""

    threshold: float | None = 0.5
    calibration: dict[str, Any] = field(default_factory=dict)
    energy: str = "euclidean"
    fingerprint: str = "abc"

    def energies(self, left: Images, right: Images) -> Energies:
        means = [side.mean(axis=(1, 2, 3)) / 100 for side in (left, right)]
        return np.abs(np.subtract.outer(*means))


def picture(grey: int, *, size: int = 4) -> Images:
    return np.full((size, size, 1), grey, np.uint8)


CALIBRATED = {
    "purpose": {"people": 1, "strangers_accepted": 0.01},
    "strangers": {"share": 0.005, "high": 0.01},
    "probability": {"ratio": RATIO, "prior": 0.5},
    "provenance": {"model": "abc"},
}


def test_at_the_threshold_is_the_same() -> None:
    assert compare(ByMean(), picture(0), picture(50)).same
    found = compare(ByMean(), picture(0), picture(51, size=9))
    assert not found.same and found.energy == pytest.approx(0.51) and found.threshold == 0.5


def test_without_calibration_there_is_no_probability_and_it_says_so() -> None:
    found = compare(ByMean(), picture(0), picture(10))
    assert found.probability is None
    assert any("not calibrated" in words for words in found.warnings)


def test_the_probability_is_the_calibrations_for_the_prior() -> None:
    model = ByMean(calibration=CALIBRATED, threshold=2.0)
    even = compare(model, picture(0), picture(200))
    assert even.probability == pytest.approx(0.5) and even.prior == 0.5  # ln LR = 4 − 2·2
    rare = compare(model, picture(0), picture(200), prior=0.1)
    assert rare.probability == pytest.approx(0.1) and rare.warnings == ()


def test_one_and_the_same_picture_is_said_to_prove_nothing() -> None:
    found = compare(ByMean(), picture(9), picture(9))
    assert found.identical and found.same and "proves nothing" in found.warnings[0]


def test_what_it_refuses() -> None:
    with pytest.raises(NoThresholdError, match="likeness calibrate"):
        compare(ByMean(threshold=None), picture(0), picture(0))
    with pytest.raises(SettingError, match="prior"):
        compare(ByMean(), picture(0), picture(0), prior=1.0)


def test_as_json_values() -> None:
    document = compare(ByMean(), picture(0), picture(10)).as_dict()
    assert document["format"] == "likeness.comparison/1" and document["model"] == "abc"
