"""A saved model on a data set: figures, searches, groups, leaks, and its page's content."""

import io
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from likeness.datasets import Dataset, drawn_faces
from likeness.encoders import convnet
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation import evaluate_open_set, evaluate_unseen, one_shot_each_item
from likeness.evaluation.figures import percent
from likeness.evaluation.results import ProtocolResult
from likeness.experiments.saved_model import evaluate_model, model_report
from likeness.images.preparation import Preparation
from likeness.model.siamese_model import SiameseModel
from likeness.reports import print_protocol
from likeness.reports.html import report_html


@dataclass
class PixelModel:
    """As much of a model as an evaluation asks for."""

    threshold: float | None = 5.0
    record: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    energy: str = "euclidean"
    fingerprint: str = "f" * 64
    runtime: str = "numpy"
    embedding_size: int = 28 * 24

    def embed(self, images: Any) -> Any:
        return images.reshape(len(images), -1) / 255.0


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=12, photos_each=4, size=(28, 24), seed=2)


def test_figures_are_those_of_the_evaluation(people) -> None:
    document = evaluate_model(PixelModel(), people).result.to_json()
    plain = evaluate_unseen(PixelModel(), people, threshold=5.0)
    for name, rate in plain.figures.items():
        assert document["figures"][name]["mean"] == pytest.approx(rate)
    assert "accuracy" not in document["baselines"]["raw_pixels"]
    assert document["counts"]["one_shot_trials"] == 4 * 12 * 3


def test_searches_are_at_the_model_s_threshold(people) -> None:
    part = evaluate_model(PixelModel(), people).result.to_json()["open_set"]
    matrix = energy_matrix("euclidean", PixelModel().embed(people.items))
    plain = evaluate_open_set(matrix, people.codes, threshold=5.0)
    assert set(plain.figures) == {"fpir", "fnir", "dir_at_fpir_1e-1"}
    for name, rate in plain.figures.items():
        assert part["figures"][name]["mean"] == pytest.approx(rate)
    assert part["threshold"] == 5.0
    assert part["counts"]["enrolled"] == 6
    halves = [[people.distinct[code] for code in half] for half in plain.halves]
    assert part["halves"] == [halves]


def test_cmc_starts_at_the_one_shot_rate(people) -> None:
    document = evaluate_model(PixelModel(), people).result.to_json()
    matrix = energy_matrix("euclidean", PixelModel().embed(people.items))
    trials = one_shot_each_item(matrix, people.codes)
    expected = [trials.ranks.credit(rank).mean() for rank in range(1, 13)]
    assert document["cmc"]["network"] == pytest.approx(expected)
    assert document["cmc"]["network"] == document["cmc"]["raw_pixels"]


def test_a_calibrated_threshold_is_not_called_a_poor_one(people) -> None:
    plain, calibrated = (
        " ".join(evaluate_model(model, people).result.to_json()["open_set"]["sentences"])
        for model in (PixelModel(), PixelModel(calibration={"threshold": 5.0}))
    )
    assert "not a suitable operating point for an open set" in plain
    assert "operating point" not in calibrated
    assert "calibrated for a purpose" in calibrated


def test_people_the_threshold_was_calibrated_on_are_said(people) -> None:
    """By name or by photo; the figures at that threshold are not valid for others."""
    digest = people.of([people.distinct[3]]).item_digests[1][:16]
    seen = {"identities": [people.distinct[0], "somebody"], "item_digests": [digest]}
    model = PixelModel(calibration={"provenance": {"data": seen}})
    section = evaluate_model(model, people)
    assert section.result.to_json()["threshold_seen"] == 2
    sentences = section.result.to_json()["leak_report"]["sentences"]
    assert "The threshold was calibrated on 2 of these 12 people" in sentences[-1]
    page = report_html(model_report(model, people, section, seconds=1.0))
    assert "The threshold was calibrated on these people" in page
    said = io.StringIO()
    print_protocol(Console(file=said, width=100), section.result)
    assert "The threshold was calibrated on these people" in said.getvalue()
    others = PixelModel(calibration={"provenance": {"data": {"identities": ["somebody"]}}})
    assert evaluate_model(others, people).result.to_json()["threshold_seen"] == 0


def test_a_model_without_a_threshold_says_so(people) -> None:
    document = evaluate_model(PixelModel(threshold=None), people).result.to_json()
    assert set(document["open_set"]["figures"]) == {"dir_at_fpir_1e-1"}
    assert "There is no threshold" in document["open_set"]["sentences"][0]


def test_three_people_have_no_open_set_but_all_else(people) -> None:
    few = people.of(people.distinct[:3])
    section = evaluate_model(PixelModel(), few)
    assert "open_set" not in section.result.to_json()
    assert section.open_set_curves == {}
    assert len(section.result.to_json()["cmc"]["network"]) == 3
    with pytest.raises(TooFewError, match="at least 2 people"):
        evaluate_model(PixelModel(), people.of(people.distinct[:1]))


def test_groups_stand_in_the_order_of_the_file(people) -> None:
    labels = {
        "room": {name: "ab"[i % 2] for i, name in enumerate(people.distinct)},
        "all": dict.fromkeys(people.distinct[:10], "everybody"),
    }
    document = evaluate_model(PixelModel(), people, labels=labels).result.to_json()
    assert [grouping["column"] for grouping in document["groups"]] == ["room", "all"]
    room, everybody = document["groups"]
    assert [group["people"] for group in room["groups"]] == [6, 6]
    assert everybody["unlabelled"] == 2
    assert set(room["groups"][0]["figures"]) == {"fmr", "fnmr", "fnir", "one_shot_12way"}
    assert "groups" not in evaluate_model(PixelModel(), people).result.to_json()


def test_the_worst_pairs_are_on_the_wrong_side(people) -> None:
    section = evaluate_model(PixelModel(), people)
    assert section.mistakes
    for mistake in section.mistakes:
        assert (mistake.energy > 5.0) == mistake.genuine


@pytest.fixture(scope="module")
def model() -> SiameseModel:
    encoder = convnet((16, 12, 1), embedding_size=5, width=2, seed=0)
    return SiameseModel(
        preparation=Preparation(rows=16, columns=12),
        encoder=encoder,
        energy="euclidean",
        threshold=0.5,
        record={"recipe": {"epochs": 1, "seed": 3}, "data": {"identities": ["somebody"]}},
    )


class TestReport:
    def test_the_page_has_every_part(self, model, people) -> None:
        labels = {"room": {name: "ab"[i % 2] for i, name in enumerate(people.distinct)}}
        section = evaluate_model(model, people, labels=labels)
        content = model_report(model, people, section, seconds=1.0)
        assert content.to_json()["protocols"] == [section.to_json()]
        assert content.to_json()["network"]["parameters"] == model.encoder.count_params()
        page = report_html(content)
        for said in (
            "A saved model on",
            "Distances of pairs",
            "ROC",
            "CMC",
            "Open set: identification",
            "By room",
            "raw pixels",
            "No leak",
            "drawn faces, not AT&amp;T",
        ):
            assert said in page, said

    def test_what_it_was_trained_on_stands_on_the_page(self, model, people) -> None:
        record = {
            "recipe": {"seed": 3},
            "data": {
                "identities": list(people.distinct[:2]),
                "item_digests": [digest[:16] for digest in people.item_digests[:8]],
            },
        }
        leaky = replace(model, record=record)
        section = evaluate_model(leaky, people)
        assert section.result.to_json()["unseen_people"] is False
        assert section.result.to_json()["open_set"]["unseen_people"] is False
        page = report_html(model_report(leaky, people, section, seconds=1.0))
        assert "This protocol leaks" in page
        assert "Leak: 2 of the 12 test people" in page
        assert "Unseen people" not in page


def test_photos_without_a_face_are_rejected_in_every_rate_and_said(people) -> None:
    failed = (people.distinct[0],) * 4 + (people.distinct[3],) * 2
    section = evaluate_model(PixelModel(), replace(people, not_acquired=failed))
    document = section.result.to_json()
    fta = len(failed) / (len(failed) + len(people))
    tried = document["acquisition"]
    assert (tried["photos"], tried["failed"]) == (len(people) + 6, 6)
    assert tried["fta"] == document["figures"]["fta"]["mean"] == pytest.approx(fta)
    plain = evaluate_model(PixelModel(), people).result.to_json()
    assert "acquisition" not in plain
    assert "fta" not in plain["figures"]
    for method, figures in {"network": plain["figures"], **plain["baselines"]}.items():
        alone = tried["without"][method]
        assert {name: each["mean"] for name, each in alone.items()} == pytest.approx(
            {name: each["mean"] for name, each in figures.items()}
        )
    one_shot = plain["figures"]["one_shot_12way"]["mean"]
    assert document["figures"]["one_shot_12way"]["mean"] == pytest.approx(one_shot * (1 - fta))
    assert document["cmc"]["network"][-1] == pytest.approx(1 - fta)
    part = document["open_set"]
    fnir = plain["open_set"]["figures"]["fnir"]["mean"]
    assert part["figures"]["fnir"]["mean"] == pytest.approx(fta + (1 - fta) * fnir)
    assert part["acquisition"]["without"]["network"]["fnir"]["mean"] == pytest.approx(fnir)
    assert section.to_json()["evidence"]["folds"][0]["not_acquired"] == list(failed)
    stream = io.StringIO()
    print_protocol(Console(file=stream, width=400), section.result)
    printed = stream.getvalue()
    assert "FTA 11.1 %: no usable face in 6 of 54 photos; they count as rejected." in printed
    assert f"EER {percent(plain['figures']['eer']['mean'])} instead of" in printed
    assert ProtocolResult.from_json(document) == ProtocolResult.from_json(
        ProtocolResult.from_json(document).to_json()
    )


def test_a_model_without_a_record_is_measured(people) -> None:
    document = evaluate_model(PixelModel(record={}), people).result.to_json()
    assert document["seeds"] == {"recipe": None}
    assert document["unseen_people"] is False
    (said,) = document["leak_report"]["sentences"]
    assert said.startswith("The training people of this model are not recorded")
    assert np.isfinite(document["figures"]["auc"]["mean"])
