"""`SiameseClassifier`: new classes, probabilities, strangers, and what is held out."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from likeness import SiameseClassifier
from likeness.errors import SettingError
from likeness.tasks.sklearn.classifier import (
    UNCALIBRATED,
    _held_out_items,
    _stranger_classes,
)


def few_steps(**changes: Any) -> SiameseClassifier:
    settings = {"steps": 3, "embedding_size": 4, "width": 4, "random_state": 0}
    return SiameseClassifier(**settings | changes)


@pytest.fixture(scope="module")
def fitted(rows: tuple[Any, Any]) -> SiameseClassifier:
    return few_steps().fit(*rows)


class TestAnswers:
    @pytest.mark.parametrize("templates", ["mean", "all"])
    def test_predicts_the_class_of_the_smallest_energy(
        self, templates: str, rows: tuple[Any, Any]
    ) -> None:
        classifier = few_steps(templates=templates).fit(*rows)
        energies = classifier.class_energies(rows[0])
        assert classifier.predict(rows[0]).tolist() == energies.argmin(axis=1).tolist()
        assert classifier.score(rows[0], rows[1]) > 0.9
        assert ((energies >= 0) & (energies <= 2 + 1e-5)).all()

    def test_probabilities_come_from_the_energies_at_the_temperature(
        self, fitted: SiameseClassifier, rows: tuple[Any, Any]
    ) -> None:
        found = fitted.predict_proba(rows[0])
        energies = fitted.class_energies(rows[0])
        likely = np.exp(-energies / fitted.temperature_)
        np.testing.assert_allclose(found, likely / likely.sum(axis=1, keepdims=True), rtol=1e-6)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)

    def test_the_decision_function_is_the_negative_energy(
        self, fitted: SiameseClassifier, rows: tuple[Any, Any]
    ) -> None:
        np.testing.assert_array_equal(
            fitted.decision_function(rows[0]), -fitted.class_energies(rows[0])
        )

    def test_of_two_classes_it_is_one_number(self, rows: tuple[Any, Any]) -> None:
        two = rows[1] < 2
        classifier = few_steps().fit(rows[0][two], rows[1][two])
        energies = classifier.class_energies(rows[0])
        np.testing.assert_array_equal(
            classifier.decision_function(rows[0]), energies[:, 0] - energies[:, 1]
        )

    def test_texts_are_answered_with_texts(self, rows: tuple[Any, Any]) -> None:
        names = np.array(["ada", "bob", "cy", "dora"])
        classifier = few_steps().fit(rows[0], names[rows[1]])
        assert classifier.classes_.tolist() == names.tolist()
        assert accuracy_score(names[rows[1]], classifier.predict(rows[0])) > 0.9

    def test_the_same_result_twice(self, rows: tuple[Any, Any]) -> None:
        found = [few_steps().fit(*rows).predict_proba(rows[0]) for _ in range(2)]
        assert (found[0] == found[1]).all()


class TestPartialFit:
    def test_a_new_class_from_one_item_leaves_the_encoder_alone(
        self, rows: tuple[Any, Any]
    ) -> None:
        items, codes = rows
        known = codes != 1
        classifier = few_steps(steps=40).fit(items[known], codes[known])
        before = [weights.copy() for weights in classifier.encoder_.get_weights()]
        energies = classifier.class_energies(items)
        first = np.flatnonzero(~known)[0]
        classifier.partial_fit(items[[first]], codes[[first]])
        assert classifier.classes_.tolist() == [0, 1, 2, 3]
        assert classifier.score(items, codes) > 0.9
        np.testing.assert_array_equal(classifier.class_energies(items)[:, [0, 2, 3]], energies)
        for old, new in zip(before, classifier.encoder_.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_more_items_of_a_known_class_move_its_template(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps().fit(*rows)
        item = rows[0][rows[1] == 3][:1]
        (before,) = classifier.class_energies(item)
        (after,) = classifier.partial_fit(np.repeat(item, 99, axis=0), [0] * 99).class_energies(
            item
        )
        assert after[0] < before[0]
        assert (after[1:] == before[1:]).all()

    def test_the_first_call_is_fit(self, rows: tuple[Any, Any]) -> None:
        found = [
            method(*rows).predict_proba(rows[0])
            for method in (few_steps().fit, few_steps().partial_fit)
        ]
        assert (found[0] == found[1]).all()

    def test_a_class_named_before_it_comes(self, rows: tuple[Any, Any]) -> None:
        items, codes = rows
        classifier = few_steps().partial_fit(items, codes, classes=[0, 1, 2, 3, 7])
        found = classifier.predict_proba(items)
        assert (found[:, 4] == 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
        classifier.partial_fit(items[:1] + 1e3, [7])
        assert classifier.classes_.tolist() == [0, 1, 2, 3, 7]
        assert classifier.predict(items[:1] + 1e3).tolist() == [7]

    def test_a_longer_name_is_not_cut(self, rows: tuple[Any, Any]) -> None:
        names = np.array(["a", "b", "c", "d"])[rows[1]]
        classifier = few_steps().fit(rows[0], names)
        classifier.partial_fit(rows[0][:1] + 1e3, ["a much longer name"])
        assert classifier.predict(rows[0][:1] + 1e3).tolist() == ["a much longer name"]

    @pytest.mark.parametrize("labels", [["a"], np.array(["a"], dtype=object)])
    def test_texts_do_not_join_numbers(self, labels: Any, rows: tuple[Any, Any]) -> None:
        classifier = few_steps().fit(*rows)
        with pytest.raises(ValueError, match=r"^y: expected classes .* all texts or all numbers"):
            classifier.partial_fit(rows[0][:1], labels)
        assert classifier.classes_.tolist() == [0, 1, 2, 3]

    def test_fit_starts_afresh(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps().fit(*rows)
        classifier.partial_fit(rows[0][:1], [9])
        assert classifier.fit(*rows).classes_.tolist() == [0, 1, 2, 3]
        found = few_steps().fit(*rows).predict_proba(rows[0])
        assert (classifier.predict_proba(rows[0]) == found).all()


class TestStrangers:
    def test_what_is_far_from_every_class_is_unknown(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps(unknown_label=-1).fit(*rows)
        nearest = classifier.class_energies(rows[0]).min(axis=1)
        found = classifier.predict(rows[0])
        assert ((found == -1) == (nearest > classifier.threshold_)).all()
        assert -1 not in classifier.classes_
        nobody = few_steps(unknown_label=-1, threshold=0.0).fit(*rows)
        assert (nobody.predict(rows[0]) == -1).all()

    def test_a_class_left_out_is_mostly_refused(self) -> None:
        rng = np.random.default_rng(5)
        codes = np.repeat(np.arange(16), 20)
        items = rng.normal(0, 3, (16, 6))[codes] + rng.normal(0, 0.4, (320, 6))
        known = codes < 12
        classifier = SiameseClassifier(steps=150, unknown_label="?", random_state=0)
        classifier.fit(items[known], codes[known].astype(str))
        assert (classifier.predict(items[known]) == codes[known].astype(str)).mean() > 0.9
        assert (classifier.predict(items[~known]) == "?").mean() > 0.5

    def test_the_label_is_of_the_kind_of_the_classes(self, rows: tuple[Any, Any]) -> None:
        with pytest.raises(ValueError, match=r"\(and unknown_label\) that are all texts or all"):
            few_steps(unknown_label="unknown").fit(*rows)

    def test_without_a_way_to_a_threshold(self, rows: tuple[Any, Any]) -> None:
        with pytest.raises(SettingError, match=r"^threshold: with an unknown_label, expected a "):
            few_steps(unknown_label=-1, calibration=0).fit(*rows)
        with pytest.raises(ValueError, match=r"Received: fewer\. Pass a threshold\.$"):
            few_steps(unknown_label=-1).fit(rows[0][:30], rows[1][:30])

    def test_a_threshold_does_not_change_the_energies(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps(unknown_label=-1).fit(*rows)
        assert 0 < classifier.threshold_ < 2
        np.testing.assert_array_equal(
            classifier.class_energies(rows[0]), few_steps().fit(*rows).class_energies(rows[0])
        )

    @pytest.mark.parametrize(("classes", "strangers"), [(2, 0), (3, 1), (5, 1), (6, 2), (30, 10)])
    def test_so_many_classes_are_strangers_once(self, classes: int, strangers: int) -> None:
        found = _stranger_classes(classes, seed=0).tolist()
        assert len(found) == len(set(found)) == strangers
        assert set(found) <= set(range(classes))

    def test_a_threshold_of_ones_own(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps(unknown_label=-1, threshold=2.0, calibration=0).fit(*rows)
        assert classifier.threshold_ == 2.0
        assert -1 not in classifier.predict(rows[0])


class TestCalibration:
    def test_it_is_measured_on_items_held_out(self, rows: tuple[Any, Any]) -> None:
        classifier = few_steps().fit(*rows)
        assert classifier.calibrated_
        assert 0 < classifier.temperature_ != UNCALIBRATED
        assert classifier.threshold_ is None

    def test_nothing_held_out_on_request(self, rows: tuple[Any, Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            classifier = few_steps(calibration=0).fit(*rows)
        assert (classifier.calibrated_, classifier.threshold_) == (False, None)
        assert classifier.temperature_ == UNCALIBRATED

    def test_a_single_item_of_each_class_cannot_be_held_out(self) -> None:
        with pytest.warns(UserWarning, match=r"^No class has two items, so none was held out: "):
            classifier = few_steps().fit(np.eye(4), list("abcd"))
        assert not classifier.calibrated_
        assert classifier.predict(np.eye(4)).tolist() == list("abcd")

    def test_every_item_is_a_template_in_the_end(self, rows: tuple[Any, Any]) -> None:
        assert len(few_steps(templates="all").fit(*rows).templates_.points) == 60
        assert few_steps().fit(*rows).templates_.counts.tolist() == [15] * 4

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"templates": "median"}, r"^templates: expected one of mean, all\. Received: 'med"),
            ({"calibration": 1.0}, r"^calibration: expected a number from 0 to 0\.9\."),
            ({"threshold": 3.0}, r"^threshold: expected a number from 0 to 2\."),
        ],
    )
    def test_settings(self, changes: dict[str, Any], sentence: str, rows: tuple[Any, Any]) -> None:
        with pytest.raises(SettingError, match=sentence):
            few_steps(**changes).fit(*rows)

    @given(
        st.lists(st.integers(1, 30), min_size=1, max_size=6),
        st.floats(0, 0.9),
        st.integers(0, 99),
    )
    def test_so_many_of_each_class_are_held_out(
        self, counts: list[int], share: float, seed: int
    ) -> None:
        codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
        held = _held_out_items(codes, share=share, seed=seed)
        for code, count in enumerate(counts):
            own = int(held[codes == code].sum())
            assert own <= count - 1
            if share == 0:
                assert own == 0
            elif count > 1:
                assert own >= 1
                assert abs(own - share * count) <= 1
