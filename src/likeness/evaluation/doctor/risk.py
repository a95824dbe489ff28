"""The predicted risk of each person to be confused, and whom to ask for another photo.

The model. A new photo of a person has the energy G to the nearest of the person's k enrolled
photos, and the energy M to the nearest photo of anybody else. It goes wrong if G ≥ M, or if G is
above the threshold. M is taken from the person's enrolled photos: a new one will be as near to
others as they are. G is not known; its distribution G_k is that of the whole gallery: for every
photo with at least k other photos of its person, the nearest of k of them (all choices, exactly),
everybody with the same weight. Where fewer than `FEWEST_PEOPLE` people have k+1 photos, the
largest k is taken for which they have: too strict rather than too kind. The mean of P(G_k ≥ M)
over a person's photos, and over everybody's as if these were `GALLERY_WEIGHT` more of them, is the
risk by the gallery.

Where a person has two photos or more, they are also tried on each other, one left out at a time.
That is with k−1 enrolled; a failure counts for the share that is left of the risk by the gallery
from k−1 to k. The risk is the mean of both, the gallery's counting as `GALLERY_WEIGHT` photos.

With one more photo enrolled, G_k becomes G_{k+1} (the last such step that can be measured); the
risk is scaled by the change of the gallery's. The gain is how much it falls. A new photo also
draws others towards the person; that is left out. So are light, age and cameras that the enrolled
photos do not show: a real error rate may be higher, and the order of people is worth more than
the figure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Energies
from likeness.evaluation.doctor.gallery_energies import FEWEST_PEOPLE, GalleryEnergies

GALLERY_WEIGHT = 8.0
"""In photos: what the gallery says counts as much as eight of the person's own. Few photos are
weak evidence: a single one that failed must not make a risk of 100 %. Tried on raw pixels and on
made-up galleries: 4 to 16 predict each person's errors about equally well, 0 and 1 worse."""

SMALLEST_GAIN = 0.0005
"""A gain under this would be shown as 0.0 %: nobody is asked for it."""


@dataclass(frozen=True, kw_only=True)
class PersonRisk:
    """How likely a new photo of one person goes wrong.

    Args:
        person: who.
        photos: how many are enrolled.
        nearest: the person whose photo is nearest to one of theirs.
        nearest_energy: of those two photos.
        confusion: chance of the answer being another enrolled person, 0…1; None where fewer than
            `FEWEST_PEOPLE` people have two photos.
        error: chance of another person or, by the threshold, of nobody, 0…1; at least
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


def person_risks(energies: GalleryEnergies, *, threshold: float | None) -> list[PersonRisk]:
    """Return everybody's risk, in the order of gain: whom to ask first for another photo.

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


def _rate(gallery: Callable[[int], float], failed: NDArray[np.bool_]) -> float:
    """Return one person's rate from the gallery's, with so many photos, and from their own trials.

    A trial is against one photo less than will be enrolled; its failure counts for as much as
    that photo changes in the gallery.
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
    """Return, for each of the sorted others, how likely it is the nearest of so many chosen.

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
