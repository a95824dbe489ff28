"""Protocol «open set»: U4's folds and trainings, half of the test people never enrolled."""

import json

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation import BASELINES, cross_fitted_threshold
from likeness.evaluation.open_set import Searches
from likeness.experiments.result import Trained
from likeness.experiments.unseen_people import (
    PROTOCOLS,
    unseen_people,
    unseen_people_parts,
    unseen_people_section,
)
from likeness.reports.content import ProtocolSection
from likeness.training import BATCHES


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=10, photos_each=5, size=(28, 23), seed=5)


def runs_of(people: Dataset, *, threshold: float | None = 4.0) -> list[Trained]:
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
            embeddings=(test.items.reshape(len(test), -1) / 255.0).astype(np.float32),
            threshold=threshold,
            record=record,
            fingerprint="f" * 64,
        )
        for _, test in unseen_people_parts(people, 2)
    ]


def section_of(people: Dataset, **changes: float | None) -> ProtocolSection:
    parts = unseen_people_parts(people, 2)
    return unseen_people_section(
        people, parts, runs_of(people, **changes), protocol="open-set", partition_seed=None
    )


@pytest.fixture(scope="module")
def section(people: Dataset) -> ProtocolSection:
    return section_of(people)


def test_pairs_are_those_of_unseen_people(section, people) -> None:
    parts = unseen_people_parts(people, 2)
    plain = unseen_people_section(
        people, parts, runs_of(people), protocol="U4", partition_seed=None
    ).result.to_json()
    for name in ("figures", "baselines", "counts", "leaks", "threshold", "data"):
        assert section.result.to_json()[name] == plain[name]
    assert "open_set" not in plain
    assert "cmc" not in plain


def test_rates_can_be_counted_again_from_the_halves(section, people) -> None:
    """Raw pixels at their thresholds, half by half, by the people named in the document."""
    part = section.result.to_json()["open_set"]
    fpir, fnir = [], []
    for (training, test), halves in zip(
        unseen_people_parts(people, 2), part["halves"], strict=True
    ):
        threshold = cross_fitted_threshold(BASELINES["raw_pixels"], training)
        embedder = BASELINES["raw_pixels"](training)
        matrix = energy_matrix(embedder.energy, embedder.embed(test.items))
        false, wrong = [], []
        for half in halves:
            assert len(half) == 2
            for place in range(5):
                enrolled = [test.item_names.index(f"{person}/{place + 1}") for person in half]
                probes = [i for i in range(len(test)) if i not in enrolled]
                found = Searches.of(
                    matrix[np.ix_(probes, enrolled)], test.codes[probes], test.codes[enrolled]
                )
                false += list(found.non_mated <= threshold)
                wrong += list(1 - found.ranks.credit(1) * (found.mated <= threshold))
        fpir.append(np.mean(false))
        fnir.append(np.mean(wrong))
    figures = part["baselines"]["raw_pixels"]
    assert figures["fpir"]["mean"] == pytest.approx(np.mean(fpir))
    assert figures["fnir"]["mean"] == pytest.approx(np.mean(fnir))


def test_every_method_is_searched_at_a_threshold_of_its_own(section) -> None:
    part = section.result.to_json()["open_set"]
    assert set(part["baselines"]) == {"raw_pixels", "fisherfaces"}
    for figures in (part["figures"], *part["baselines"].values()):
        assert set(figures["fpir"]) == {"mean", "low", "high"}
        assert 0 <= figures["fnir"]["low"] <= figures["fnir"]["mean"] <= figures["fnir"]["high"]


def test_counts_and_sentences(section) -> None:
    part = section.result.to_json()["open_set"]
    counts = part["counts"]
    assert (counts["enrolled"], counts["strangers"], counts["folds"]) == (2, 3, 2)
    assert counts["galleries"] == 2 * 20 * 5
    assert counts["mated_searches"] == counts["galleries"] * 2 * 4
    assert counts["non_mated_searches"] == counts["galleries"] * 3 * 5
    assert counts["non_mated_probes"] == 50
    assert part["least_fpir"] == pytest.approx(3 / 25)
    said = " ".join(part["sentences"])
    assert "With 2 people enrolled" in said
    assert "It is not a suitable operating point for an open set" in said
    assert "too few for a DIR: they show no FPIR under 12.0 %" in said


def test_curves_and_cmc_rise(section) -> None:
    for curve in section.result.to_json()["open_set"]["curves"].values():
        assert len(curve["fpir"]) == len(curve["dir"]) <= 200
        assert (curve["fpir"][0], curve["fpir"][-1]) == (0.0, 1.0)
        assert (np.diff(curve["dir"]) >= -1e-12).all()
    for rates in section.result.to_json()["cmc"].values():
        assert len(rates) == 5
        assert (np.diff(rates) >= 0).all()
        assert rates[-1] == 1.0
    one_shot = section.result.to_json()["figures"]["one_shot_5way"]["mean"]
    assert section.result.to_json()["cmc"]["network"][0] == pytest.approx(one_shot)


def test_document_is_json_and_drawn_faces_are_marked(section) -> None:
    document = json.loads(json.dumps(section.result.to_json(), allow_nan=False))
    assert document["protocol"] == "open-set"
    assert document["drawn"] is document["open_set"]["drawn"] is True


def test_four_people_are_needed_in_each_fold(people) -> None:
    with pytest.raises(TooFewError, match="expected at least 16 people"):
        unseen_people(BATCHES, people, protocol="open-set")


def test_a_network_without_a_threshold_has_no_fpir(people) -> None:
    part = section_of(people, threshold=None).result.to_json()["open_set"]
    assert "fpir" not in part["figures"]
    assert "fpir" in part["baselines"]["raw_pixels"]
    assert part["sentences"][0] == "There is no threshold, so no FPIR and no FNIR."


@pytest.mark.slow
def test_trained_from_the_command_line_s_name() -> None:
    recipe = BATCHES.replace(
        schedule={"epochs": 1, "steps": 2},
        encoder={"width": 2, "kind": "convnet"},
        preparation={"rows": 28, "columns": 23},
    )
    data = drawn_faces(identities=24, photos_each=3, size=(28, 23), seed=1)
    document = PROTOCOLS["open-set"](recipe, data).result.to_json()
    assert document["leaks"] == 0
    assert document["open_set"]["counts"]["folds"] == 4
    assert set(document["open_set"]["figures"]["fpir"]) == {"mean", "low", "high"}
