"""The audit of two data sets: may one be trained on and the other tested on?

`find_leaks` counts what a protocol's test part shares with its training part. The audit names
it, photo by photo, and also finds photos that are not the same file but the same photograph.
"""

from dataclasses import asdict, dataclass
from typing import Any

from likeness.datasets.items import Dataset
from likeness.evaluation.leaks import LeakReport, find_leaks
from likeness.evaluation.near_duplicates import NearDuplicate, near_duplicates

FORMAT = "likeness.audit/1"


@dataclass(frozen=True, kw_only=True)
class SharedPhoto:
    """A test photo that is in the training part as well.

    Args:
        train, test: names of the two.
        train_identity, test_identity: whose they are said to be.
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
        people: names that are in both.
        photos: every shared photo, exact or not.
        renamed: (training identity, test identity) of shared photos whose names differ: one
            person under two names, or a mistake.
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
            "format": FORMAT,
            "clean": self.clean,
            "sentences": self.sentences(),
            "people": list(self.people),
            "photos": [asdict(photo) for photo in self.photos],
            "renamed": [list(names) for names in self.renamed],
            "leak_report": self.report.as_dict(),
        }

    def sentences(self) -> list[str]:
        """Say it in words."""
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
        said.append("A score on this test part is no forecast for people never seen.")
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
