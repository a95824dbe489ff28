"""The leak report: what the test part shares with the training part.

A score on people, photos or pairs that were trained on says how well they were learned by
heart, not how the network will do on anybody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs, all_pairs_of
from likeness.evaluation.pair_energies import PairEnergies


@dataclass(frozen=True, kw_only=True)
class LeakReport:
    """Counts of what is tested, and of how much of it was trained on.

    Args:
        identities, items, genuine_pairs, impostor_pairs: in the test part; a pair that is
            listed twice is tested twice, and counts twice.
        shared_identities, shared_items, shared_genuine_pairs, shared_impostor_pairs: of
            those, in the training part as well. Identities are compared by name, items by
            content, pairs by the content of their items and in either order.
    """

    identities: int
    items: int
    genuine_pairs: int
    impostor_pairs: int
    shared_identities: int
    shared_items: int
    shared_genuine_pairs: int
    shared_impostor_pairs: int

    @property
    def leaks(self) -> int:
        """How many identities, items and pairs are shared; 0 is clean."""
        return (
            self.shared_identities
            + self.shared_items
            + self.shared_genuine_pairs
            + self.shared_impostor_pairs
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the counts by name, and the sentences."""
        return {**asdict(self), "leaks": self.leaks, "sentences": self.sentences()}

    def sentences(self) -> list[str]:
        """Say it in words; one sentence when clean."""
        if not self.leaks:
            return ["No leak: no person, photo or pair of the test part was in the training part."]
        said = []
        for what, shared, total in (
            ("people", self.shared_identities, self.identities),
            ("photos", self.shared_items, self.items),
            ("genuine pairs", self.shared_genuine_pairs, self.genuine_pairs),
            ("impostor pairs", self.shared_impostor_pairs, self.impostor_pairs),
        ):
            if shared:
                verb = "is" if shared == 1 else "are"
                said.append(
                    f"Leak: {shared} of the {total} test {what} ({_percent(shared, total)}) {verb} "
                    "in the training part too."
                )
        said.append("This score is no forecast for people the network has not been trained on.")
        return said


def find_leaks(
    train: Dataset,
    test: Dataset,
    *,
    train_pairs: LabelledPairs | None = None,
    test_pairs: LabelledPairs | None = None,
) -> LeakReport:
    """Compare a test part with a training part.

    Args:
        train, test: the items of each part; may be the same data set when pairs were split.
        train_pairs: the pairs trained on, indices into ``train``; all pairs if not given.
        test_pairs: the pairs tested, indices into ``test``; all pairs if not given.
    """
    learned = _Part(train, train_pairs)
    tested = _Part(test, test_pairs)
    known_items = set(learned.items)
    known_pairs = set(learned.pair_keys(genuine=True)) | set(learned.pair_keys(genuine=False))
    genuine, impostor = (tested.pair_keys(genuine=kind) for kind in (True, False))
    return LeakReport(
        identities=len(tested.identities),
        items=len(tested.items),
        genuine_pairs=len(genuine),
        impostor_pairs=len(impostor),
        shared_identities=len(tested.identities & learned.identities),
        shared_items=sum(item in known_items for item in tested.items),
        shared_genuine_pairs=sum(pair in known_pairs for pair in genuine),
        shared_impostor_pairs=sum(pair in known_pairs for pair in impostor),
    )


DIGITS = 16
"""So much of each photo's digest stands in a model's record."""


def leaks_against(
    identities: Iterable[str], digests: Iterable[str], test: Dataset, pairs: PairEnergies
) -> LeakReport:
    """Compare a test part with what is recorded of a training part: names and digests.

    People with equal names count as the same, whatever their photos: better one false alarm
    than a leak unseen. Pairs count as trained on if both photos were.

    Args:
        identities: trained on.
        digests: of the photos trained on, their first `DIGITS` digits or all of them.
        test: what was measured on.
        pairs: of it.
    """
    digests = list(digests)
    known = _learned_items(digests, test)
    return LeakReport(
        identities=len(test.distinct),
        items=len(test),
        genuine_pairs=len(pairs.genuine),
        impostor_pairs=len(pairs.impostor),
        shared_identities=len(learned_people(identities, digests, test)),
        shared_items=int(known.sum()),
        shared_genuine_pairs=int(known[pairs.genuine_pairs].all(axis=1).sum()),
        shared_impostor_pairs=int(known[pairs.impostor_pairs].all(axis=1).sum()),
    )


def learned_people(identities: Iterable[str], digests: Iterable[str], test: Dataset) -> set[str]:
    """Return the people of a test part who are recorded of a training part.

    By name, or by a photo: a person may have been renamed since.
    """
    known = np.flatnonzero(_learned_items(digests, test)).tolist()
    return (set(test.distinct) & set(identities)) | {test.identities[i] for i in known}


def _learned_items(digests: Iterable[str], test: Dataset) -> NDArray[np.bool_]:
    learned = {digest[:DIGITS] for digest in digests}
    return np.array([digest[:DIGITS] in learned for digest in test.item_digests], dtype=bool)


def _percent(part: int, total: int) -> str:
    """Return the share in whole percent, «100 %» only if it is all of them."""
    percent = round(100 * part / total)
    if percent == 100 and part < total:
        return "over 99 %"
    return f"{percent} %" if percent else "under 1 %"


class _Part:
    """Identities, item contents and pairs of one part of a split."""

    def __init__(self, data: Dataset, pairs: LabelledPairs | None) -> None:
        self._pairs = all_pairs_of(data.codes) if pairs is None else pairs
        self._digests: NDArray[np.str_] = np.array(data.item_digests)
        used: Sequence[int] = range(len(data)) if pairs is None else np.unique(pairs.pairs).tolist()
        self.items = [data.item_digests[i] for i in used]
        self.identities = {data.identities[i] for i in used}

    def pair_keys(self, *, genuine: bool) -> list[tuple[str, str]]:
        """Return the pairs of one kind by the content of their items, in a fixed order."""
        rows = self._digests[self._pairs.pairs[self._pairs.genuine == genuine]]
        return [(a, b) for a, b in np.sort(rows, axis=1).tolist()]
