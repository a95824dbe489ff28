"""A calibration as a folder: each figure can be computed again from the files, by a slow loop."""

import csv
import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.errors import OutputError
from likeness.evaluation.calibration import Calibration, Provenance
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.margin import Margin
from likeness.evaluation.probability import ReliabilityBin
from likeness.evaluation.probability_fit import FittedProbability
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.reports.calibration_page import reliability_plot, write_calibration

PEOPLE = [f"<b>p{code}</b>, the 'one'" for code in range(25)]
PRIOR = 0.2


def made(*, drawn=False, probable=True):
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(25), 4)
    points = rng.normal(size=(25, 8))[codes] + 0.6 * rng.normal(size=(100, 8))
    matrix = np.linalg.norm(points[:, None] - points[None], axis=-1)
    purpose = Purpose(people=5, strangers_accepted=0.3)
    comparisons = Comparisons.with_people(matrix, codes)
    fitted = FittedProbability.fit(comparisons, prior=PRIOR) if probable else None
    found = calibrate(matrix, codes, purpose)
    margin = Margin.measure(matrix, codes, purpose, threshold=found.threshold, wrong_names=0.3)
    data = Dataset(
        np.zeros((25, 1, 1, 1), np.uint8), PEOPLE, name="<script>alert(1)</script>", drawn=drawn
    )
    return Calibration(
        acquired=found,
        margin=margin,
        probability=fitted or "No probabilities: too few.",
        prior=PRIOR,
        comparisons=comparisons,
        provenance=Provenance.now("f" * 64, data),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration") / "new"
    page = write_calibration(made(), folder, people=PEOPLE)
    assert page == folder / "calibration.html"
    return folder


def rows_of(folder):
    with (folder / "comparisons.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_figure_can_be_computed_again(folder):
    document = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    kinds = {"genuine": [], "impostor": []}
    for row in rows_of(folder):
        kinds[row["kind"]].append(row)
        assert (row["probe_person"] == row["enrolled_person"]) == (row["kind"] == "genuine")
    accepted = {
        kind: sum(float(row["energy"]) <= document["threshold"] for row in rows)
        for kind, rows in kinds.items()
    }
    rate = accepted["impostor"] / len(kinds["impostor"])
    assert document["strangers"]["share"] == pytest.approx(1 - (1 - rate) ** 5)
    assert document["strangers"]["comparisons"] == len(kinds["impostor"])
    rejected = 1 - accepted["genuine"] / len(kinds["genuine"])
    assert document["rejected"]["share"] == pytest.approx(rejected)

    probability = document["probability"]
    held = {
        kind: [float(row["log_likelihood_ratio"]) for row in rows if row["log_likelihood_ratio"]]
        for kind, rows in kinds.items()
    }
    assert {kind: len(values) for kind, values in held.items()} == probability["held_out"]
    cost = sum(math.log2(1 + math.exp(-v)) for v in held["genuine"]) / len(held["genuine"])
    cost += sum(math.log2(1 + math.exp(v)) for v in held["impostor"]) / len(held["impostor"])
    assert probability["cllr"] == pytest.approx(cost / 2)
    kind = probability["ratio"]["kind"]
    assert probability["log_losses"][kind] == pytest.approx(cost / 2 * math.log(2))
    lowest = math.log(probability["support"]["genuine"]["high"])
    highest = -math.log(probability["support"]["impostor"]["high"])
    assert probability["ratio"]["lowest"] == pytest.approx(lowest)
    assert probability["ratio"]["highest"] == pytest.approx(highest)

    weights = {
        "genuine": PRIOR / len(held["genuine"]),
        "impostor": (1 - PRIOR) / len(held["impostor"]),
    }
    bins = {}
    for kind, values in held.items():
        for value in values:
            p = 1 / (1 + math.exp(-value) * (1 - PRIOR) / PRIOR)
            bins.setdefault(min(int(10 * p), 9), []).append((p, weights[kind], kind))
    assert len(bins) == len(probability["reliability"])
    for row, number in zip(probability["reliability"], sorted(bins), strict=True):
        inside = bins[number]
        total = sum(weight for _, weight, _ in inside)
        own = sum(weight for _, weight, kind in inside if kind == "genuine")
        assert row["predicted"] == pytest.approx(sum(p * w for p, w, _ in inside) / total)
        assert row["observed"] == pytest.approx(own / total)
        assert row["genuine"] == sum(kind == "genuine" for *_, kind in inside)


def test_the_page_shows_it_and_runs_nothing(folder):
    page = (folder / "calibration.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "default-src 'none'" in page
    assert page.count("<svg") == 3
    document = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    assert f"{document['threshold']:.4g}" in page
    assert "in use" in page
    assert "Cllr" in page
    assert "drawn faces" not in page
    for word in ("Distances of pairs", "Reliability at a prior of 20 %", "DET"):
        assert word in page


def test_drawn_faces_are_marked(tmp_path):
    page = write_calibration(made(drawn=True), tmp_path, people=PEOPLE)
    assert page.read_text(encoding="utf-8").count("drawn faces, not AT&amp;T") >= 5


def test_without_probabilities_it_says_why(tmp_path):
    page = write_calibration(made(probable=False), tmp_path, people=PEOPLE)
    text = page.read_text(encoding="utf-8")
    assert "No probabilities: too few." in text
    assert text.count("<svg") == 2
    assert all(row["log_likelihood_ratio"] == "" for row in rows_of(tmp_path))


def test_nothing_is_half_written(tmp_path):
    (tmp_path / "calibration.html").mkdir()
    with pytest.raises(OutputError, match="there is a folder of that name"):
        write_calibration(made(), tmp_path, people=PEOPLE)
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.html"]


SVG = "{http://www.w3.org/2000/svg}"


def bin_of(predicted, observed, low, high, count=5):
    return ReliabilityBin(
        predicted=predicted, observed=observed, low=low, high=high, genuine=count, impostor=count
    )


def test_the_diagram_has_a_point_and_an_interval_for_each_bin():
    bins = [bin_of(0.05, 0.0, 0.0, 0.2), bin_of(0.95, 1.0, 0.7, 1.0, count=600)]
    svg = reliability_plot(bins, prior=0.5)
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter(f"{SVG}circle"))) == 2
    # The diagonal, two intervals, and the line through the points.
    assert len(list(root.iter(f"{SVG}polyline"))) == 4
    assert {"10", "1,200", "Reliability at a prior of 50 %"} <= {
        text.text for text in root.iter(f"{SVG}text")
    }
    assert "95.0 % predicted, 100.0 % observed" in root.get("aria-label")
    assert svg == reliability_plot(bins, prior=0.5)


def test_one_bin_alone_can_be_drawn():
    svg = reliability_plot([bin_of(0.5, 0.5, 0.5, 0.5)], prior=0.5, mark="made up")
    assert "nan" not in svg
    assert "made up" in svg
