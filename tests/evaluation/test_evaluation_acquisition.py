"""A photo without a usable face counts as rejected in every rate, with the FTA beside it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from likeness.datasets.items import Acquisition, Dataset
from likeness.energies import energy_matrix
from likeness.evaluation import (
    equal_error_rate,
    error_rates,
    evaluate_matrix,
    evaluate_open_set,
    open_set_intervals,
    people_intervals,
)
from likeness.evaluation.groups import Grouping
from likeness.evaluation.threshold_choice import Purpose, calibrate

PEOPLE, EACH, THRESHOLD = 24, 4, 1.2
FAILED = ("p1", "p1", "p3", "nobody", "nobody", "nobody")
FTA = len(FAILED) / (PEOPLE * EACH + len(FAILED))


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Points of 24 people; of two, other photos show no face, and of one nothing else."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(PEOPLE), EACH)
    points = rng.normal(size=(PEOPLE, 3))[codes] + 0.5 * rng.normal(size=(len(codes), 3))
    return Dataset(points, [f"p{code}" for code in codes], not_acquired=FAILED)


@pytest.fixture(scope="module")
def matrix(data: Dataset) -> np.ndarray:
    return energy_matrix("euclidean", data.items)


@pytest.fixture(scope="module")
def tried(data: Dataset) -> Acquisition:
    found = data.acquisition
    assert found is not None
    return found


def test_photos_are_counted_by_person_and_nobody_is_forgotten(data, tried) -> None:
    assert data.everybody == (*data.distinct, "nobody")
    assert tried.acquired.tolist() == [EACH] * PEOPLE + [0]
    assert {data.everybody[i]: tried.failed[i] for i in np.flatnonzero(tried.failed)} == {
        "p1": 2,
        "p3": 1,
        "nobody": 3,
    }
    assert tried.rate() == pytest.approx(FTA)
    assert replace(data, not_acquired=None).acquisition is None
    assert data.of(["p1", "p2"]).not_acquired == ("p1", "p1")
    assert data.of(["p2"]).not_acquired == ()


@pytest.mark.parametrize("fta", [0.0, 0.05, 0.3, 0.8])
class TestRates:
    def test_far_and_frr_are_those_of_the_standard(self, fta: float) -> None:
        rates = error_rates([0.1, 0.4, 0.5], [0.4, 0.9])
        counted = rates.counting(fta)
        for threshold in (-1.0, 0.1, 0.45, 2.0):
            (fmr, fnmr), (far, frr) = rates.at(threshold), counted.at(threshold)
            assert far == pytest.approx(fmr * (1 - fta))
            assert frr == pytest.approx(fta + fnmr * (1 - fta))

    def test_the_area_is_scikit_learn_s_with_the_failures_as_the_worst_scores(
        self, fta: float
    ) -> None:
        rng = np.random.default_rng(1)
        genuine, impostor = rng.normal(0, 1, 30), rng.normal(1, 1, 50)
        labels = np.concatenate([np.ones(31), np.zeros(51)])
        scores = -np.concatenate([genuine, [99], impostor, [99]])
        weights = np.concatenate(
            [np.full(30, (1 - fta) / 30), [fta], np.full(50, (1 - fta) / 50), [fta]]
        )
        figures = error_rates(genuine, impostor).counting(fta).figures(None, ())
        expected = roc_auc_score(labels, scores, sample_weight=weights)
        assert figures["auc"] == pytest.approx(expected)

    def test_the_equal_error_rate_is_where_the_counted_rates_cross(self, fta: float) -> None:
        rates = error_rates(np.arange(100) / 100, 0.5 + np.arange(100) / 100)
        counted = rates.counting(fta)
        eer = equal_error_rate(counted)
        assert eer >= equal_error_rate(rates) - 1e-12
        after = int(np.argmax(counted.far >= counted.frr))
        assert counted.far[after - 1] <= eer <= counted.far[after]


class TestFigures:
    def test_every_figure_of_verification_and_identification(self, data, matrix, tried) -> None:
        plain = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD)
        counted = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD, acquisition=tried)
        assert counted.figures["fta"] == pytest.approx(FTA)
        assert "fta" not in plain.figures
        far, frr = error_rates(plain.pairs.genuine, plain.pairs.impostor).at(THRESHOLD)
        expected = 1 - (far * (1 - FTA) + FTA + frr * (1 - FTA)) / 2
        assert counted.figures["accuracy"] == pytest.approx(expected)
        name = f"one_shot_{PEOPLE}way"
        assert counted.figures[name] == pytest.approx(plain.figures[name] * (1 - FTA))
        assert counted.figures["auc"] < plain.figures["auc"]
        rates = error_rates(plain.pairs.genuine, plain.pairs.impostor)
        most = max(t for t in rates.thresholds if rates.at(t)[0] * (1 - FTA) <= 0.01)
        tar = (1 - rates.at(most)[1]) * (1 - FTA)
        assert counted.figures["tar_at_far_1e-2"] == pytest.approx(tar)
        assert counted.figures["eer"] > plain.figures["eer"]
        assert counted.acquired().figures == plain.figures

    def test_every_figure_of_an_open_set(self, data, matrix, tried) -> None:
        plain, counted = (
            evaluate_open_set(matrix, data.codes, threshold=THRESHOLD, halves=4, acquisition=each)
            for each in (None, tried)
        )
        assert counted.figures["fpir"] == pytest.approx(plain.figures["fpir"] * (1 - FTA))
        fnir = FTA + plain.figures["fnir"] * (1 - FTA)
        assert counted.figures["fnir"] == pytest.approx(fnir)
        assert counted.figures["dir_at_fpir_1e-1"] <= 1 - FTA

    def test_intervals_draw_the_failures_with_their_people(self, data, matrix, tried) -> None:
        measured = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD, acquisition=tried)
        found = people_intervals([measured], repetitions=300)
        assert found["fta"].mean == pytest.approx(FTA)
        # One person has half of the failures: drawn never, or three times.
        assert found["fta"].low < FTA / 1.5 < 1.5 * FTA < found["fta"].high
        searched = evaluate_open_set(
            matrix, data.codes, threshold=THRESHOLD, halves=4, acquisition=tried
        )
        fnir = open_set_intervals([searched], repetitions=100)["fnir"]
        assert fnir.low < searched.figures["fnir"] < fnir.high

    def test_faces_in_all_photos_change_nothing(self, data, matrix) -> None:
        none_failed = replace(data, not_acquired=()).acquisition
        plain = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD)
        counted = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD, acquisition=none_failed)
        assert counted.figures == {**plain.figures, "fta": 0.0}
        trials = counted.identification
        assert trials.cumulative_match()[-1] == 1


class TestGroups:
    @staticmethod
    def grouping(data, matrix, tried, labels):
        evaluation = evaluate_matrix(matrix, data.codes, threshold=THRESHOLD, acquisition=tried)
        searched = evaluate_open_set(
            matrix, data.codes, threshold=THRESHOLD, halves=4, acquisition=tried
        )
        return Grouping.of(evaluation, searched, column="hat", labels=labels, repetitions=50)

    def test_fta_of_each_group_and_match_rates_without_it(self, data, matrix, tried) -> None:
        labels = [
            "a" if name in ("p1", "p3") or i % 2 else "b" for i, name in enumerate(data.distinct)
        ] + ["b"]
        found = self.grouping(data, matrix, tried, labels)
        plain = self.grouping(data, matrix, None, labels[:-1])
        for counted, alone in zip(found.groups, plain.groups, strict=True):
            for name in ("fmr", "fnmr"):
                assert counted.figures[name].mean == alone.figures[name].mean
            fta = counted.figures["fta"].mean
            of_person = dict(zip(data.everybody, labels, strict=True))
            failed = sum(of_person[person] == counted.label for person in FAILED)
            assert fta == pytest.approx(failed / (counted.photos + failed))
            fnir = fta + (1 - fta) * alone.figures["fnir"].mean
            assert counted.figures["fnir"].mean == pytest.approx(fnir)
        assert "fta" not in plain.groups[0].figures

    def test_worst_over_best(self, data, matrix, tried) -> None:
        labels = ["a"] * 12 + ["b"] * 12 + ["b"]
        found = self.grouping(data, matrix, tried, labels)
        ratios = {each.figure: each for each in found.worst_over_best}
        assert set(ratios) == {"fmr", "fnmr", "fta"}
        for name, compared in ratios.items():
            rates = {group.label: group.figures[name].mean for group in found.groups}
            assert rates[compared.worst] == max(rates.values())
            assert rates[compared.best] == min(rates.values())
            if min(rates.values()) == 0:
                assert compared.ratio is None
            else:
                assert compared.ratio == pytest.approx(max(rates.values()) / min(rates.values()))
        (said,) = [words for words in found.sentences() if words.startswith("FTA, worst over")]
        assert "a " in said
        assert "b " in said
        assert found.to_json()["worst_over_best"][2]["figure"] == "fta"

    def test_one_group_and_small_ones_have_no_ratio(self, data, matrix, tried) -> None:
        for labels in (["a"] * 25, ["a"] * 9 + ["b"] * 16, [None] * 25):
            assert self.grouping(data, matrix, tried, labels).worst_over_best == []


def test_a_calibration_counts_them_as_rejected_and_keeps_its_promise(data, matrix) -> None:
    purpose = Purpose(people=3, strangers_accepted=0.5)
    plain = calibrate(matrix, data.codes, purpose)
    counted = plain.counting(FTA)
    assert counted.threshold == plain.threshold
    assert counted.rejected.share == pytest.approx(FTA + (1 - FTA) * plain.rejected.share)
    assert counted.strangers.share == pytest.approx((1 - FTA) * plain.strangers.share)
    assert counted.strangers.high == plain.strangers.high
