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

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Images, check_images
from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.evaluation.pair_energies import PairEnergies
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

    def as_dict(self) -> dict[str, Any]:
        """Return the counts by name, and the sentences."""
        return {**asdict(self), "leaks": self.leaks, "sentences": self.sentences()}

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


DIGITS = 16
"""Hexadecimal digits of each photo's digest in a model's record."""


def leaks_against(
    identities: Iterable[str], digests: Iterable[str], test: Dataset, pairs: PairEnergies
) -> LeakReport:
    """Compare a test part with the record of a training part: names and digests.

    People with equal names count as the same, whatever their photos: a false alarm is better than
    an undetected leak. Pairs count as trained on if both photos were.

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
    """Return the people of a test part who are in the record of a training part.

    By name or by a photo, since a person may have been renamed.
    """
    known = np.flatnonzero(_learned_items(digests, test)).tolist()
    return (set(test.distinct) & set(identities)) | {test.identities[i] for i in known}


def _learned_items(digests: Iterable[str], test: Dataset) -> NDArray[np.bool_]:
    learned = {digest[:DIGITS] for digest in digests}
    return np.array([digest[:DIGITS] in learned for digest in test.item_digests], dtype=bool)


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

Thumbnails = NDArray[np.float32]


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


def near_duplicates(left: Images, right: Images) -> list[NearDuplicate]:
    """Return the photos on the left that also occur on the right, in order.

    Args:
        left, right: ``(n, rows, columns, 1 or 3)``, uint8; the sizes may differ.

    Raises:
        DataError: they have another shape or type.

    >>> import numpy as np
    >>> photo = np.random.default_rng(0).integers(0, 256, (1, 56, 46, 1), np.uint8)
    >>> [(match.left, match.right, match.mirrored) for match in near_duplicates(
    ...     photo, np.concatenate([255 - photo, photo[:, :, ::-1]]))]
    [(0, 1, True)]
    """
    ours, theirs = thumbnails(left), thumbnails(right)
    return _matches(ours, theirs)


def duplicates_within(images: Images) -> list[NearDuplicate]:
    """Return the pairs of duplicates in one collection, each pair once, left < right."""
    small = thumbnails(images)
    return [match for match in _matches(small, small) if match.left < match.right]


def thumbnails(images: Images) -> Thumbnails:
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


def _matches(ours: Thumbnails, theirs: Thumbnails) -> list[NearDuplicate]:
    matches = []
    for start in range(0, len(ours), BLOCK):
        block = ours[start : start + BLOCK]
        for other in range(0, len(theirs), BLOCK):
            plain = block @ theirs[other : other + BLOCK].T
            turned = block @ _mirrored(theirs[other : other + BLOCK]).T
            best = np.maximum(plain, turned)
            for row, column in np.argwhere(best >= ALIKE):
                matches.append(
                    NearDuplicate(
                        left=start + int(row),
                        right=other + int(column),
                        mirrored=bool(turned[row, column] > plain[row, column]),
                        correlation=min(1.0, round(float(best[row, column]), 4)),
                    )
                )
    return sorted(matches)


def _mirrored(small: Thumbnails) -> Thumbnails:
    return small.reshape(-1, *SIZE)[:, :, ::-1].reshape(len(small), -1)


AUDIT_FORMAT = "likeness.audit/1"


@dataclass(frozen=True, kw_only=True)
class SharedPhoto:
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
class Audit:
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
    photos: tuple[SharedPhoto, ...]
    renamed: tuple[tuple[str, str], ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is shared."""
        return not (self.report.leaks or self.photos)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "format": AUDIT_FORMAT,
            "clean": self.clean,
            "sentences": self.sentences(),
            "people": list(self.people),
            "photos": [asdict(photo) for photo in self.photos],
            "renamed": [list(names) for names in self.renamed],
            "leak_report": self.report.as_dict(),
        }

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


def audit(train: Dataset, test: Dataset) -> Audit:
    """Compare two data sets: names, pixels, and photographs.

    Args:
        train, test: photos, uint8; the sizes may differ.

    Raises:
        DataError: the items are not photos.
    """
    photos = tuple(
        _shared(train, test, duplicate) for duplicate in near_duplicates(train.items, test.items)
    )
    renamed = {
        (photo.train_identity, photo.test_identity)
        for photo in photos
        if photo.train_identity != photo.test_identity
    }
    known = set(train.distinct)
    return Audit(
        report=find_leaks(train, test),
        people=tuple(name for name in test.distinct if name in known),
        photos=photos,
        renamed=tuple(sorted(renamed)),
    )


def _shared(train: Dataset, test: Dataset, duplicate: NearDuplicate) -> SharedPhoto:
    left, right = duplicate.left, duplicate.right
    same = train.item_digests[left] == test.item_digests[right]
    return SharedPhoto(
        train=train.item_names[left],
        test=test.item_names[right],
        train_identity=train.identities[left],
        test_identity=test.identities[right],
        how="same pixels" if same else "mirror image" if duplicate.mirrored else "same photo",
        correlation=1.0 if same else duplicate.correlation,
    )


def _counted(count: int, singular: str, plural: str) -> str:
    return f"{count} {singular if count == 1 else plural}"
