"""Leaks: the overlap of a test part with a training part, counted (`find_leaks`) or listed
(`audit`).

A score on people, photos or pairs that were trained on says how well they were memorised, not how
the network performs on other people.

Near duplicates: one photograph saved twice, as another file, size or quality, or mirrored.

A digest finds equal pixels only. Photos are reduced, converted to grey and normalised, and compared
by their correlation: a perceptual hash with real numbers instead of bits, which allows a strict
limit. On the AT&T faces the most alike of 79,800 pairs of different photos have a correlation of
0.993 (two of one person, taken one after the other); copies resized to two fifths and up, mirrored,
brightened, or re-compressed as JPEG down to quality 20 stay above 0.998.

The audit of two data sets shows whether one may be used for training and the other for testing. It
lists shared photos one by one, including different files of the same photograph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Images, Pairs, check_images
from likeness.datasets.items import DIGITS, Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.errors import OverlapError
from likeness.evaluation.pair_energies import PairEnergies
from likeness.files import fields_to_json
from likeness.images.preparation import fit


@dataclass(frozen=True, kw_only=True)
class LeakReport:
    """Counts of the test part, and of its overlap with the training part.

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

    def to_json(self) -> dict[str, Any]:
        """Return the counts by name, and the sentences."""
        return {**fields_to_json(self), "leaks": self.leaks, "sentences": self.sentences()}

    def sentences(self) -> list[str]:
        """Return it in sentences; one sentence when clean."""
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
        said.append("This score is not valid for people the network has not been trained on.")
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """The record of a training part: names and digests.

    People with equal names count as the same, whatever their photos: a false alarm is
    better than an undetected leak.

    Args:
        identities: names of people.
        digests: of the photos, their first `DIGITS` digits or all of them, in an order that
            ``pairs`` index.
        pairs: trained on; None if all pairs of the photos were.
    """

    identities: Sequence[str] = ()
    digests: Sequence[str] = ()
    pairs: Pairs | None = None

    @classmethod
    def of(cls, data: Dataset, pairs: Pairs | None = None) -> "Learned":
        """Return what is known of a data set."""
        return cls(identities=data.distinct, digests=data.item_digests, pairs=pairs)

    @classmethod
    def recorded(cls, record: Mapping[str, Any]) -> "Learned":
        """Return what a model's record, or a calibration's provenance, says of its "data"."""
        data = record.get("data", {})
        return cls(identities=data.get("identities", ()), digests=data.get("item_digests", ()))

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "identities": list(self.identities),
            "digests": [digest[:DIGITS] for digest in self.digests],
            "pairs": "all" if self.pairs is None else self.pairs.tolist(),
        }

    def people_in(self, test: Dataset) -> list[str]:
        """Return the people of a test part who are here, in its order.

        By name or by a photo, since a person may have been renamed.
        """
        known = {test.identities[index] for index in np.flatnonzero(self._items_in(test)).tolist()}
        known |= set(self.identities)
        return [person for person in test.distinct if person in known]

    def check_unseen(self, data: Dataset) -> None:
        """Raise if some of the people or photos are here.

        Raises:
            OverlapError: they are.
        """
        known = self.people_in(data)
        if known:
            some = ", ".join(repr(name) for name in known[:5])
            more = f" and {len(known) - 5} more" if len(known) > 5 else ""
            raise OverlapError(
                f"{len(known)} of the {len(data.distinct)} people were trained on: {some}{more}. A "
                "threshold chosen on them would be too optimistic; calibrate on other people."
            )

    def leaks_into(self, test: Dataset, pairs: PairEnergies) -> LeakReport:
        """Compare a test part with what is recorded; a pair was trained on if both photos were.

        Args:
            test: what was measured on.
            pairs: of it.
        """
        known = self._items_in(test)
        return LeakReport(
            identities=len(test.distinct),
            items=len(test),
            genuine_pairs=len(pairs.genuine),
            impostor_pairs=len(pairs.impostor),
            shared_identities=len(self.people_in(test)),
            shared_items=int(known.sum()),
            shared_genuine_pairs=int(known[pairs.genuine_pairs].all(axis=1).sum()),
            shared_impostor_pairs=int(known[pairs.impostor_pairs].all(axis=1).sum()),
        )

    def _items_in(self, test: Dataset) -> NDArray[np.bool_]:
        learned = {digest[:DIGITS] for digest in self.digests}
        return np.array([digest in learned for digest in test.short_digests], dtype=bool)


def _percent(part: int, total: int) -> str:
    """Return the share in whole percent; «100 %» only for all."""
    percent = round(100 * part / total)
    if percent == 100 and part < total:
        return "over 99 %"
    return f"{percent} %" if percent else "under 1 %"


class _Part:
    """Identities, item contents and pairs of one part of a split."""

    def __init__(self, data: Dataset, pairs: LabelledPairs | None) -> None:
        self._pairs = LabelledPairs.all_of(data.codes) if pairs is None else pairs
        self._digests: NDArray[np.str_] = np.array(data.item_digests)
        used: Sequence[int] = range(len(data)) if pairs is None else np.unique(pairs.pairs).tolist()
        self.items = [data.item_digests[i] for i in used]
        self.identities = {data.identities[i] for i in used}

    def pair_keys(self, *, genuine: bool) -> list[tuple[str, str]]:
        """Return the pairs of one kind by the content of their items, in a fixed order."""
        rows = self._digests[self._pairs.pairs[self._pairs.genuine == genuine]]
        return [(a, b) for a, b in np.sort(rows, axis=1).tolist()]


SIZE = (28, 23)
"""(rows, columns) of the small photo: large enough to distinguish two photos of one session, small
enough to be robust to compression."""

ALIKE = 0.997
"""Least correlation at which two photos count as the same."""

BLOCK = 2048
"""Rows compared at a time: 2048 × 2048 correlations are 17 MB."""

_Thumbnails = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, order=True)
class NearDuplicate:
    """Two copies of one photograph.

    Args:
        left, right: their indices in what was compared.
        mirrored: whether one is the mirror image of the other.
        correlation: of the small photos, `ALIKE`…1.
    """

    left: int
    right: int
    mirrored: bool
    correlation: float

    @classmethod
    def find(cls, left: Images, right: Images | None = None) -> "list[NearDuplicate]":
        """Return the photos on the left that also occur on the right, in order.

        Args:
            left, right: ``(n, rows, columns, 1 or 3)``, uint8; the sizes may differ. Without a
                right side the photos are compared with each other, each pair once, left < right.

        Raises:
            DataError: they have another shape or type.

        >>> import numpy as np
        >>> photo = np.random.default_rng(0).integers(0, 256, (1, 56, 46, 1), np.uint8)
        >>> [(match.left, match.right, match.mirrored) for match in NearDuplicate.find(
        ...     photo, np.concatenate([255 - photo, photo[:, :, ::-1]]))]
        [(0, 1, True)]
        """
        ours = _thumbnails(left)
        theirs = ours if right is None else _thumbnails(right)
        matches = []
        for start in range(0, len(ours), BLOCK):
            block = ours[start : start + BLOCK]
            for other in range(0, len(theirs), BLOCK):
                plain = block @ theirs[other : other + BLOCK].T
                turned = block @ _mirrored(theirs[other : other + BLOCK]).T
                best = np.maximum(plain, turned)
                matches += [
                    cls(
                        left=start + int(row),
                        right=other + int(column),
                        mirrored=bool(turned[row, column] > plain[row, column]),
                        correlation=min(1.0, round(float(best[row, column]), 4)),
                    )
                    for row, column in np.argwhere(best >= ALIKE)
                    if right is not None or start + row < other + column
                ]
        return sorted(matches)

    def how(self, left: Dataset, right: Dataset) -> str:
        """Say how two photos of these data sets are one: same pixels, same photo, mirror image."""
        if left.item_digests[self.left] == right.item_digests[self.right]:
            return "same pixels"
        return "mirror image" if self.mirrored else "same photo"


def _thumbnails(images: Images) -> _Thumbnails:
    """Return ``(n, 28 · 23)``: small grey photos, mean 0, unit length.

    A photo of one flat colour becomes zeros, and matches nothing: flat photos do not count as
    copies of each other.
    """
    check_images(images)
    rows, columns = SIZE
    small = np.empty((len(images), rows * columns), np.float32)
    for index, image in enumerate(images):
        small[index] = fit(image, rows=rows, columns=columns, channels=1).reshape(-1)
    small -= small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    flat = length < np.sqrt(small.shape[1])  # a standard deviation under one grey level
    return np.where(flat, 0, small / np.where(flat, 1, length)).astype(np.float32)


def _mirrored(small: _Thumbnails) -> _Thumbnails:
    return small.reshape(-1, *SIZE)[:, :, ::-1].reshape(len(small), -1)


AUDIT_FORMAT = "likeness.audit/1"


@dataclass(frozen=True, kw_only=True)
class _SharedPhoto:
    """A test photo that is in the training part as well.

    Args:
        train, test: names of the two.
        train_identity, test_identity: their stated identities.
        how: "same pixels", "same photo", or "mirror image".
        correlation: of the two, made small; 1 for the same pixels.
    """

    train: str
    test: str
    train_identity: str
    test_identity: str
    how: str
    correlation: float


@dataclass(frozen=True, kw_only=True)
class _Audit:
    """What two data sets share.

    Args:
        report: the counts of people, photos and pairs that are exactly the same.
        people: names in both.
        photos: every shared photo, exact or not.
        renamed: (training identity, test identity) of shared photos with different names: one
            person under two names, or an error.
    """

    report: LeakReport
    people: tuple[str, ...]
    photos: tuple[_SharedPhoto, ...]
    renamed: tuple[tuple[str, str], ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is shared."""
        return not (self.report.leaks or self.photos)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        document = fields_to_json(self)
        head = {"format": AUDIT_FORMAT, "clean": self.clean, "sentences": self.sentences()}
        return head | {"leak_report": document.pop("report")} | document

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        if self.clean:
            return ["Clean: no person, photo or pair is in both."]
        said = []
        if self.people:
            said.append(
                f"{_counted(len(self.people), 'person', 'people')} of the "
                f"{self.report.identities} in the test part have the same name in the training "
                "part."
            )
        if self.photos:
            tested = len({photo.test for photo in self.photos})
            exact = len({photo.test for photo in self.photos if photo.how == "same pixels"})
            said.append(
                f"{_counted(tested, 'test photo', 'test photos')} of {self.report.items} "
                f"{'is' if tested == 1 else 'are'} in the training part: {exact} with the same "
                f"pixels, {tested - exact} resized, re-compressed or mirrored."
            )
        for trained, tested_name in self.renamed:
            said.append(f"{trained!r} in the training part is {tested_name!r} in the test part.")
        pairs = self.report.shared_genuine_pairs + self.report.shared_impostor_pairs
        if pairs:
            said.append(f"{_counted(pairs, 'test pair', 'test pairs')} can be trained on.")
        said.append("A score on this test part is not valid for unseen people.")
        return said


def audit(train: Dataset, test: Dataset) -> _Audit:
    """Compare two data sets: names, pixels, and photographs.

    Args:
        train, test: photos, uint8; the sizes may differ.

    Raises:
        DataError: the items are not photos.
    """
    photos = tuple(
        _shared(train, test, duplicate) for duplicate in NearDuplicate.find(train.items, test.items)
    )
    renamed = {
        (photo.train_identity, photo.test_identity)
        for photo in photos
        if photo.train_identity != photo.test_identity
    }
    known = set(train.distinct)
    return _Audit(
        report=find_leaks(train, test),
        people=tuple(name for name in test.distinct if name in known),
        photos=photos,
        renamed=tuple(sorted(renamed)),
    )


def _shared(train: Dataset, test: Dataset, duplicate: NearDuplicate) -> _SharedPhoto:
    left, right = duplicate.left, duplicate.right
    how = duplicate.how(train, test)
    return _SharedPhoto(
        train=train.item_names[left],
        test=test.item_names[right],
        train_identity=train.identities[left],
        test_identity=test.identities[right],
        how=how,
        correlation=1.0 if how == "same pixels" else duplicate.correlation,
    )


def _counted(count: int, singular: str, plural: str) -> str:
    return f"{count} {singular if count == 1 else plural}"
