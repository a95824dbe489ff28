"""Figures by group: against loops, with warnings where a group is too small to say."""

import json

import numpy as np
import pytest

from likeness.evaluation import evaluate_matrix, evaluate_open_set
from likeness.evaluation.groups import FEWEST_PEOPLE, Group, Grouping

THRESHOLD = 1.0


def measured(people: int, photos: int, *, hard: int = 0, seed: int = 0, threshold=THRESHOLD):
    """Evaluations of people of whom the first ``hard`` scatter twice as far as the others."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(people), photos)
    spread = np.where(np.arange(people) < hard, 0.6, 0.15)[codes, None]
    points = rng.normal(0, 1.5, (people, 4))[codes] + rng.normal(0, 1, (len(codes), 4)) * spread
    matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
    evaluation = evaluate_matrix(matrix, codes, threshold=threshold)
    found = evaluate_open_set(matrix, codes, threshold=threshold, halves=4)
    return matrix, codes, evaluation, found


def grouping_of(measured_, labels, **changes) -> Grouping:
    _, _, evaluation, found = measured_
    settings = {"repetitions": 200, "column": "glasses"} | changes
    return Grouping.of(evaluation, found, labels=labels, **settings)


class TestFigures:
    def test_equal_loops_over_pairs_and_probes(self) -> None:
        made = measured(6, 4, hard=3)
        matrix, codes, evaluation, found = made
        labels = ["yes", "no", "yes", "no", None, "yes"]
        grouping = grouping_of(made, labels)
        assert [group.label for group in grouping.groups] == ["no", "yes"]
        assert grouping.unlabelled == 1
        for group in grouping.groups:
            inside = [person for person in range(6) if labels[person] == group.label]
            genuine, impostor = [], []
            for i in range(len(codes)):
                for j in range(i + 1, len(codes)):
                    if codes[i] in inside and codes[j] in inside:
                        (genuine if codes[i] == codes[j] else impostor).append(matrix[i, j])
            assert (group.people, group.photos) == (len(inside), 4 * len(inside))
            assert (group.genuine_pairs, group.impostor_pairs) == (len(genuine), len(impostor))
            figures = {name: figure.mean for name, figure in group.figures.items()}
            trials = evaluation.identification
            one_shot = [
                right
                for right, whose in zip(trials.correct, trials.probe_codes, strict=True)
                if whose in inside
            ]
            searches = found.searches
            wrong = [
                share
                for share, whose in zip(
                    searches.missed(THRESHOLD), searches.mated_codes, strict=True
                )
                if whose in inside
            ]
            assert figures == pytest.approx(
                {
                    "fnmr": sum(energy > THRESHOLD for energy in genuine) / len(genuine),
                    "fmr": sum(energy <= THRESHOLD for energy in impostor) / len(impostor),
                    "fnir": np.mean(wrong),
                    "one_shot_6way": np.mean(one_shot),
                }
            )

    def test_one_group_of_everybody_has_everybody_s_figures(self) -> None:
        made = measured(5, 4, hard=5)
        (group,) = grouping_of(made, ["all"] * 5).groups
        _, _, evaluation, _ = made
        far_and_frr = group.figures["fmr"].mean + group.figures["fnmr"].mean
        assert evaluation.figures["accuracy"] == pytest.approx(1 - far_and_frr / 2)
        assert group.figures["one_shot_5way"].mean == pytest.approx(evaluation.identification.rate)

    def test_intervals_hold_the_figure_and_repeat(self) -> None:
        made = measured(12, 4, hard=12)
        first, again = (grouping_of(made, ["a", "b"] * 6, seed=5) for _ in range(2))
        assert first == again
        for group in first.groups:
            for figure in group.figures.values():
                assert figure.low <= figure.mean <= figure.high

    def test_without_a_threshold_only_one_shot_is_told(self) -> None:
        (group,) = grouping_of(measured(5, 4, threshold=None), ["all"] * 5).groups
        assert set(group.figures) == {"one_shot_5way"}
        assert not [said for said in group.warnings if "FMR" in said]

    def test_without_an_open_set_there_is_no_fnir(self) -> None:
        _, _, evaluation, _ = measured(4, 4)
        grouping = Grouping.of(evaluation, None, column="x", labels=["a"] * 4, repetitions=20)
        assert set(grouping.groups[0].figures) == {"fnmr", "fmr", "one_shot_4way"}


class TestSmallGroups:
    def test_fewer_than_ten_people_are_not_compared(self) -> None:
        made = measured(20, 3, hard=9)
        grouping = grouping_of(made, ["hard"] * 9 + ["easy"] * 11)
        easy, hard = grouping.groups
        assert (easy.small, hard.small) == (False, True)
        assert hard.figures["fnmr"].mean > easy.figures["fnmr"].mean + 0.2
        assert grouping.differences == ()
        assert "hard: 9 people, fewer than 10" in " ".join(grouping.sentences())
        assert grouping.sentences()[-1] == "No two groups are large enough to be compared."

    def test_one_person_is_not_measured(self) -> None:
        grouping = grouping_of(measured(5, 3), ["one", *["rest"] * 4])
        one = grouping.groups[0]
        assert (one.people, one.figures, one.small) == (1, {}, True)
        assert "1 person, fewer than 10" in " ".join(grouping.sentences())
        assert "not measured" in one.warnings[0]

    def test_a_far_that_the_pairs_cannot_show_is_said_and_stays_in_the_interval(self) -> None:
        made = measured(4, 3, seed=2)
        (group,) = grouping_of(made, ["all"] * 4).groups
        assert group.impostor_pairs == 54
        far = group.figures["fmr"]
        assert (far.mean, far.low) == (0.0, 0.0)
        assert far.high == pytest.approx(3 / 54)
        assert "54 impostor pairs show no FMR under 5.6 %." in group.warnings
        assert group.figures["fnmr"].high >= 3 / group.genuine_pairs


class TestDifferences:
    def test_a_real_one_stands_out_with_its_direction(self) -> None:
        grouping = grouping_of(measured(30, 4, hard=15), ["hard"] * 15 + ["easy"] * 15)
        frr = next(found for found in grouping.differences if found.figure == "fnmr")
        assert (frr.first, frr.second) == ("easy", "hard")
        easy, hard = grouping.groups
        assert frr.difference.mean == easy.figures["fnmr"].mean - hard.figures["fnmr"].mean
        assert frr.stands_out
        assert frr.difference.high < 0
        said = next(words for words in grouping.sentences() if words.startswith("FNMR: "))
        assert said.startswith("FNMR: easy is ")
        assert "percentage points below hard (" in said
        low, high = (float(end) for end in said.split("(")[1].rstrip(").").split(" to "))
        assert 0 < low < high
        assert "one in twenty would by chance" in grouping.sentences()[-1]

    def test_groups_of_the_same_kind_of_people_seldom_stand_out(self) -> None:
        stood_out, looked_at = 0, 0
        for seed in range(12):
            made = measured(24, 3, hard=24, seed=seed)
            grouping = grouping_of(made, ["a", "b"] * 12, repetitions=100)
            stood_out += sum(found.stands_out for found in grouping.differences)
            looked_at += len(grouping.differences)
        assert looked_at == 12 * 4
        assert stood_out <= 10

    def test_every_two_groups_are_compared_in_every_figure(self) -> None:
        made = measured(33, 2)
        grouping = grouping_of(made, ["a", "b", "c"] * 11, repetitions=20)
        assert len(grouping.differences) == 3 * 4
        pairs = {(found.first, found.second) for found in grouping.differences}
        assert pairs == {("a", "b"), ("a", "c"), ("b", "c")}

    def test_a_far_below_what_the_pairs_show_never_stands_out(self) -> None:
        grouping = grouping_of(measured(20, 2, seed=1), ["a", "b"] * 10)
        far = next(found for found in grouping.differences if found.figure == "fmr")
        least = max(3 / group.impostor_pairs for group in grouping.groups)
        if max(group.figures["fmr"].mean for group in grouping.groups) < least:
            assert not far.stands_out


def test_as_json() -> None:
    made = measured(12, 3)
    grouping = grouping_of(made, ["a", "b"] * 6)
    document = json.loads(json.dumps(grouping.to_json(), allow_nan=False))
    assert document["column"] == "glasses"
    assert [group["small"] for group in document["groups"]] == [True, True]
    assert set(document["groups"][0]["figures"]["fnmr"]) == {"mean", "low", "high"}
    assert document["sentences"] == grouping.sentences()
    assert Grouping.from_json(document) == grouping
    assert FEWEST_PEOPLE == 10
    assert isinstance(grouping.groups[0], Group)
