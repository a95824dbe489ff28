"""The protocols end to end, on drawn faces and with trainings of a few steps."""

import json
from dataclasses import replace

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.errors import OverlapError, TooFewError
from likeness.evaluation import accuracy_at, auc, equal_error_rate, error_rates
from likeness.experiments.lab_split import lab_pairs, lab_split
from likeness.experiments.unseen_people import lab_and_unseen, unseen_people, unseen_people_parts
from likeness.reports.content import ProtocolSection
from likeness.training import BATCHES, PAIRS

# As in conftest: that the same settings give the same figures is a test here.
QUICK = {
    "schedule": {"epochs": 1, "steps": 2},
    "encoder": {"width": 2, "kind": "convnet"},
    "preparation": {"rows": 28, "columns": 23},
}


class TestUnseenPeople:
    def test_every_person_is_tested_once_and_never_trained_on(
        self, both: list[ProtocolSection], people: Dataset
    ) -> None:
        folds = both[1].result.to_json()["folds"]
        tested = [person for fold in folds for person in fold["people"]]
        assert sorted(tested) == sorted(people.distinct)
        for fold in folds:
            assert not set(fold["people"]) & set(fold["threshold_people"])
        assert both[1].result.to_json()["leaks"] == 0

    def test_fold_f_tests_the_people_at_f_modulo_4(
        self, both: list[ProtocolSection], people: Dataset
    ) -> None:
        for fold in both[1].result.to_json()["folds"]:
            assert tuple(fold["people"]) == people.distinct[fold["fold"] :: 4]

    def test_a_single_fold_is_the_first_and_says_so(
        self, both: list[ProtocolSection], people: Dataset
    ) -> None:
        one = lab_and_unseen(
            people, lab=PAIRS.replace(**QUICK), unseen=BATCHES.replace(**QUICK), folds_run=1
        )[1].result.to_json()
        assert one["protocol"] == "U4, 1 of 4 folds"
        assert "1 fold, " in one["title"]
        assert one["counts"]["identities"] == len(one["folds"][0]["people"])
        (fold,), first = one["folds"], both[1].result.to_json()["folds"][0]
        assert (fold["people"], fold["figures"]) == (first["people"], first["figures"])

    def test_figures_can_be_recomputed_from_the_energies(self, both: list[ProtocolSection]) -> None:
        lab = both[0]
        rates = error_rates(lab.genuine, lab.impostor)
        figures = lab.result.to_json()["folds"][0]["figures"]
        assert figures["auc"] == auc(rates)
        assert figures["eer"] == equal_error_rate(rates)
        assert figures["accuracy"] == accuracy_at(rates, lab.result.threshold)

    def test_means_are_over_folds_and_lie_within_their_intervals(
        self, both: list[ProtocolSection]
    ) -> None:
        document = both[1].result.to_json()
        for name, figure in document["figures"].items():
            each = [fold["figures"][name] for fold in document["folds"] if name in fold["figures"]]
            if len(each) == 4:
                assert figure["mean"] == pytest.approx(np.mean(each))
            assert 0 <= figure["low"] <= figure["high"] <= 1

    def test_baselines_have_the_same_figures(self, both: list[ProtocolSection]) -> None:
        document = both[1].result.to_json()
        assert set(document["baselines"]) == {"raw_pixels", "fisherfaces"}
        for figures in document["baselines"].values():
            assert set(figures) >= {"auc", "eer", "accuracy"}

    def test_document_is_json_and_drawn_faces_are_marked(self, both: list[ProtocolSection]) -> None:
        for section in both:
            assert (
                json.loads(json.dumps(section.result.to_json(), allow_nan=False))["drawn"] is True
            )

    def test_same_seed_same_figures_whatever_the_number_of_workers(
        self, both: list[ProtocolSection], people: Dataset
    ) -> None:
        again = unseen_people(BATCHES.replace(**QUICK), people, workers=1)
        assert again.result.to_json()["figures"] == both[1].result.to_json()["figures"]
        fingerprints = [fold["fingerprint"] for fold in again.result.to_json()["folds"]]
        assert fingerprints == [fold["fingerprint"] for fold in both[1].result.to_json()["folds"]]

    def test_partition_seed_deals_people_differently(self, people: Dataset) -> None:
        quick = BATCHES.replace(**QUICK)
        dealt = unseen_people(quick, people, folds=2, partition_seed=1).result.to_json()["folds"]
        assert tuple(dealt[0]["people"]) != people.distinct[::2]

    def test_one_photo_under_two_people_is_refused(self) -> None:
        items = np.arange(16 * 64, dtype=np.uint16).astype(np.uint8).reshape(16, 8, 8, 1)
        items = items + np.arange(16, dtype=np.uint8)[:, None, None, None]
        items[15] = items[0]
        data = Dataset(items, [f"p{i // 2}" for i in range(16)])
        with pytest.raises(OverlapError, match="photos are in both training and test"):
            unseen_people(BATCHES, data)

    def test_too_few_people_for_the_folds(self, people: Dataset) -> None:
        with pytest.raises(TooFewError, match="expected at least 8 people"):
            unseen_people(BATCHES, people.of(people.distinct[:5]))

    def test_every_fold_is_checked_before_the_first_is_trained(self) -> None:
        faces = drawn_faces(identities=8, photos_each=2, size=(28, 24), seed=1)
        items = faces.items.copy()
        items[1::2] = items[::2]  # everybody's second photo is a copy: nothing to learn from
        copies = replace(faces, items=items)
        with pytest.raises(TooFewError, match=r"fold 0 of 2: .* Use fewer folds\."):
            unseen_people_parts(copies, 2)
        with pytest.raises(TooFewError, match=r"fold 0 of 2"):
            unseen_people(BATCHES, copies, folds=2)

    def test_uneven_people_can_be_dealt_to_folds(self) -> None:
        faces = drawn_faces(identities=12, photos_each=3, size=(28, 24), seed=1)
        first = {name: faces.identities.index(name) for name in faces.distinct}
        kept = [
            index
            for index, name in enumerate(faces.identities)
            if int(name.removeprefix("drawn")) % 2 or index == first[name]
        ]
        for training, test in unseen_people_parts(faces.take(kept), 3):
            assert len(test.identities_with(2)) == 2
            assert len(training.identities_with(2)) == 4

    def test_progress_of_every_training_is_told(self, people: Dataset) -> None:
        told = []
        quick = BATCHES.replace(**QUICK)
        unseen_people(quick, people, folds=2, on_progress=told.append)
        for job in (0, 1):
            assert any(p.job == job and p.training for p in told)
            assert any(p.job == job and p.training is None for p in told)


class TestLabSplit:
    def test_pairs_are_split_three_to_one_and_shared_by_nobody(self, people: Dataset) -> None:
        learned, tested = lab_pairs(people, seed=0)
        assert len(tested) == pytest.approx(len(learned) / 3, abs=1)
        keys = [{tuple(pair) for pair in part.pairs.tolist()} for part in (learned, tested)]
        assert not keys[0] & keys[1]
        assert tested.genuine.mean() == pytest.approx(0.5, abs=0.02)

    def test_leak_report_names_the_people(
        self, both: list[ProtocolSection], people: Dataset
    ) -> None:
        report = both[0].result.to_json()["leak_report"]
        assert report["shared_identities"] == report["identities"] == len(people.distinct)
        assert report["shared_genuine_pairs"] == 0
        assert any("(100 %) are in the training part" in said for said in report["sentences"])

    @pytest.mark.parametrize(("photos", "pairs"), [((10, 3), 30), ((5, 2), 10), ((3, 3), 6)])
    def test_ten_photos_and_three_are_balanced_down(
        self, photos: tuple[int, int], pairs: int
    ) -> None:
        names = ["ada"] * photos[0] + ["bob"] * photos[1]
        items = np.arange(len(names), dtype=np.uint8).reshape(-1, 1, 1, 1)
        learned, tested = lab_pairs(Dataset(items, names), seed=0)
        assert len(learned) + len(tested) == 2 * pairs
        assert 0 < tested.genuine.sum() < len(tested)

    def test_a_lab_split_of_hardly_any_pairs_is_refused(self) -> None:
        data = Dataset(np.arange(4, dtype=np.uint8).reshape(-1, 1, 1, 1), list("aabb"))
        with pytest.raises(TooFewError, match="the lab split needs 6 pairs or more"):
            lab_pairs(data, seed=0)

    def test_takes_pairs_recipes_only(self, people: Dataset) -> None:
        with pytest.raises(ValueError, match="expected 'pairs'"):
            lab_split(BATCHES, people)

    def test_mistakes_are_on_the_wrong_side(self, both: list[ProtocolSection]) -> None:
        for mistake in both[0].mistakes:
            assert (mistake.energy > both[0].result.threshold) == mistake.genuine
