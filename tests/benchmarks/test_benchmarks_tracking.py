"""The tracking benchmark: the baselines follow a drawn target, and what the table says."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2")

from benchmarks.tracking.__main__ import measured, result
from benchmarks.tracking.methods import BASELINES, missing, opencv_methods
from benchmarks.tracking.plot import draw
from benchmarks.tracking.table import markdown

from likeness.tasks.tracking import Box
from likeness.tasks.tracking.sequences import drawn_sequence

FILM = drawn_sequence(frames=24, seed=1)


class Still:
    """A tracker that never moves."""

    def __init__(self, frame: Any, box: Box) -> None:
        self._box = box

    def step(self, frame: Any) -> Box:
        return self._box


def document() -> dict[str, Any]:
    makers = {"likeness": [Still, Still], **{name: [make] for name, make in BASELINES.items()}}
    methods = result(FILM, makers, rounds=1)
    return {
        "sequences": {"drawn": {"learned": "nothing", "frames": 24, "methods": methods}},
        "seeds": [0, 1],
        "missing": ["KCF"],
        "opencv": "4.0",
        "block": 10,
    }


@pytest.mark.parametrize("name", ["NCC, grey", "NCC, colour", "NCC, whole frame"])
def test_the_baselines_follow_a_drawn_target(name: str) -> None:
    tracks, seconds, _ = measured(FILM, {name: [BASELINES[name]]}, rounds=1)
    assert tracks[name].figures["mean_overlap"] > 0.6
    assert seconds[name]["wall"] > 0


@pytest.mark.parametrize("name", sorted(opencv_methods()))
def test_opencvs_trackers_answer_with_boxes(name: str) -> None:
    tracks, _, runs = measured(FILM.part(0, 4), {name: [opencv_methods()[name]]}, rounds=1)
    assert len(runs[name]) == 1
    assert np.isfinite(tracks[name].overlap).all()


def test_what_opencv_lacks_is_known() -> None:
    assert set(missing()) == {"KCF", "CSRT", "MOSSE", "MIL"} - {
        name.removeprefix("OpenCV ") for name in opencv_methods()
    }


def test_the_table_and_the_plot(tmp_path: Path) -> None:
    found = document()
    ours = found["sequences"]["drawn"]["methods"]["likeness"]
    best = ours["beside"]
    gain = ours["intervals"]["mean_overlap_gain"]
    others = found["sequences"]["drawn"]["methods"]
    assert others[best]["figures"]["mean_overlap"] == max(
        others[name]["figures"]["mean_overlap"] for name in BASELINES
    )
    assert gain["mean"] == pytest.approx(
        ours["figures"]["mean_overlap"] - others[best]["figures"]["mean_overlap"]
    )
    table = markdown(found)
    assert f"| likeness | {ours['figures']['mean_overlap']:.3f} (" in table
    assert f"Above {best}, the best of the three NCC, by {gain['mean']:.3f}" in table
    assert "This OpenCV has no KCF" in table
    assert others["NCC, grey"]["cost"] == 1
    draw(found, tmp_path / "a.svg")
    draw(found, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    text = (tmp_path / "a.svg").read_text()
    assert "likeness" in text
    # Curves only: no picture is embedded.
    assert not [node for node in ET.fromstring(text).iter() if node.tag.endswith("image")]
