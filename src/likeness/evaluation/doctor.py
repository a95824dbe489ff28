"""The enrolment doctor: problems of a gallery's photos, and the predicted risk of each person.

`PersonRisk.of_everybody` predicts the risk of each person to be confused, and the gain of another
photo. The model: a new photo of a person has the energy G to the nearest of the person's k enrolled
photos, and the energy M to the nearest photo of anybody else. It goes wrong if G ≥ M, or if G is
above the threshold. M is taken from the person's enrolled photos: a new one will be as near to
others as they are. G is not known; its distribution G_k is that of the whole gallery: for every
photo with at least k other photos of its person, the nearest of k of them (all choices, exactly),
everybody with the same weight. Where fewer than `FEWEST_PEOPLE` people have k+1 photos, the largest
k is taken for which they have: which overestimates the risk. The mean of P(G_k ≥ M) over a person's
photos, and over everybody's as if these were `GALLERY_WEIGHT` more of them, is the risk by the
gallery.

Where a person has two photos or more, they are also tried on each other, one left out at a time.
That is with k−1 enrolled; a failure counts for the share that is left of the risk by the gallery
from k−1 to k. The risk is the mean of both, the gallery's counting as `GALLERY_WEIGHT` photos.

With one more photo enrolled, G_k becomes G_{k+1} (the last such step that can be measured); the
risk is scaled by the change of the gallery's. The gain is how much it falls. A new photo also
draws others towards the person; that is left out. So are illumination, age and cameras that the
enrolled photos do not show: a real error rate may be higher, and the order of people is more
reliable than the figure.

`Diagnosis.of` returns all findings in a gallery's photos.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from likeness.arrays import Energies, Integers, Mask
from likeness.datasets.items import Dataset
from likeness.errors import DataError
from likeness.evaluation.gallery_energies import (
    FEWEST_PEOPLE,
    GalleryEnergies,
    LookAlike,
    Misplaced,
)
from likeness.evaluation.leaks import NearDuplicate
from likeness.files import fields_to_json, to_json
from likeness.images.quality import PhotoCheck, PhotoWarning, blurrier_than_the_rest

GALLERY_WEIGHT = 8.0
"""The weight of the gallery, in photos of the person. A few photos are weak evidence: a single
failure must not give a risk of 100 %. Tried on raw pixels and on synthetic galleries: 4 to 16
predict each person's errors about equally well, 0 and 1 worse."""

SMALLEST_GAIN = 0.0005
"""A smaller gain would be shown as 0.0 %, and is ignored."""


@dataclass(frozen=True, kw_only=True)
class PersonRisk:
    """The probability that a new photo of a person is misidentified.

    Args:
        person: who.
        photos: how many are enrolled.
        nearest: the person whose photo is nearest to one of theirs.
        nearest_energy: of those two photos.
        confusion: probability that the answer is another enrolled person, 0…1; None where fewer
            than `FEWEST_PEOPLE` people have two photos.
        error: probability of another person or, by the threshold, of a rejection, 0…1; at least
            ``confusion``.
        gain: how much ``error`` falls with one more photo; None where fewer than `FEWEST_PEOPLE`
            people have three.
    """

    person: int
    photos: int
    nearest: int
    nearest_energy: float
    confusion: float | None
    error: float | None
    gain: float | None

    @classmethod
    def of_everybody(
        cls, energies: GalleryEnergies, *, threshold: float | None
    ) -> "list[PersonRisk]":
        """Return everybody's risk, by decreasing gain of another photo.

        Where no gain can be measured the order is that of the error, and without that of the
        nearest other person.
        """
        curves = _Curves(energies)
        limit = np.inf if threshold is None else threshold
        risks = [_risk(energies, person, curves, limit) for person in range(energies.people)]
        return sorted(risks, key=_urgency)


def _urgency(risk: PersonRisk) -> tuple[float, float, float]:
    return (-(risk.gain or 0.0), -(risk.error or 0.0), risk.nearest_energy)


def _risk(
    energies: GalleryEnergies, person: int, curves: "_Curves", threshold: float
) -> PersonRisk:
    own = energies.photos_of(person)
    impostor, genuine = energies.impostor[own], energies.own[own]
    closest = int(own[impostor.argmin()])
    confusion = error = gain = None
    if curves.most:
        reached = genuine >= impostor
        confused = reached & (impostor <= threshold)
        error_with = partial(curves.error, impostor, threshold)
        confusion = _rate(partial(curves.confusion, impostor, threshold), confused)
        error = _rate(error_with, reached | (genuine > threshold))
        if curves.most > 1:
            step = min(len(own), curves.most - 1)
            gain = error * (1 - _ratio(error_with(step + 1), error_with(step)))
    return PersonRisk(
        person=person,
        photos=len(own),
        nearest=int(energies.codes[energies.nearest_stranger[closest]]),
        nearest_energy=float(energies.impostor[closest]),
        confusion=confusion,
        error=error,
        gain=gain,
    )


def _rate(gallery: Callable[[int], float], failed: Mask) -> float:
    """Return one person's rate from the gallery's, with so many photos, and from their own trials.

    A trial is against one photo less than will be enrolled; its failure is weighted by the effect
    of that photo in the gallery.
    """
    photos = len(failed)
    if photos == 1:
        return gallery(1)
    counted = failed.sum() * _ratio(gallery(photos), gallery(photos - 1))
    return float((GALLERY_WEIGHT * gallery(photos) + counted) / (GALLERY_WEIGHT + photos))


def _ratio(after: float, before: float) -> float:
    return min(1.0, after / before) if before else 1.0


class _Curves:
    """P(G_k ≥ x) of the gallery, for k up to ``most``."""

    def __init__(self, energies: GalleryEnergies) -> None:
        self._impostor = energies.impostor
        self._own = [_own_energies(energies, person) for person in range(energies.people)]
        enough = np.sort([own.shape[1] for own in self._own])[::-1]
        self.most = int(enough[FEWEST_PEOPLE - 1]) if len(enough) >= FEWEST_PEOPLE else 0
        self._known: dict[int, tuple[Energies, Energies]] = {}

    def confusion(self, impostor: Energies, threshold: float, photos: int) -> float:
        """Return the mean chance of G_k ≥ M where M is accepted."""

        def rate(limits: Energies) -> float:
            return float((self._at_least(limits, photos) * (limits <= threshold)).mean())

        return self._mixed(rate, impostor)

    def error(self, impostor: Energies, threshold: float, photos: int) -> float:
        """Return the mean chance of G_k ≥ M or G_k > threshold."""

        def rate(limits: Energies) -> float:
            # G > t is G ≥ the next number after t.
            limits = np.minimum(limits, np.nextafter(threshold, np.inf))
            return float(self._at_least(limits, photos).mean())

        return self._mixed(rate, impostor)

    def _mixed(self, rate: Callable[[Energies], float], impostor: Energies) -> float:
        own = len(impostor)
        everybody = GALLERY_WEIGHT * rate(self._impostor)
        return (own * rate(impostor) + everybody) / (own + GALLERY_WEIGHT)

    def _at_least(self, limits: Energies, photos: int) -> Energies:
        values, above = self._curve(min(photos, self.most))
        return above[np.searchsorted(values, limits, side="left")]

    def _curve(self, photos: int) -> tuple[Energies, Energies]:
        if photos not in self._known:
            self._known[photos] = self._measured(photos)
        return self._known[photos]

    def _measured(self, photos: int) -> tuple[Energies, Energies]:
        """Return the sorted energies, and the weight of each with all larger ones."""
        values, weights = [], []
        for own in self._own:
            if own.shape[1] >= photos:
                share = _chance_of_being_nearest(own.shape[1], photos)
                values.append(own.ravel())
                weights.append(np.tile(share, len(own)) / len(own))
        every, weight = np.concatenate(values), np.concatenate(weights)
        order = np.argsort(every)
        above = np.cumsum(weight[order][::-1])[::-1]
        return every[order], np.append(above / above[0], 0.0)


def _own_energies(energies: GalleryEnergies, person: int) -> Energies:
    """Return ``(photos, photos − 1)``: each photo's energies to the person's others, sorted."""
    own = energies.photos_of(person)
    block = energies.matrix[np.ix_(own, own)]
    off = ~np.eye(len(own), dtype=bool)
    return np.sort(block[off].reshape(len(own), len(own) - 1), axis=1)


def _chance_of_being_nearest(others: int, chosen: int) -> Energies:
    """Return, for each of the sorted others, the probability that it is the nearest of ``chosen``.

    The i-th is if the rest of the chosen are among those behind it:
    C(others − 1 − i, chosen − 1) / C(others, chosen). Computed by the ratio of neighbours.
    """
    out = np.zeros(others)
    share = chosen / others
    for rank in range(others - chosen + 1):
        out[rank] = share
        behind = others - 1 - rank
        share *= (behind - chosen + 1) / behind if behind else 0.0
    return out


FORMAT = "likeness.doctor/1"


@dataclass(frozen=True, kw_only=True)
class _ComparedBy:
    """The model that compared the people.

    Args:
        fingerprint, energy: of the model.
        trained_on: who of the people it was trained on.
    """

    fingerprint: str
    energy: str
    trained_on: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Diagnosis:
    """The findings of the doctor. People and photos are indices in ``data``.

    Args:
        data: the photos; its notes list what could not be read.
        checks: one per photo.
        copies: duplicate photographs.
        misplaced: photos that seem to have the wrong name; None without a model.
        look_alikes: pairs of people, the nearest first, all flagged ones and some more; None
            without a model.
        risks: everybody's, by decreasing gain of another photo; None without a model.
        threshold: the model's, if it has one.
        model: what compared the people, if that is known.
        remarks: sentences on how it was done.
    """

    data: Dataset
    checks: Sequence[PhotoCheck]
    copies: Sequence[NearDuplicate]
    misplaced: Sequence[Misplaced] | None = None
    look_alikes: Sequence[LookAlike] | None = None
    risks: Sequence[PersonRisk] | None = None
    threshold: float | None = None
    model: _ComparedBy | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        data: Dataset,
        checks: Sequence[PhotoCheck],
        *,
        matrix: Energies | None = None,
        threshold: float | None = None,
    ) -> "Diagnosis":
        """Check the photos of a gallery one by one and, with energies, the people in them.

        Copies of a photo under one name count once. Photos that seem to show another person are
        left out when look-alikes and risks are judged. Two names that may be one person count as
        one, under the first name, when wrong names and risks are.

        Args:
            data: the photos.
            checks: one per photo, of its original size (`images.quality.PhotoCheck.of`).
            matrix: ``(n, n)`` energies between all photos; None without a model.
            threshold: a pair is accepted if its energy is at most this; None if there is none.

        Raises:
            DataError: these do not fit together.
        """
        if len(checks) != len(data):
            raise DataError(
                f"checks: expected {len(data)}, one per photo. Received: {len(checks)}."
            )
        diagnosis = cls(
            data=data,
            checks=_with_outliers(checks),
            copies=NearDuplicate.find(data.items),
            threshold=threshold,
        )
        if matrix is None or len(data.distinct) < 2:
            return diagnosis
        return _compared(diagnosis, GalleryEnergies(matrix=matrix, codes=data.codes))

    def compared_by(
        self, *, fingerprint: str, energy: str, trained_on: tuple[str, ...]
    ) -> "Diagnosis":
        """Return it with the model that compared the people.

        Args:
            fingerprint, energy: of the model.
            trained_on: who of the people it was trained on.
        """
        by = _ComparedBy(fingerprint=fingerprint, energy=energy, trained_on=trained_on)
        return replace(self, model=by)

    @property
    def with_model(self) -> bool:
        """Whether people were compared."""
        return self.risks is not None

    @property
    def clean(self) -> bool:
        """Whether there are no findings."""
        return not self._counted()

    def sentences(self) -> list[str]:
        """Return the findings in sentences, and what was not checked."""
        said = [
            f"{count} {singular if count == 1 else plural}."
            for count, singular, plural in self._counted()
        ] or ["No findings."]
        if any(check.faces is None for check in self.checks):
            said.append("No face detector was used.")
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
            said.append("No person is predicted to gain from another photo.")
        if self.model and self.model.trained_on:
            said.append(
                f"The model was trained on {len(self.model.trained_on)} of these "
                f"{len(self.data.distinct)} people: among them energies and risks are "
                "too optimistic."
            )
        return [*said, *self.remarks]

    def photo(self, index: int) -> str:
        """Return the name of a photo."""
        return self.data.item_names[index]

    def person(self, code: int) -> str:
        """Return the name of a person."""
        return self.data.distinct[code]

    def two_names(self, copy: NearDuplicate) -> bool:
        """Whether a duplicate has two names."""
        return self.data.identities[copy.left] != self.data.identities[copy.right]

    def to_json(self) -> dict[str, object]:
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
            "model": to_json(self.model),
            "photos": [self._photo(index) for index in range(len(data))],
            "copies": [
                {"how": copy.how(data, data), "two_names": self.two_names(copy)}
                | self._places(left=copy.left, right=copy.right)
                for copy in self.copies
            ],
            "misplaced": self.misplaced
            and [
                fields_to_json(wrong) | self._places(photo=wrong.photo, closest=wrong.closest)
                for wrong in self.misplaced
            ],
            "look_alikes": self.look_alikes
            and [
                fields_to_json(pair)
                | {name: self.person(getattr(pair, name)) for name in ("left", "right")}
                | {name: self.photo(getattr(pair, name)) for name in ("left_photo", "right_photo")}
                for pair in self.look_alikes
            ],
            "people": self.risks
            and [
                fields_to_json(risk)
                | {name: self.person(getattr(risk, name)) for name in ("person", "nearest")}
                for risk in self.risks
            ],
        }

    def _places(self, **indices: int) -> dict[str, str]:
        """Return the names of photos, and whose they are said to be."""
        names = {name: self.photo(index) for name, index in indices.items()}
        return names | {f"{name}_person": self.data.identities[i] for name, i in indices.items()}

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
                sum(self.two_names(copy) for copy in self.copies),
                "photograph has two names",
                "photographs have two names",
            ),
            (
                sum(not self.two_names(copy) for copy in self.copies),
                "duplicate photograph under one name",
                "duplicate photographs under one name",
            ),
            (
                sum(wrong.kind == "another person" for wrong in self.misplaced or ()),
                "photo may have the wrong name",
                "photos may have the wrong name",
            ),
            (
                sum(wrong.kind == "unlike the rest" for wrong in self.misplaced or ()),
                "photo is farther than the threshold from the others of its person",
                "photos are farther than the threshold from the others of their person",
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

    def _photo(self, index: int) -> dict[str, object]:
        check = self.checks[index]
        faces = check.faces and [{**fields_to_json(f), "roll": f.roll} for f in check.faces]
        return {
            "photo": self.photo(index),
            "person": self.data.identities[index],
            "rows": check.size[0],
            "columns": check.size[1],
            "quality": {**fields_to_json(check.quality), "of": "face" if check.face else "photo"},
            "faces": to_json(faces),
            "warnings": to_json(check.warnings),
        }


def _compared(diagnosis: Diagnosis, energies: GalleryEnergies) -> Diagnosis:
    threshold, data = diagnosis.threshold, diagnosis.data
    again = [copy.right for copy in diagnosis.copies if not diagnosis.two_names(copy)]
    once = np.setdiff1d(np.arange(len(data)), again)
    energies = energies.take(once)
    joined, _ = _joined(energies, threshold=threshold)
    misplaced = joined.misplaced_photos(threshold=threshold)
    wrong = [entry.photo for entry in misplaced if entry.kind == "another person"]
    right = np.setdiff1d(np.arange(len(once)), wrong)
    energies = energies.take(right)
    pairs = [
        replace(
            pair,
            left_photo=int(once[right[pair.left_photo]]),
            right_photo=int(once[right[pair.right_photo]]),
        )
        for pair in energies.look_alikes(threshold=threshold)
    ]
    named = [
        replace(entry, photo=int(once[entry.photo]), closest=int(once[entry.closest]))
        for entry in misplaced
    ]
    joined, people = _joined(energies, threshold=threshold)
    risks = [
        replace(risk, person=int(people[risk.person]), nearest=int(people[risk.nearest]))
        for risk in PersonRisk.of_everybody(joined, threshold=threshold)
    ]
    return replace(diagnosis, misplaced=named, look_alikes=pairs, risks=risks)


def _joined(
    energies: GalleryEnergies, *, threshold: float | None
) -> tuple[GalleryEnergies, Integers]:
    """Return the energies with two names that may be one person as one, and whose codes it has."""
    first = np.arange(energies.people)
    for pair in energies.look_alikes(threshold=threshold, at_least=0):
        if pair.one_person:  # mutual nearest: no name is in two such pairs, but for ties
            first[pair.right] = first[pair.left]
    people, codes = np.unique(first[energies.codes], return_inverse=True)
    return GalleryEnergies(matrix=energies.matrix, codes=codes.reshape(-1)), people


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
