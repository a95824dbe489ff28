"""Every number of an evaluation, and of an open set, follows from its evidence, likewise."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recompute import open_set as slow
from recompute.document import INPUTS, Claims, check, leaves
from recompute.energies import read_method
from recompute.report import (
    claims_of_protocol,
    claims_of_report,
    groupings,
    searches_of_protocol,
)

from likeness.datasets import Dataset, att, drawn_faces
from likeness.encoders import convnet
from likeness.experiments.result import Trained
from likeness.experiments.saved_model import evaluate_model, model_report
from likeness.experiments.unseen_people import unseen_people_parts, unseen_people_section
from likeness.images.preparation import Preparation
from likeness.model.siamese_model import SiameseModel
from likeness.reports import write_report
from likeness.reports.content import ProtocolSection, json_text


class Pixels:
    """A model in four lines."""

    energy = "euclidean"
    fingerprint = "0" * 64
    runtime = "none"

    def __init__(self, record: dict[str, Any], threshold: float | None = 7.5) -> None:
        self.record = record
        self.threshold = threshold
        self.calibration: dict[str, Any] = {}

    def embed(self, images: Any) -> Any:
        return (images.reshape(len(images), -1)[:, ::7] / 255).astype(np.float32)


def with_evidence(section: ProtocolSection) -> dict[str, Any]:
    """The document with `--evidence`, as it is read from its file."""
    read: dict[str, Any] = json.loads(json_text(section.to_json()))
    return read


def labels_of(people: Dataset) -> dict[str, dict[str, str]]:
    """Two large groups; and large, small and single ones, with people in none."""
    names = people.distinct
    return {
        "room": {name: "ab"[place % 2] for place, name in enumerate(names)},
        "age": {
            name: "old" if place < 11 else "young" if place < 15 else "one"
            for place, name in enumerate(names[:16])
        },
    }


@pytest.fixture(scope="module")
def evaluated() -> dict[str, Any]:
    """Enough people for a DIR, and for groups that can be compared."""
    people = drawn_faces(identities=21, photos_each=3, size=(56, 46), seed=5)
    model: Any = Pixels({"data": {"identities": ["somebody"], "item_digests": []}}, threshold=2.0)
    section = evaluate_model(model, people, labels=labels_of(people))
    assert "evidence" not in section.result.to_json()
    return with_evidence(section)


@pytest.fixture(scope="module")
def claims(evaluated: dict[str, Any]) -> Claims:
    return claims_of_protocol(evaluated, "")


def test_every_number_of_an_evaluation_follows_from_its_evidence(
    evaluated: dict[str, Any], claims: Claims
) -> None:
    check(evaluated, claims, INPUTS)
    assert "dir_at_fpir_5e-2" in evaluated["open_set"]["figures"]
    for part, least in (("cmc", 40), ("open_set", 400), ("groups", 60)):
        assert sum(path.startswith(part) for path in claims) > least
    assert len(json_text(evaluated["evidence"])) < 150_000


def test_names_and_verdicts_of_groups_follow_too(evaluated: dict[str, Any]) -> None:
    """What is compared with what, what stands out, and what is too small."""
    network = read_method(evaluated["evidence"]["folds"][0], "network")
    searched = searches_of_protocol(evaluated, {"network": [network]})
    again = groupings(evaluated, network, searched)
    assert [grouping["column"] for grouping in evaluated["groups"]] == ["room", "age"]
    for stated, found in zip(evaluated["groups"], again, strict=True):
        for kind in ("groups", "differences"):
            words = [
                {name: value for name, value in each.items() if isinstance(value, str | bool)}
                for each in found[kind]
            ]
            assert [{name: each[name] for name in words[0]} for each in stated[kind]] == words
    assert [group["small"] for group in again[1]["groups"]] == [False, True, True]
    assert {found["figure"] for found in again[0]["differences"]} == {
        "fmr",
        "fnmr",
        "fnir",
        "one_shot_21way",
    }


def test_halves_follow_from_their_seed(evaluated: dict[str, Any]) -> None:
    part, (fold,) = evaluated["open_set"], evaluated["evidence"]["folds"]
    again = slow.halves_again(fold, len(part["halves"][0]), part["seeds"]["halves"])
    assert part["halves"] == [again]
    assert slow.halves_again(fold, len(again), part["seeds"]["halves"] + 1) != again


@pytest.mark.parametrize(
    "path",
    [
        "cmc/raw_pixels/3",
        "open_set/figures/fpir/high",
        "open_set/baselines/raw_pixels/dir_at_fpir_1e-1/low",
        "open_set/curves/network/dir/20",
        "open_set/counts/non_mated_searches",
        "groups/0/groups/1/figures/fnir/low",
        "groups/0/differences/2/difference/high",
        "groups/1/unlabelled",
    ],
)
def test_a_changed_number_is_found(evaluated: dict[str, Any], claims: Claims, path: str) -> None:
    changed: Any = copy.deepcopy(evaluated)
    *way, last = (int(name) if name.isdigit() else name for name in path.split("/"))
    place = changed
    for name in way:
        place = place[name]
    place[last] += 1e-6
    with pytest.raises(AssertionError, match=path):
        check(changed, claims, INPUTS)


def test_a_number_that_nobody_computes_again_is_found(
    evaluated: dict[str, Any], claims: Claims
) -> None:
    changed = copy.deepcopy(evaluated)
    changed["open_set"]["figures"]["fpir"]["median"] = 0.5
    with pytest.raises(AssertionError, match="median"):
        check(changed, claims, INPUTS)


@pytest.mark.parametrize("identities", [3, 8])
@pytest.mark.parametrize("known", [0, 3])
def test_few_people_leaks_and_no_threshold(identities: int, known: int) -> None:
    """Three people have no open set, but groups; eight without a threshold no FPIR."""
    people = drawn_faces(identities=identities, photos_each=2, size=(28, 24), seed=4)
    digests = [digest[:16] for digest in people.item_digests]
    record = {"data": {"identities": ["somebody"], "item_digests": digests[:known]}}
    model: Any = Pixels(record, threshold=None if identities == 8 else 2.0)
    seen = {"identities": [people.distinct[1]], "item_digests": digests[:known]}
    model.calibration = {"provenance": {"data": seen}}
    labels = {"all": dict.fromkeys(people.distinct[:-1], "everybody")}
    document = with_evidence(evaluate_model(model, people, labels=labels))
    assert (document["watermark"] or "").count("leaky split") == bool(known)
    assert ("open_set" in document) == (identities == 8)
    check(document, claims_of_protocol(document, ""), INPUTS)


def test_more_than_ten_photos_are_enrolled_in_ten_turns() -> None:
    people = drawn_faces(identities=4, photos_each=13, size=(28, 24), seed=4)
    model: Any = Pixels({})
    document = with_evidence(evaluate_model(model, people))
    network = read_method(document["evidence"]["folds"][0], "network")
    (searches,) = searches_of_protocol(document, {"network": [network]})["network"]
    part = document["open_set"]
    assert part["counts"]["galleries"] == searches.galleries == 20 * 10
    assert part["counts"]["mated_searches"] == len(searches.mated)
    assert dict(leaves(part["curves"]["network"])) == pytest.approx(
        dict(leaves(slow.curve([searches]))), rel=0, abs=1e-9
    )


def trained(people: Dataset, folds: int) -> list[Trained]:
    """What trainings leave behind: here, pixels as embeddings."""
    record = {
        "recipe": {"energy": "euclidean", "seed": 0},
        "threshold": {"people": []},
        "histories": {"final": {"loss": [1.0]}},
        "epochs": 1,
        "seconds": 0.1,
    }
    return [
        Trained(
            embeddings=(test.items.reshape(len(test), -1) / 255).astype(np.float32),
            threshold=3.0 + place,
            record=record,
            fingerprint="f" * 64,
        )
        for place, (_, test) in enumerate(unseen_people_parts(people, folds))
    ]


def open_set_document(people: Dataset, folds: int) -> dict[str, Any]:
    parts = unseen_people_parts(people, folds)
    return with_evidence(
        unseen_people_section(
            people, parts, trained(people, folds), protocol="open-set", partition_seed=None
        )
    )


def test_every_number_of_the_open_set_protocol_follows_from_its_evidence() -> None:
    """Folds of five and of four people, each with halves and thresholds of its own."""
    document = open_set_document(
        drawn_faces(identities=9, photos_each=4, size=(28, 24), seed=6), folds=2
    )
    part, folds = document["open_set"], document["evidence"]["folds"]
    assert part["halves"] == [slow.halves_again(fold, 20, 0) for fold in folds]
    assert {len(half) for halves in part["halves"] for half in halves} == {2}
    # Its folds are within the section, not at the place they have in a report.
    inside = {"protocols": [document]}
    check(inside, claims_of_protocol(document, "protocols/0"), INPUTS)


def test_every_number_of_an_evaluation_s_page_follows_from_its_report(tmp_path: Path) -> None:
    people = drawn_faces(identities=8, photos_each=2, size=(28, 24), seed=4)
    encoder = convnet((16, 12, 1), embedding_size=5, width=2, seed=0)
    model = SiameseModel(
        preparation=Preparation(rows=16, columns=12),
        encoder=encoder,
        energy="euclidean",
        threshold=0.2,
        record={"recipe": {"epochs": 1, "seed": 3}},
    )
    labels = {"all": dict.fromkeys(people.distinct, "everybody")}
    section = evaluate_model(model, people, labels=labels)
    write_report(model_report(model, people, section, seconds=1.5), tmp_path)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    claims = claims_of_report(report)
    check(report, claims, INPUTS)
    for part in ("cmc", "open_set", "groups"):
        assert any(path.startswith(f"protocols/0/{part}/") for path in claims)


@pytest.mark.real
@pytest.mark.slow
def test_every_number_of_the_open_set_on_the_real_photos_follows(real_data: str) -> None:
    """Raw pixels stand where the network stands: the loops do not care whose energies they are."""
    document = open_set_document(att(), folds=4)
    assert len(json_text(document)) < 5_000_000
    inside = {"protocols": [document]}
    check(inside, claims_of_protocol(document, "protocols/0"), INPUTS)
