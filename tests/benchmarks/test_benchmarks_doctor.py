"""The doctor's benchmark runs, on small galleries."""

import numpy as np
import pytest
from benchmarks.decisions.doctor import made_up, print_risks, print_times


def test_a_made_up_gallery_has_the_photos_it_was_asked_for() -> None:
    made = made_up(6, counts=(1, 3), spread=0.1, seed=0)
    assert np.bincount(made.codes).tolist() == [1, 3, 1, 3, 1, 3]
    assert np.bincount(made.probe_codes).tolist() == [20] * 6
    assert np.linalg.norm(made.enrolled, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(made.enrolled, made_up(6, counts=(1, 3), spread=0.1, seed=0).enrolled)


def test_the_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_times(8, 2, seed=0)
    print_risks(1, seed=0, people=24)
    said = capsys.readouterr().out
    assert "8 people × 2 photos" in said
    assert "all of it, once embedded" in said
    assert "predicted   happened" in said
