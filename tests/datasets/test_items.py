"""The data set type, the split that keeps people apart, and the check that refuses overlap."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.datasets import Dataset, check_disjoint, identity_folds, split_by_identity
from likeness.datasets.items import name_some
from likeness.errors import DataError, OverlapError, SettingError, TooFewError
from likeness.files import natural_key


def people(count: int, each: int = 2, *, prefix: str = "s", start: int = 0) -> Dataset:
    """``each`` different items of each of ``count`` people."""
    total = count * each
    items = np.arange(start, start + total, dtype=np.uint16).view(np.uint8).reshape(total, 1, 2, 1)
    return Dataset(items, [f"{prefix}{1 + i // each}" for i in range(total)])


def test_names_are_made_up_if_not_given() -> None:
    assert people(2).item_names == ("s1/0", "s1/1", "s2/2", "s2/3")


def test_distinct_identities_stand_in_natural_order() -> None:
    data = Dataset(np.zeros((3, 1)), ["s10", "s2", "s1"])
    assert data.distinct == ("s1", "s2", "s10")
    assert data.codes.tolist() == [2, 1, 0]


def test_identities_need_not_be_text() -> None:
    assert Dataset(np.zeros((2, 1)), [7, 3]).distinct == ("3", "7")  # type: ignore[list-item]


def test_lengths_must_agree() -> None:
    with pytest.raises(DataError, match=r"expected equal lengths. Received: 3, 2 and 2\."):
        Dataset(np.zeros((3, 1)), ["a", "b"])


def test_names_must_differ() -> None:
    with pytest.raises(DataError, match="item_names: expected different names"):
        Dataset(np.zeros((2, 1)), ["a", "b"], ["x", "x"])


def test_it_is_frozen() -> None:
    data = people(2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        data.items[0] = 1


def test_the_givers_array_stays_writable() -> None:
    items = np.zeros((2, 1))
    Dataset(items, ["a", "b"])
    items[0] = 1


def test_take_by_index_order_and_by_mask() -> None:
    data = people(3)
    taken = data.take([4, 0])
    assert taken.identities == ("s3", "s1") and taken.item_names == ("s3/4", "s1/0")
    np.testing.assert_array_equal(taken.items, data.items[[4, 0]])
    masked = data.take(np.array([True, False, False, False, False, True]))
    assert masked.item_names == ("s1/0", "s3/5")


def test_take_keeps_what_is_said_about_the_data() -> None:
    data = Dataset(np.zeros((2, 1)), "ab", name="n", licence="l", drawn=True, notes=("x",))
    taken = data.take([1])
    assert (taken.name, taken.licence, taken.drawn, taken.notes) == ("n", "l", True, ("x",))


def test_of_keeps_the_order_of_the_items() -> None:
    data = Dataset(np.arange(4)[:, None], list("abca"))
    assert data.of(["c", "a"]).identities == ("a", "c", "a")


def test_of_people_who_are_not_there() -> None:
    with pytest.raises(DataError, match=r"identities: not in data: 'zoe'\. It holds 's1', 's2'\."):
        people(2).of(["s1", "zoe"])


def test_copies_of_one_identity_are_left_out_and_of_two_are_not() -> None:
    items = np.array([1, 2, 1, 1, 3, 1], np.uint8)[:, None]
    data = Dataset(items, list("aaabbb"), name="lab", notes=("old",))
    single = data.without_copies()
    assert single.item_names == ("a/0", "a/1", "b/3", "b/4")
    assert (single.name, single.notes) == ("lab", ("old",))
    assert single.without_copies().digest == single.digest


def test_require_says_what_is_there() -> None:
    data = Dataset(np.zeros((3, 1)), list("aab"))
    data.require(identities=1)
    with pytest.raises(
        TooFewError,
        match=r"at least 2 people with 2 or more photos each\. Received: 3 photos of 2 people, 1",
    ):
        data.require()


def test_require_of_no_items() -> None:
    with pytest.raises(TooFewError, match="0 photos of 0 people"):
        Dataset(np.zeros((0, 1)), []).require()


def test_item_digests_are_equal_exactly_for_equal_items() -> None:
    items = np.array([[1, 2], [1, 2], [2, 1]], np.uint8)
    first, second, third = Dataset(items, "abc").item_digests
    assert first == second != third
    assert Dataset(items.reshape(3, 2, 1), "abc").item_digests[0] != first  # another shape
    assert Dataset(items.astype(np.uint16), "abc").item_digests[0] != first  # another type


def test_the_digest_sees_items_identities_and_order() -> None:
    data = people(3)
    digests = {
        data.digest,
        data.take([1, 0, 2, 3, 4, 5]).digest,
        people(3, prefix="t").digest,
        people(3, start=1).digest,
    }
    assert len(digests) == 4
    assert data.digest == people(3).digest


@given(
    count=st.integers(2, 12),
    each=st.integers(1, 4),
    held_out=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_split_parts_people_and_loses_nobody(
    count: int, each: int, held_out: float, seed: int
) -> None:
    data = people(count, each)
    rest, held = split_by_identity(data, held_out=held_out, seed=seed)
    assert not set(rest.distinct) & set(held.distinct)
    assert sorted(rest.item_names + held.item_names) == sorted(data.item_names)
    assert len(held.distinct) == min(max(1, round(held_out * count)), count - 1)


def test_a_split_follows_its_seed() -> None:
    data = people(20)
    first, again, other = (split_by_identity(data, held_out=0.5, seed=s)[1] for s in (1, 1, 2))
    assert first.distinct == again.distinct != other.distinct


@pytest.mark.parametrize("held_out", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range(held_out: float) -> None:
    with pytest.raises(SettingError, match="held_out: expected a number from 0 to 1"):
        split_by_identity(people(3), held_out=held_out, seed=0)


def test_one_person_cannot_be_split() -> None:
    with pytest.raises(TooFewError, match="at least 2 people"):
        split_by_identity(people(1), held_out=0.5, seed=0)


def test_folds_test_every_fourth_person_in_natural_order() -> None:
    data = people(40)
    folds = identity_folds(data, 4)
    for fold, (training, test) in enumerate(folds):
        assert test.distinct == tuple(f"s{p}" for p in range(1, 41) if (p - 1) % 4 == fold)
        assert len(training.distinct) == 30
        check_disjoint(training, test, between=("training", "test"))


@given(count=st.integers(4, 13), seed=st.one_of(st.none(), st.integers(0, 9)))
def test_every_person_is_tested_once(count: int, seed: int | None) -> None:
    folds = identity_folds(people(count), 2, partition_seed=seed)
    tested = [person for _, test in folds for person in test.distinct]
    assert sorted(tested) == sorted(people(count).distinct)


def test_a_partition_seed_changes_the_folds() -> None:
    data = people(20)
    plain = identity_folds(data, 2)[0][1].distinct
    assert identity_folds(data, 2, partition_seed=1)[0][1].distinct != plain


def test_folds_of_one_person_each_cannot_be_measured() -> None:
    with pytest.raises(TooFewError, match="at least 8 people with 2 or more"):
        identity_folds(people(7), 4)
    with pytest.raises(SettingError, match="folds: expected a whole number from 2 to 7"):
        identity_folds(people(7), 8)


def test_shared_people_are_refused_by_name() -> None:
    with pytest.raises(
        OverlapError,
        match=r"^2 people are in both calibration and test: 's1', 's2'\. Split with `split_by",
    ):
        check_disjoint(people(2), people(3, start=50), between=("calibration", "test"))


def test_shared_photos_are_refused_even_under_another_name() -> None:
    with pytest.raises(
        OverlapError, match=r"^2 photos are in both a and b: 's1/0 = t1/0', 's1/1 = t1/1'\. Remove"
    ):
        check_disjoint(people(2), people(1, prefix="t"), between=("a", "b"))


def test_apart_is_fine() -> None:
    check_disjoint(people(2), people(2, prefix="t", start=9), between=("a", "b"))


def test_natural_order() -> None:
    names = ["s10", "s2", "s", "s1b", "s1a", "10", "9", "s01", "s1", "a"]
    ordered = sorted(names, key=natural_key)
    assert ordered == ["9", "10", "a", "s", "s01", "s1", "s1a", "s1b", "s2", "s10"]


@given(st.text(), st.text())
def test_different_names_never_tie(first: str, second: str) -> None:
    assert (natural_key(first) == natural_key(second)) == (first == second)


def test_the_order_of_people_is_the_same_in_every_process() -> None:
    program = (
        "import numpy as np; from likeness.datasets import Dataset;"
        "print(Dataset(np.zeros((4, 1)), ['s1', 's01', 's001', 's0001']).distinct)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(said) == 1


def test_some_names_and_how_many_more() -> None:
    assert name_some(["s10", "s2"]) == "'s2', 's10'"
    assert name_some([f"s{i}" for i in range(1, 9)]) == "'s1', 's2', 's3', 's4', 's5' and 3 more"


class TestUnevenPeople:
    """Few people with several photos among many with one: every part can be measured."""

    @staticmethod
    def uneven(several: int, each: int, singles: int) -> Dataset:
        names = [f"m{i}" for i in range(several) for _ in range(each)]
        names += [f"a{i}" for i in range(singles)]  # first in the natural order
        return Dataset(np.arange(len(names), dtype=np.uint8).reshape(-1, 1, 1, 1), names)

    @pytest.mark.parametrize(("several", "each", "singles"), [(5, 3, 15), (4, 2, 40), (9, 2, 3)])
    def test_who_is_held_out_can_be_measured_and_so_can_the_rest(
        self, several: int, each: int, singles: int
    ) -> None:
        data = self.uneven(several, each, singles)
        for seed in range(30):
            rest, held = split_by_identity(data, held_out=1 / 3, seed=seed, items_each=2)
            rest.require(identities=2, items_each=2)
            held.require(identities=2, items_each=2)
            assert held.distinct == tuple(held.identities_with(2))
            assert len(rest) + len(held) == len(data)
            check_disjoint(rest, held, between=("rest", "held"))

    def test_where_everybody_has_several_it_is_the_plain_split(self) -> None:
        data = people(9)
        plain = split_by_identity(data, held_out=0.4, seed=3)
        able = split_by_identity(data, held_out=0.4, seed=3, items_each=2)
        assert [part.identities for part in able] == [part.identities for part in plain]

    def test_three_people_with_several_photos_are_too_few(self) -> None:
        with pytest.raises(TooFewError, match="at least 4 people with 2 or more"):
            split_by_identity(self.uneven(3, 4, 20), held_out=0.3, seed=0, items_each=2)

    @pytest.mark.parametrize("seed", [None, 0, 1, 2])
    @pytest.mark.parametrize(("several", "folds"), [(4, 2), (8, 4), (9, 4)])
    def test_every_fold_has_people_to_measure(
        self, several: int, folds: int, seed: int | None
    ) -> None:
        data = self.uneven(several, 3, 7)
        for training, test in identity_folds(data, folds, partition_seed=seed):
            for part in (training, test):
                part.require(identities=2, items_each=2)
