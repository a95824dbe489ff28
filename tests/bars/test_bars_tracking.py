"""What tracking promises on the two public sequences: trained on one, tested on the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from likeness.tasks.tracking import Box
from likeness.tasks.tracking.evaluation import TrackEvaluation
from likeness.tasks.tracking.sequences import PUBLISHED, TrackingSequence

pytestmark = [pytest.mark.slow, pytest.mark.real]


def best_correlation(film: TrackingSequence) -> float:
    """Return the mean overlap of the best form of normalised cross-correlation."""
    pytest.importorskip("cv2")
    from benchmarks.tracking.methods import BASELINES

    found = []
    for make in BASELINES.values():
        tracker = make(film.frames[0], Box(*film.boxes[0].tolist()))
        boxes = [tracker.step(frame).as_tuple() for frame in film.frames[1:]]
        found.append(TrackEvaluation.of(boxes, film.boxes[1:]).figures["mean_overlap"])
    return max(found)


@pytest.mark.parametrize(("learned", "tested"), [("bag", "dragon-baby"), ("dragon-baby", "bag")])
def test_the_sequence_that_was_not_learned(
    learned: str, tested: str, tmp_path: Path, real_data: str
) -> None:
    if not all((Path(real_data) / known.file_name).is_file() for known in PUBLISHED.values()):
        pytest.skip("needs both tracking sequences in LIKENESS_DATA")
    for command in (
        ["track-train", learned, "--things", "att", "--out", "model"],
        ["track", tested, "--model", "model", "--out", "boxes.csv", "--json", "track.json"],
    ):
        subprocess.run(
            [sys.executable, "-m", "likeness", *command],
            cwd=tmp_path,
            env=os.environ | {"LIKENESS_DATA": real_data},
            check=True,
            timeout=1800,
        )
    evaluation = json.loads((tmp_path / "track.json").read_text())["evaluation"]
    print(json.dumps(evaluation, indent=2))
    film = (
        TrackingSequence.published("bag")
        if tested == "bag"
        else TrackingSequence.published("DragonBaby")
    )
    assert evaluation["figures"]["mean_overlap"] > best_correlation(film)
    assert evaluation["lost"]["for_good"] is None
    if tested == "bag":
        first = evaluation["lost"]["first_below"]
        assert first is None or first >= 100
