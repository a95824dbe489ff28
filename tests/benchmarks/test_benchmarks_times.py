"""The benchmark of decisions runs, on a small gallery."""

import re

import pytest
from benchmarks.decisions.times import print_times


def test_every_decision_has_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    print_times(40, 3, seed=0)
    said = capsys.readouterr().out
    assert "40 people × 3 photos" in said
    steps = [line.strip() for line in said.splitlines()[2:]]
    assert len(steps) == 12
    assert all(re.fullmatch(r"\D.*? +\d+\.\d\d", step) for step in steps)
    for name in ("threshold", "margin", "probability", "doctor", "open set", "groups"):
        assert any(step.startswith(name) for step in steps)
