"""Every number of a report follows from its evidence: computed again, slowly and otherwise.

The loops in `recompute` know only ``report.json``, and nothing of `likeness`.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recompute import document
from recompute.document import INPUTS, Claims, check
from recompute.report import claims_of_report

from likeness.datasets import Dataset, att
from likeness.experiments.lab_split import lab_pairs, lab_section
from likeness.experiments.result import Trained
from likeness.experiments.unseen_people import unseen_people_parts, unseen_people_section
from likeness.reports.content import NetworkFacts, ProtocolSection, ReportContent, json_text


def report_of(data: Dataset, sections: list[ProtocolSection]) -> dict[str, Any]:
    """The report of these protocols as it is read from its file."""
    facts = {"encoder": "e", "energy": "euclidean", "embedding_size": 8, "parameters": 100}
    network = NetworkFacts(summary="", svg="", facts=facts)
    content = ReportContent(
        title="A report", data=data, sections=sections, network=network, seconds=1.5
    )
    read: dict[str, Any] = json.loads(json_text(content.to_json()))
    assert read == json.loads(json.dumps(content.to_json()))
    return read


@pytest.fixture(scope="module")
def report(people: Dataset, both: list[ProtocolSection]) -> dict[str, Any]:
    return report_of(people, both)


@pytest.fixture(scope="module")
def claims(report: dict[str, Any]) -> Claims:
    return claims_of_report(report)


def test_every_number_of_the_demo_s_report_follows_from_its_evidence(
    report: dict[str, Any], claims: Claims
) -> None:
    check(report, claims, INPUTS)
    # 2 protocols × 3 methods × 3 or more figures × (mean, low, high), at least.
    assert sum(bool(re.search("figures|baselines", path)) for path in claims) > 60


def test_the_loops_know_nothing_of_the_library() -> None:
    for file in Path(document.__file__).parent.glob("*.py"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if re.match(r"\s*(from|import)\s+likeness", line)] == []


def test_what_is_marked_follows_from_the_leaks(report: dict[str, Any]) -> None:
    marks = [protocol["watermark"] for protocol in report["protocols"]]
    assert marks == [
        "drawn faces, not AT&T · leaky split: not valid for unseen people",
        "drawn faces, not AT&T",
    ]


def test_a_number_that_nobody_computes_again_is_found(
    report: dict[str, Any], claims: Claims
) -> None:
    changed = copy.deepcopy(report)
    changed["protocols"][0]["figures"]["d_prime"] = {"mean": 2.5}
    with pytest.raises(AssertionError, match="d_prime"):
        check(changed, claims, INPUTS)


@pytest.mark.parametrize(
    "path", ["figures/auc/low", "baselines/fisherfaces/eer/mean", "leak_report/shared_items"]
)
def test_a_changed_number_is_found(report: dict[str, Any], claims: Claims, path: str) -> None:
    changed = copy.deepcopy(report)
    *way, last = path.split("/")
    place = changed["protocols"][1]
    for name in way:
        place = place[name]
    place[last] += 1e-6
    with pytest.raises(AssertionError, match=path):
        check(changed, claims, INPUTS)


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize("method", ["network", "raw_pixels", "fisherfaces"])
def test_a_threshold_that_does_not_follow_is_found(
    report: dict[str, Any], protocol: int, method: str
) -> None:
    changed = copy.deepcopy(report)
    found = changed["protocols"][protocol]["evidence"]["folds"][0]["methods"][method]
    assert found["chosen_on"]["genuine"]
    found["threshold"] += 1e-6
    with pytest.raises(AssertionError, match=f"threshold of {method}"):
        claims_of_report(changed)


def test_the_documents_of_protocols_stay_small(both: list[ProtocolSection]) -> None:
    for section in both:
        assert "evidence" not in section.result.to_json()
        assert len(json_text(section.result.to_json())) < 20_000


@pytest.mark.real
@pytest.mark.slow
def test_every_number_on_the_real_photos_follows_from_a_file_of_reasonable_size(
    real_data: str,
) -> None:
    """Raw pixels stand where the network stands: the loops do not care whose energies they are."""
    data = att()
    parts = unseen_people_parts(data, 4)

    def trained(test: Dataset) -> Trained:
        record = {
            "recipe": {"energy": "euclidean", "seed": 0},
            "histories": {"final": {"loss": [1.0]}},
            "threshold": {"people": []},
            "epochs": 1,
            "seconds": 1.0,
        }
        return Trained(
            embeddings=(test.items.reshape(len(test), -1) / 255).astype(np.float32),
            threshold=10.0,
            record=record,
            fingerprint="0" * 64,
        )

    split = lab_pairs(data, seed=0)
    sections = [
        lab_section(data, split, trained(data), seed=0),
        unseen_people_section(
            data,
            parts,
            [trained(test) for _, test in parts],
            protocol="U4",
            partition_seed=None,
        ),
    ]
    report = report_of(data, sections)
    assert len(json_text(report)) < 5_000_000
    check(report, claims_of_report(report), INPUTS)
