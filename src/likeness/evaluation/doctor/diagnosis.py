"""`diagnose`: everything that the doctor finds in a gallery's photos."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Energies
from likeness.datasets.items import Dataset
from likeness.errors import DataError
from likeness.evaluation.doctor.gallery_energies import GalleryEnergies
from likeness.evaluation.doctor.look_alikes import LookAlike, look_alikes
from likeness.evaluation.doctor.misplaced import Misplaced, misplaced_photos
from likeness.evaluation.doctor.risk import SMALLEST_GAIN, PersonRisk, person_risks
from likeness.evaluation.near_duplicates import duplicates_within
from likeness.images.check import PhotoCheck
from likeness.images.faces.face import Face
from likeness.images.quality import PhotoWarning, blurrier_than_the_rest

FORMAT = "likeness.doctor/1"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One photograph that is there twice.

    Args:
        left, right: indices of the two.
        how: "same pixels", "same photo", or "mirror image".
        two_names: whether they stand under two names.
    """

    left: int
    right: int
    how: str
    two_names: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Diagnosis:
    """What the doctor found. People and photos are indices in ``data``.

    Args:
        data: the photos; its notes name what could not be read.
        checks: one per photo.
        copies: photographs that are there twice.
        misplaced: photos under the wrong name, or so it seems; None without a model.
        look_alikes: pairs of people, the nearest first, all flagged ones and some more; None
            without a model.
        risks: everybody's, in the order in which to ask for another photo; None without a model.
        threshold: the model's, if it has one.
    """

    data: Dataset
    checks: Sequence[PhotoCheck]
    copies: Sequence[Copy]
    misplaced: Sequence[Misplaced] | None
    look_alikes: Sequence[LookAlike] | None
    risks: Sequence[PersonRisk] | None
    threshold: float | None

    @property
    def with_model(self) -> bool:
        """Whether people were compared."""
        return self.risks is not None

    @property
    def clean(self) -> bool:
        """Whether there is nothing to look at."""
        return not self._counted()

    def sentences(self) -> list[str]:
        """Say in words what is wrong, and what was not looked at."""
        said = [
            f"{count} {singular if count == 1 else plural}."
            for count, singular, plural in self._counted()
        ] or ["Nothing to look at."]
        if any(check.faces is None for check in self.checks):
            said.append("Faces were not looked for.")
        if not self.with_model:
            said.append(
                "Without a model people were not compared: look-alikes, wrong names and risks "
                "are not judged."
            )
        elif self.threshold is None:
            said.append(
                "The model has no threshold: look-alikes are ranked, none is flagged. Choose one "
                "with `likeness calibrate`."
            )
        if self.risks and all(
            risk.gain is not None and risk.gain < SMALLEST_GAIN for risk in self.risks
        ):
            said.append("Nobody is predicted to gain from another photo.")
        return said

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; people and photos by their names."""
        data = self.data
        return {
            "format": FORMAT,
            "clean": self.clean,
            "sentences": self.sentences(),
            "data": {
                "name": data.name,
                "licence": data.licence,
                "drawn": data.drawn,
                "photos": len(data),
                "people": len(data.distinct),
                "notes": list(data.notes),
            },
            "threshold": self.threshold,
            "photos": [self._photo(index) for index in range(len(data))],
            "copies": [self._named(copy, "left", "right") for copy in self.copies],
            "misplaced": self._all(self.misplaced, "photo", "closest"),
            "look_alikes": self._all(self.look_alikes, "left_photo", "right_photo"),
            "people": self._all(self.risks),
        }

    def _counted(self) -> list[tuple[int, str, str]]:
        pairs = self.look_alikes or ()
        counts = (
            (len(self.data.notes), "file or folder was left out", "files or folders were left out"),
            (
                sum(bool(check.warnings) for check in self.checks),
                "photo has a warning",
                "photos have a warning",
            ),
            (
                sum(copy.two_names for copy in self.copies),
                "photograph is under two names",
                "photographs are under two names",
            ),
            (
                sum(not copy.two_names for copy in self.copies),
                "photograph is there twice under one name",
                "photographs are there twice under one name",
            ),
            (
                len(self.misplaced or ()),
                "photo may be under the wrong name",
                "photos may be under the wrong name",
            ),
            (
                sum(pair.one_person for pair in pairs),
                "pair of names may be one person",
                "pairs of names may be one person each",
            ),
            (
                sum(pair.flagged and not pair.one_person for pair in pairs),
                "pair of people looks alike: closer than the threshold",
                "pairs of people look alike: closer than the threshold",
            ),
        )
        return [(count, singular, plural) for count, singular, plural in counts if count]

    def _photo(self, index: int) -> dict[str, Any]:
        check = self.checks[index]
        faces = check.faces
        return {
            "photo": self.data.item_names[index],
            "person": self.data.identities[index],
            "rows": check.size[0],
            "columns": check.size[1],
            "quality": asdict(check.quality) | {"of": "face" if check.face else "photo"},
            "faces": None if faces is None else [_face(face) for face in faces],
            "warnings": [asdict(warning) for warning in check.warnings],
        }

    def _all(self, entries: Sequence[Any] | None, *photos: str) -> list[dict[str, Any]] | None:
        return None if entries is None else [self._named(entry, *photos) for entry in entries]

    def _named(self, entry: Any, *photos: str) -> dict[str, Any]:
        """Return the fields with names for indices: of photos where listed, and of people."""
        document = asdict(entry)
        for field in photos:
            index = document[field]
            document[field] = self.data.item_names[index]
            if isinstance(entry, Copy | Misplaced):
                document[f"{field}_person"] = self.data.identities[index]
        people = {LookAlike: ("left", "right"), PersonRisk: ("person", "nearest")}
        for field in people.get(type(entry), ()):
            document[field] = self.data.distinct[document[field]]
        return document


def diagnose(
    data: Dataset,
    checks: Sequence[PhotoCheck],
    *,
    matrix: Energies | None = None,
    threshold: float | None = None,
) -> Diagnosis:
    """Look at the photos of a gallery: one by one, and (with energies) at the people in them.

    Copies of a photo under one name count once. Photos that seem to be somebody else are left
    out when look-alikes and risks are judged. Two names that may be one person count as one,
    under the first name, when wrong names and risks are.

    Args:
        data: the photos.
        checks: one per photo, of its original size (`images.check.check_photo`).
        matrix: ``(n, n)`` energies between all photos; None without a model.
        threshold: a pair is accepted if its energy is at most this; None if there is none.

    Raises:
        DataError: these do not fit together.
    """
    if len(checks) != len(data):
        raise DataError(f"checks: expected {len(data)}, one per photo. Received: {len(checks)}.")
    diagnosis = Diagnosis(
        data=data,
        checks=_with_outliers(checks),
        copies=_copies(data),
        misplaced=None,
        look_alikes=None,
        risks=None,
        threshold=threshold,
    )
    if matrix is None or len(data.distinct) < 2:
        return diagnosis
    return _compared(diagnosis, GalleryEnergies(matrix=matrix, codes=data.codes))


def _compared(diagnosis: Diagnosis, energies: GalleryEnergies) -> Diagnosis:
    threshold, data = diagnosis.threshold, diagnosis.data
    again = [copy.right for copy in diagnosis.copies if not copy.two_names]
    once = np.setdiff1d(np.arange(len(data)), again)
    energies = energies.take(once)
    joined, _ = _joined(energies, threshold=threshold)
    misplaced = misplaced_photos(joined, threshold=threshold)
    wrong = [entry.photo for entry in misplaced if entry.kind == "another person"]
    right = np.setdiff1d(np.arange(len(once)), wrong)
    energies = energies.take(right)
    pairs = [
        replace(
            pair,
            left_photo=int(once[right[pair.left_photo]]),
            right_photo=int(once[right[pair.right_photo]]),
        )
        for pair in look_alikes(energies, threshold=threshold)
    ]
    named = [
        replace(entry, photo=int(once[entry.photo]), closest=int(once[entry.closest]))
        for entry in misplaced
    ]
    joined, people = _joined(energies, threshold=threshold)
    risks = [
        replace(risk, person=int(people[risk.person]), nearest=int(people[risk.nearest]))
        for risk in person_risks(joined, threshold=threshold)
    ]
    return replace(diagnosis, misplaced=named, look_alikes=pairs, risks=risks)


def _joined(
    energies: GalleryEnergies, *, threshold: float | None
) -> tuple[GalleryEnergies, NDArray[np.int64]]:
    """Return the energies with two names that may be one person as one, and whose codes it has."""
    first = np.arange(energies.people)
    for pair in look_alikes(energies, threshold=threshold, at_least=0):
        if pair.one_person:  # mutual nearest: no name is in two such pairs, but for ties
            first[pair.right] = first[pair.left]
    people, codes = np.unique(first[energies.codes], return_inverse=True)
    return GalleryEnergies(matrix=energies.matrix, codes=codes.reshape(-1)), people


def _copies(data: Dataset) -> list[Copy]:
    copies = []
    for pair in duplicates_within(data.items):
        same = data.item_digests[pair.left] == data.item_digests[pair.right]
        copies.append(
            Copy(
                left=pair.left,
                right=pair.right,
                how="same pixels" if same else "mirror image" if pair.mirrored else "same photo",
                two_names=data.identities[pair.left] != data.identities[pair.right],
            )
        )
    return copies


def _with_outliers(checks: Sequence[PhotoCheck]) -> list[PhotoCheck]:
    """Return the checks with a warning where a photo is far less sharp than the others."""
    out = list(checks)
    for kind in (True, False):
        group = [index for index, check in enumerate(checks) if (check.face is not None) is kind]
        for at in blurrier_than_the_rest([checks[index].quality for index in group]):
            out[group[at]] = _warned(checks[group[at]])
    return out


def _warned(check: PhotoCheck) -> PhotoCheck:
    if any(warning.kind == "blurred" for warning in check.warnings):
        return check
    warning = PhotoWarning(
        kind="blurrier than the rest",
        words=f"far less sharp than the other photos: sharpness {check.quality.sharpness:.3f}",
    )
    return replace(check, warnings=(*check.warnings, warning))


def _face(face: Face) -> dict[str, Any]:
    return asdict(face) | {"roll": face.roll}
