"""Print what deciding takes once photos are embedded: ``python -m benchmarks.decisions.times``.

Embeddings are made up, as for `benchmarks.decisions.doctor`. Each step is measured in CPU time, so
that whatever else the machine does matters little.
"""

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from benchmarks.decisions.doctor import SIZE, SPREAD, made_up
from likeness.arrays import Codes, Energies
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import require_extra
from likeness.evaluation import evaluate_matrix, evaluate_open_set, people_intervals
from likeness.evaluation.doctor import Diagnosis
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.groups import Grouping
from likeness.evaluation.margin import Margin
from likeness.evaluation.open_set import open_set_intervals
from likeness.evaluation.probability_fit import FittedProbability
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.images.quality import PhotoCheck

Result = TypeVar("Result")
PURPOSE = Purpose(people=500, strangers_accepted=0.05)
REPETITIONS = 500
"""Of intervals, as in `likeness evaluate`."""


def print_times(people: int, photos_each: int, seed: int) -> None:
    """Print the CPU seconds of each decision."""
    made = made_up(people, counts=(photos_each,), spread=SPREAD, seed=seed)
    print(f"{people} people × {photos_each} photos, {SIZE} numbers each; seconds of CPU time:\n")
    matrix = _timed("energies", lambda: energy_matrix("euclidean", made.enrolled))
    _print_calibration(matrix, made.codes)
    _print_doctor(matrix, made.codes, seed)
    _print_evaluation(matrix, made.codes)


def _print_calibration(matrix: Energies, codes: Codes) -> None:
    _timed("scikit-learn, imported once", lambda: require_extra("sklearn.linear_model"))
    start = time.process_time()
    found = _timed("threshold", lambda: calibrate(matrix, codes, PURPOSE, extrapolate=True))
    _timed(
        "margin",
        lambda: Margin.measure(matrix, codes, PURPOSE, threshold=found.threshold, wrong_names=0.05),
    )
    _timed(
        "probability",
        lambda: FittedProbability.fit(Comparisons.with_people(matrix, codes)).to_json(),
    )
    print(f"  {'likeness calibrate, together':<32}{time.process_time() - start:6.2f}")


def _print_doctor(matrix: Energies, codes: Codes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = rng.integers(0, 256, (len(codes), 112, 92, 1), np.uint8)
    data = Dataset(items, [f"p{code}" for code in codes])
    checks = [PhotoCheck.of(item) for item in items]
    _timed("doctor", lambda: Diagnosis.of(data, checks, matrix=matrix, threshold=0.9).to_json())


def _print_evaluation(matrix: Energies, codes: Codes) -> None:
    searched = _timed("open set", lambda: evaluate_open_set(matrix, codes, threshold=0.9))
    _timed(
        "open set, its intervals",
        lambda: open_set_intervals([searched], repetitions=REPETITIONS),
    )
    evaluation = _timed("verification", lambda: evaluate_matrix(matrix, codes, threshold=0.9))
    _timed(
        "verification, its intervals",
        lambda: people_intervals([evaluation], repetitions=REPETITIONS),
    )
    labels = ["ab"[person % 2] for person in np.unique(codes)]
    _timed(
        "groups, with intervals",
        lambda: Grouping.of(
            evaluation,
            searched,
            column="group",
            labels=labels,
            repetitions=REPETITIONS,
        ),
    )


def _timed(name: str, step: Callable[[], Result]) -> Result:
    start = time.process_time()
    found = step()
    print(f"  {name:<32}{time.process_time() - start:6.2f}", flush=True)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--photos-each", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print_times(chosen.people, chosen.photos_each, chosen.seed)


if __name__ == "__main__":
    main()
