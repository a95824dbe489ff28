"""The leak report: people, photos and pairs that stand on both sides, and what is said of them."""

import json

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from likeness.datasets import Dataset, identity_folds, split_by_identity
from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.evaluation import PairEnergies, find_leaks
from likeness.evaluation.leaks import LeakReport, Learned


def people(count: int, photos: int, *, name: str = "p", seed: int = 0) -> Dataset:
    items = np.random.default_rng(seed).integers(0, 256, (count * photos, 3, 3, 1)).astype(np.uint8)
    return Dataset(items, [f"{name}{i // photos}" for i in range(len(items))])


def pairs(*rows: tuple[int, int], genuine: list[bool]) -> LabelledPairs:
    return LabelledPairs(np.array(rows), np.array(genuine))


class TestUnseenPeople:
    def test_folds_by_identity_are_clean(self) -> None:
        for train, test in identity_folds(people(8, 4), 4):
            report = find_leaks(train, test)
            assert report.leaks == 0
            assert (report.identities, report.items) == (2, 8)
            assert (report.genuine_pairs, report.impostor_pairs) == (12, 16)
            assert report.sentences() == [
                "No leak: no person, photo or pair of the test part was in the training part."
            ]

    def test_one_photo_under_another_name_is_found(self) -> None:
        data = people(6, 3)
        items = data.items.copy()
        items[17] = items[0]
        train, test = identity_folds(Dataset(items, data.identities), 3)[2]
        report = find_leaks(train, test)
        assert report.shared_identities == 0
        assert report.shared_items == 1
        assert report.shared_genuine_pairs == report.shared_impostor_pairs == 0

    def test_copies_of_two_photos_are_a_pair(self) -> None:
        train = people(3, 3)
        test = Dataset(
            np.concatenate([train.items[[1, 0, 3]], people(1, 1, seed=9).items]),
            ["x", "x", "y", "y"],
        )
        report = find_leaks(train, test)
        # (0, 1) was a genuine pair, (0, 3) and (1, 3) were impostor pairs there.
        assert report.shared_items == 3
        assert report.shared_genuine_pairs == 1
        assert report.shared_impostor_pairs == 2

    def test_people_are_compared_by_name(self) -> None:
        report = find_leaks(people(4, 2), people(4, 2, seed=1))
        assert (report.shared_identities, report.shared_items) == (4, 0)
        assert report.leaks == 4

    def test_a_photo_that_is_tested_twice_counts_twice(self) -> None:
        train = people(2, 2)
        test = Dataset(train.items[[0, 0, 1]], ["x", "x", "y"])
        report = find_leaks(train, test)
        assert (report.items, report.shared_items) == (3, 3)


class TestLabSplit:
    def test_by_hand(self) -> None:
        data = people(3, 2)
        report = find_leaks(
            data,
            data,
            train_pairs=pairs((0, 1), (0, 2), (2, 3), genuine=[True, False, True]),
            test_pairs=pairs((1, 0), (2, 0), (4, 5), (1, 4), genuine=[True, False, True, False]),
        )
        # Tested: photos 0, 1, 2, 4, 5 of all three; trained: 0, 1, 2, 3 of p0 and p1.
        assert (report.identities, report.shared_identities) == (3, 2)
        assert (report.items, report.shared_items) == (5, 3)
        assert (report.genuine_pairs, report.shared_genuine_pairs) == (2, 1)
        assert (report.impostor_pairs, report.shared_impostor_pairs) == (2, 1)
        assert report.leaks == 2 + 3 + 1 + 1

    def test_pairs_without_repeats_share_people_and_photos_but_no_pair(self) -> None:
        data = people(10, 6)
        drawn = sample_pairs(data.codes, seed=0)
        learned, tested = train_test_split(np.arange(len(drawn)), random_state=0)
        report = find_leaks(
            data, data, train_pairs=drawn.take(learned), test_pairs=drawn.take(tested)
        )
        assert report.shared_genuine_pairs == report.shared_impostor_pairs == 0
        assert report.shared_identities == report.identities == 10
        assert report.shared_items / report.items > 0.9

    def test_pairs_drawn_with_repeats_are_counted_as_they_are_tested(self) -> None:
        """The tutorials' way: far more pairs than there are different ones, then split."""
        data = people(4, 4)
        every = sample_pairs(data.codes, seed=0)
        rng = np.random.default_rng(0)
        drawn = every.take(rng.integers(0, len(every), 400))
        learned, tested = drawn.take(np.arange(300)), drawn.take(np.arange(300, 400))
        report = find_leaks(data, data, train_pairs=learned, test_pairs=tested)
        assert report.genuine_pairs + report.impostor_pairs == 100
        known = {tuple(sorted(pair)) for pair in learned.pairs.tolist()}
        repeated = [
            tuple(sorted(pair)) in known
            for pair, genuine in zip(tested.pairs.tolist(), tested.genuine, strict=True)
            if genuine
        ]
        assert (report.genuine_pairs, report.shared_genuine_pairs) == (
            len(repeated),
            sum(repeated),
        )
        assert report.shared_genuine_pairs > 0.9 * report.genuine_pairs

    def test_people_of_a_part_are_those_in_its_pairs(self) -> None:
        data = people(4, 3)
        first, second = (
            pairs((start, start + 1), (start, start + 3), genuine=[True, False]) for start in (0, 6)
        )
        report = find_leaks(data, data, train_pairs=first, test_pairs=second)
        assert report.leaks == 0
        assert (report.identities, report.items) == (2, 3)


class TestWords:
    def test_shares_in_percent(self) -> None:
        said = find_leaks(people(4, 2), people(4, 2)).sentences()
        assert said[0] == "Leak: 4 of the 4 test people (100 %) are in the training part too."
        assert said[1].startswith("Leak: 8 of the 8 test photos (100 %)")
        assert said[2].startswith("Leak: 4 of the 4 test genuine pairs (100 %)")
        assert said[3].startswith("Leak: 24 of the 24 test impostor pairs (100 %)")
        assert said[-1].endswith("not valid for people the network has not been trained on.")

    @pytest.mark.parametrize(
        ("shared", "said"),
        [
            (1, "1 of the 1000 test photos (under 1 %) is in"),
            (790, "790 of the 1000 test photos (79 %) are in"),
            (999, "999 of the 1000 test photos (over 99 %) are in"),
            (1000, "1000 of the 1000 test photos (100 %) are in"),
        ],
    )
    def test_no_share_is_rounded_to_none_or_all(self, shared: int, said: str) -> None:
        report = LeakReport(
            identities=10,
            items=1000,
            genuine_pairs=1,
            impostor_pairs=1,
            shared_identities=0,
            shared_items=shared,
            shared_genuine_pairs=0,
            shared_impostor_pairs=0,
        )
        assert report.sentences()[0] == f"Leak: {said} the training part too."

    def test_as_json(self) -> None:
        report = find_leaks(*split_by_identity(people(6, 3), held_out=0.5, seed=0))
        document = json.loads(json.dumps(report.to_json()))
        assert document["leaks"] == 0
        assert document["sentences"] == report.sentences()
        assert document["items"] == 9


class TestAgainstARecord:
    def against(self, names: list[str], digests: list[str], test: Dataset) -> LeakReport:
        energies = PairEnergies.of_matrix(np.zeros((len(test), len(test))), test.codes)
        return Learned(identities=names, digests=digests).leaks_into(test, energies)

    def test_nothing_recorded_is_clean(self) -> None:
        report = self.against([], [], people(3, 2))
        assert report.leaks == 0
        assert (report.identities, report.items) == (3, 6)
        assert (report.genuine_pairs, report.impostor_pairs) == (3, 12)

    def test_people_of_equal_names_count_whatever_their_photos(self) -> None:
        report = self.against(["p1", "elsewhere"], [], people(3, 2))
        assert (report.shared_identities, report.leaks) == (1, 1)

    @pytest.mark.parametrize("length", [16, 64])
    def test_a_known_photo_makes_its_person_known_and_two_a_pair(self, length: int) -> None:
        test = people(3, 2)
        known = [digest[:length] for digest in test.item_digests[1:4]]
        report = self.against([], known, test)
        assert (report.shared_identities, report.shared_items) == (2, 3)
        assert (report.shared_genuine_pairs, report.shared_impostor_pairs) == (1, 2)

    def test_as_the_slow_way_where_all_pairs_were_trained_on(self) -> None:
        train = people(5, 3)
        test = train.of(["p0", "p3"])
        found = self.against(list(train.distinct), list(train.item_digests), test)
        assert found == find_leaks(train, test)
