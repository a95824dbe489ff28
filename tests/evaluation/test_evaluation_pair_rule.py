"""Which pairs count: against a slow loop, and through everything that is measured on them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.datasets import Dataset
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation import PairEnergies, PairRule, evaluate_pairs, people_intervals
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.threshold_choice import Purpose, calibrate

RULES = [
    PairRule(),
    PairRule(same=("text",)),
    PairRule(different=("pen",)),
    PairRule(same=("text",), different=("pen",)),
    PairRule(between=(("pen", "p", "q"),)),
    PairRule(between=(("pen", "p", "p"),), different=("text",)),
]


def counts(rule: PairRule, data: Dataset, a: int, b: int) -> bool:
    """The rule, one pair at a time."""
    for name in rule.same:
        if data.facets[name][a] != data.facets[name][b]:
            return False
    for name in rule.different:
        if data.facets[name][a] == data.facets[name][b]:
            return False
    for name, one, other in rule.between:
        if sorted((data.facets[name][a], data.facets[name][b])) != sorted((one, other)):
            return False
    return True


def random_data(seed: int, n: int = 24) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(
        np.zeros((n, 1)),
        list(rng.choice(list("abc"), n)),
        facets={"text": list(rng.choice(list("xy"), n)), "pen": list(rng.choice(list("pqr"), n))},
    )


@pytest.mark.parametrize("rule", RULES, ids=PairRule.in_words)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_like_a_slow_loop(rule: PairRule, seed: int) -> None:
    data = random_data(seed)
    wanted = [[a, b] for a, b in combinations(range(len(data)), 2) if counts(rule, data, a, b)]
    genuine = [data.identities[a] == data.identities[b] for a, b in wanted]
    if not 0 < sum(genuine) < len(genuine):
        with pytest.raises(TooFewError, match="expected genuine and impostor pairs"):
            rule.pairs(data)
        return
    found = rule.pairs(data)
    assert found.pairs.tolist() == wanted
    assert found.genuine.tolist() == genuine


def test_a_rule_in_words() -> None:
    assert PairRule(same=("name",), different=("medium",)).in_words() == "one name, two of medium"
    between = PairRule(between=(("medium", "paper", "phone"),))
    assert between.in_words() == "medium paper against phone"
    assert PairRule().in_words() == "all" and not PairRule() and between


def test_a_recipe_says_which_count() -> None:
    recipe = {"sampling": {"within": "name", "across": "medium"}, "seed": 3}
    assert PairRule.of(recipe) == PairRule(same=("name",), different=("medium",))
    assert not PairRule.of({}) and not PairRule.of({"sampling": {"within": "", "across": ""}})


def test_unknown_facets() -> None:
    rule = PairRule(same=("colour",))
    assert rule.pairs_if_known(random_data(0)) is None
    assert PairRule().pairs_if_known(random_data(0)) is None
    with pytest.raises(DataError, match="colour"):
        rule.pairs(random_data(0))


class TestMeasuring:
    """Where the text alone decides the energy, only pairs of one text tell the truth."""

    data = random_data(1, 40)
    matrix = np.abs(
        np.subtract.outer(
            np.array([text == "x" for text in data.facets["text"]], float) * 5
            + np.linspace(0, 0.1, 40),
            np.array([text == "x" for text in data.facets["text"]], float) * 5
            + np.linspace(0, 0.1, 40),
        )
    )

    def test_energies_are_those_of_the_pairs_that_count(self) -> None:
        pairs = PairRule(same=("text",)).pairs(self.data)
        found = PairEnergies.of_matrix(self.matrix, self.data.codes, pairs)
        assert max(found.genuine.max(), found.impostor.max()) < 0.2
        everything = PairEnergies.of_matrix(self.matrix, self.data.codes)
        assert everything.impostor.max() > 4

    def test_intervals_and_several_rates(self) -> None:
        pairs = PairRule(same=("text",)).pairs(self.data)
        energies = PairEnergies.of_matrix(self.matrix, self.data.codes, pairs)
        found = evaluate_pairs(energies, threshold=0.05, fars=(0.1, 0.2, 1e-9))
        assert {"tar_at_far_1e-1", "tar_at_far_2e-1"} <= set(found.figures)
        assert "tar_at_far_1e-9" not in found.figures  # the pairs are too few to show it
        intervals = people_intervals([found], repetitions=20)
        assert intervals["tar_at_far_1e-1"].low <= intervals["tar_at_far_1e-1"].high

    def test_comparisons_and_calibration_keep_to_them(self) -> None:
        pairs = PairRule(same=("text",)).pairs(self.data)
        energies = PairEnergies.of_matrix(self.matrix, self.data.codes, pairs)
        one, other = (
            Comparisons.with_people(self.matrix, self.data.codes, pairs=pairs),
            Comparisons.of(energies),
        )
        np.testing.assert_array_equal(one.impostor, other.impostor)
        np.testing.assert_array_equal(one.genuine_people, other.genuine_people)
        np.testing.assert_array_equal(one.impostor_people, other.impostor_people)
        purpose = Purpose(strangers_accepted=0.9)
        kept = calibrate(self.matrix, self.data.codes, purpose, pairs=pairs)
        assert kept.threshold < calibrate(self.matrix, self.data.codes, purpose).threshold

    def test_not_for_several_photos_each(self) -> None:
        pairs = PairRule(same=("text",)).pairs(self.data)
        with pytest.raises(SettingError, match="photos_each: expected 1"):
            Comparisons.with_people(self.matrix, self.data.codes, photos_each=2, pairs=pairs)
