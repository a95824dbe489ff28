"""Fusion of a probe's energies to several photos of one person, and the choice of a fusion.

- ``min``: the smallest, the nearest photo.
- ``mean``: of all of them.
- ``top2``, ``top3``, …: the mean of the two, three, … smallest ones (of all, where there are
  fewer).
- ``centroid``: the energy to the mean of the person's embeddings, as if that were one photo.

The centroid needs no embeddings. For x_1 … x_K with the mean c, and any p,

    ‖p − c‖² = mean_k ‖p − x_k‖² − ½ mean_jk ‖x_j − x_k‖²

(the parallel axis theorem), and for the mean ū of unit vectors u_k, by linearity,

    cos(p, ū) = mean_k cos(p, u_k) / √ mean_jk cos(u_j, u_k).

So the energies to a person's photos and among them are enough; the second kind is computed
once, on enrolment. The Manhattan distance has no such formula.

`Comparisons` are those of a probe with an enrolled person: the energy between the two is fused from
the energies to the person's photos. `RejectedAtFar` is the false rejection rate at a false
acceptance rate, repeatedly for resampled people.

`FusionChoice.measure` finds the best by measured error on people never trained on. The error is the
false rejection rate at the false acceptance rate of the purpose, or at the lowest one that the
comparisons can show if that is higher. Every fusion is measured on the same comparisons, and the
differences are paired: people are drawn again, and both fusions are measured on each draw. The best
one is chosen, unless a simpler one is not significantly worse: of those whose difference to the
best has an interval that includes 0, the simplest is chosen.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from likeness.arrays import Codes, Energies, Floats, Integers, check_in_range, describe
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import GUARD, energy_by_name
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation.figures import Interval
from likeness.evaluation.pair_energies import PairEnergies, check_square
from likeness.evaluation.rare_rates import AcceptedRate
from likeness.evaluation.verification import EVIDENCE

FUSIONS = ("min", "mean", "top2", "centroid")
"""The simplest first."""

FUSION_HELP = "min, mean, centroid, or top2 (the mean of the two smallest; top3 and so on)"

_TOP = re.compile(r"top([2-9]|[1-9][0-9])")
_CENTRED = ("cosine", "euclidean", "squared_euclidean")


def fuse(
    energies: Energies, fusion: str, *, energy: str | None = None, among: Energies | None = None
) -> Energies:
    """Return the fused energy of each probe and person.

    Args:
        energies: ``(..., K)``, of a probe to a person's K photos; leading axes such as probes,
            or probes and people.
        fusion: one of `FUSIONS`, or another ``topN``.
        energy: the name of the energy; only the centroid needs it.
        among: ``(K, K)``, or ``(people, K, K)`` beside ``(probes, people, K)``: energies among
            the person's photos; only the centroid needs them.

    Returns:
        ``(...)``.

    Raises:
        SettingError: there is no such fusion, or none with this energy.
        DataError: there is no photo, or ``among`` does not fit.

    >>> import numpy as np
    >>> to_photos = np.array([[3.0, 1.0, 5.0]])
    >>> [float(fuse(to_photos, fusion)[0]) for fusion in ("min", "mean", "top2")]
    [1.0, 3.0, 2.0]
    """
    check_fusion(fusion, energy=energy)
    energies = np.asarray(energies, np.float64)
    if energies.ndim == 0 or energies.shape[-1] == 0:
        raise DataError(
            "energies: expected shape (..., K), K photos of a person, at least one. "
            f"Received: {describe(energies)}."
        )
    if fusion == "min":
        return np.asarray(energies.min(axis=-1))
    if fusion == "mean":
        return np.asarray(energies.mean(axis=-1))
    if fusion == "centroid":
        if energy is None:
            raise SettingError(
                "energy: the centroid needs the name of the energy, such as 'euclidean'. "
                "Received: None."
            )
        return _to_centroid(energies, energy, _checked_among(among, energies.shape[-1]))
    nearest = min(int(fusion.removeprefix("top")), energies.shape[-1])
    smallest = np.partition(energies, nearest - 1, axis=-1)[..., :nearest]
    return np.asarray(smallest.mean(axis=-1))


def check_fusion(fusion: str, *, energy: str | None = None) -> None:
    """Raise unless there is a fusion of that name, for that energy if one is named.

    Raises:
        SettingError: there is none, or not for that energy.
    """
    if fusion not in FUSIONS and not _TOP.fullmatch(fusion):
        raise SettingError(f"fusion: expected {FUSION_HELP}. Received: {fusion!r}.")
    if energy is not None:
        energy_by_name(energy)
        if not _is_possible(fusion, energy=energy):
            raise SettingError(
                f"fusion: the centroid of photos is known for {', '.join(_CENTRED)} energies. "
                f"Received: {energy!r}. Use min, mean or top2."
            )


def _is_possible(fusion: str, *, energy: str) -> bool:
    """Return whether a fusion can be computed from energies of this name."""
    return fusion != "centroid" or energy in _CENTRED


def _checked_among(among: Energies | None, photos: int) -> Energies:
    if among is None or np.shape(among)[-2:] != (photos, photos):
        raise DataError(
            f"among: for the centroid, expected energies of shape ({photos}, {photos}) among the "
            f"person's photos. Received: {describe(among)}."
        )
    return np.asarray(among, np.float64)


def _to_centroid(energies: Energies, energy: str, among: Energies) -> Energies:
    if energy == "cosine":
        similarity = (1.0 - energies).mean(axis=-1)
        # Guarded as in `energies.cosine`: the mean of opposite vectors has no direction.
        length = np.sqrt(np.maximum((1.0 - among).mean(axis=(-2, -1)), GUARD))
        return np.asarray(np.clip(1.0 - similarity / length, 0.0, 2.0))
    if energy == "squared_euclidean":
        squared = energies.mean(axis=-1) - among.mean(axis=(-2, -1)) / 2
        return np.asarray(np.maximum(squared, 0.0))  # rounding can make it negative
    # The guard of the root makes self-distances positive: set them to 0.
    between = np.where(among**2 > GUARD * (1 + 1e-9), among**2, 0.0)
    squared = (energies**2).mean(axis=-1) - between.mean(axis=(-2, -1)) / 2
    return np.asarray(np.sqrt(np.maximum(squared, GUARD)))


BLOCK = 4_000_000
"""Number of energies fused at a time: 32 MB."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparisons:
    """Fused energies, of genuine and impostor comparisons apart.

    Args:
        genuine: ``(g,)``, probes with their own person.
        impostor: ``(i,)``, probes with other people.
        genuine_people: ``(g, 2)``, the person twice.
        impostor_people: ``(i, 2)``, the probe's person and the enrolled one.
    """

    genuine: Energies
    impostor: Energies
    genuine_people: Codes
    impostor_people: Codes

    @classmethod
    def of(cls, pairs: PairEnergies) -> "Comparisons":
        """Return pairs that were measured, of one photo each, as comparisons."""
        return cls(
            genuine=pairs.genuine,
            impostor=pairs.impostor,
            genuine_people=pairs.codes[pairs.genuine_pairs],
            impostor_people=pairs.codes[pairs.impostor_pairs],
        )

    @classmethod
    def with_people(
        cls,
        matrix: Energies,
        codes: Codes,
        *,
        photos_each: int = 1,
        fusion: str = "min",
        energy: str | None = None,
        pairs: LabelledPairs | None = None,
        genuine_required: bool = True,
    ) -> "Comparisons":
        """Enrol every person with ``photos_each`` photos, and compare all other photos with them.

        A person with more photos is enrolled several times, each time with other photos. With one
        photo each, every pair of photos is compared once.

        Args:
            matrix: ``(n, n)`` energies between all photos.
            codes: ``(n,)``.
            photos_each: enrolled photos of a person; people with fewer are probes only.
            fusion: fusion of a person's energies, see `likeness.evaluation.fusion.fuse`.
            energy: the name of the energies; only the centroid needs it.
            pairs: the selected pairs, of one photo each; all of them if not given.
            genuine_required: whether somebody must have a photo left to compare with their own.

        Raises:
            SettingError: a setting is out of its range, there is no such fusion of this energy, or
                pairs are given for several photos each.
            TooFewError: nobody has that many photos, or there is nobody to compare with.
        """
        check_square(matrix, codes)
        check_fusion(fusion, energy=energy)
        if pairs is not None and photos_each > 1:
            raise SettingError(
                "photos_each: expected 1 where only some pairs count (this model's recipe says "
                f"which). Received: {photos_each}."
            )
        if photos_each == 1:
            left, right = np.triu_indices(len(codes), k=1) if pairs is None else pairs.pairs.T
            energies, people = matrix[left, right], np.stack([codes[left], codes[right]], axis=1)
        else:
            energies, people = _fused(matrix, codes, photos_each, fusion, energy)
        genuine = people[:, 0] == people[:, 1]
        if genuine.all() or (genuine_required and not genuine.any()):
            raise TooFewError(
                f"expected two people, one of them with {photos_each + 1} photos or more. "
                f"Received: {len(codes)} photos of {len(np.unique(codes))} people."
            )
        return cls(
            genuine=energies[genuine],
            impostor=energies[~genuine],
            genuine_people=people[genuine],
            impostor_people=people[~genuine],
        )


def _fused(
    matrix: Energies, codes: Codes, photos_each: int, fusion: str, energy: str | None
) -> tuple[Energies, Codes]:
    energies: list[Energies] = [np.empty(0)]
    people = [np.empty((0, 2), np.int64)]
    enrolments = _enrolments(codes, photos_each)
    block = max(1, BLOCK // max(1, len(codes) * photos_each))
    for start in range(0, len(enrolments), block):
        enrolled = enrolments[start : start + block]
        fused = fuse(
            matrix[:, enrolled],
            fusion,
            energy=energy,
            among=matrix[enrolled[:, :, None], enrolled[:, None, :]],
        )
        is_probe = np.ones(fused.shape, bool)
        is_probe[enrolled, np.arange(len(enrolled))[:, None]] = False
        row, probe = np.nonzero(is_probe.T)
        energies.append(fused[probe, row])
        people.append(np.stack([codes[probe], codes[enrolled[row, 0]]], axis=1))
    return np.concatenate(energies), np.concatenate(people)


def _enrolments(codes: Codes, photos_each: int) -> Integers:
    """Return ``(enrolments, photos_each)``: each person's photos, ``photos_each`` at a time."""
    rows = [np.empty((0, photos_each), np.int64)]
    for code in np.unique(codes):
        photos = np.flatnonzero(codes == code)
        times = len(photos) // photos_each
        rows.append(photos[: times * photos_each].reshape(times, photos_each))
    return np.concatenate(rows)


class RejectedAtFar:
    """The share of genuine comparisons rejected, where at most ``far`` of the impostors pass.

    What `tar_at_far` gives, 1 − TAR, for any number of each person: sorted once; each evaluation
    weights only the lowest impostor energies, as many as needed to reach the rate.

    Args:
        comparisons: codes 0…people−1.
        far: the false acceptance rate, above 0, at most 1.
        people: how many.
    """

    def __init__(self, comparisons: Comparisons, *, far: float, people: int) -> None:
        order = np.argsort(comparisons.genuine, kind="stable")
        self._genuine = comparisons.genuine[order]
        self._genuine_of = comparisons.genuine_people[order, 0]
        order = np.argsort(comparisons.impostor, kind="stable")
        self._impostor = comparisons.impostor[order]
        self._impostor_of = comparisons.impostor_people[order]
        self._far = far
        self._everyone = np.ones(people)
        self._compared = pair_counts(comparisons.impostor_people, people)

    def rate(self, times: Floats | None = None) -> float:
        """Return the rate; ``(people,)`` says the weight of each person; 1 if not given."""
        times = self._everyone if times is None else times
        refused = self._first_refused(times)
        weights = times[self._genuine_of]
        accepted = len(weights)
        if refused < len(self._impostor):
            accepted = int(np.searchsorted(self._genuine, self._impostor[refused], side="left"))
        return float(weights[accepted:].sum() / weights.sum())

    def _first_refused(self, times: Floats) -> int:
        """Return the index of the lowest impostor energy that must not be accepted."""
        allowed = self._far * float(times @ self._compared @ times) * (1 + 1e-12)
        total = len(self._impostor)
        some = min(total, int(2 * self._far * total) + 100)
        while True:
            left, right = self._impostor_of[:some].T
            index = int(np.searchsorted(np.cumsum(times[left] * times[right]), allowed, "right"))
            if index < some or some == total:
                return index
            some = min(total, 2 * some)


def pair_counts(pairs: Codes, people: int) -> Floats:
    """Return ``(people, people)``: how many of the ``(n, 2)`` comparisons each two have."""
    pair_of = pairs[:, 0] * people + pairs[:, 1]
    counts = np.bincount(pair_of, minlength=people * people)
    return counts.reshape(people, people).astype(np.float64)


def people_again(
    people: int, *, repetitions: int, seed: int, needed: Codes | None = None
) -> Floats:
    """Draw people with replacement; return ``(repetitions, people)``, the count of each person.

    Args:
        people: how many, at least 2.
        repetitions: how often.
        seed: of the draws.
        needed: every draw contains one of these and another person; no constraint if not given.
    """
    rng = np.random.default_rng(seed)
    needed = np.arange(people) if needed is None else needed
    drawn = np.empty((repetitions, people))
    for row in drawn:
        while True:
            row[:] = np.bincount(rng.choice(people, people), minlength=people)
            if row[needed].any() and np.count_nonzero(row) > 1:
                break
    return drawn


REPETITIONS = 400


@dataclass(frozen=True, kw_only=True)
class FusionChoice:
    """The chosen fusion, and the reason.

    Args:
        fusion: the chosen one.
        best: the one with the lowest error; the same, or another one that is not significantly
            better.
        far: the false acceptance rate at which they were compared.
        rejected: fusion → false rejection rate there, with its interval.
        beyond_best: fusion → its rate minus that of the best, with its interval.
        photos_each: enrolled photos of a person.
        people: measured on.
        genuine, impostor: comparisons behind each rate.
        same_people: whether the threshold was found on these people too.
    """

    fusion: str
    best: str
    far: float
    rejected: Mapping[str, Interval]
    beyond_best: Mapping[str, Interval]
    photos_each: int
    people: int
    genuine: int
    impostor: int
    same_people: bool = False

    @classmethod
    def measure(
        cls,
        matrix: Energies,
        codes: Codes,
        *,
        photos_each: int,
        far: float,
        energy: str,
        fusions: Sequence[str] | None = None,
        repetitions: int = REPETITIONS,
        seed: int = 0,
    ) -> "FusionChoice":
        """Choose the fusion of a person's photos.

        Args:
            matrix: ``(n, n)`` energies between all photos of people never trained on.
            codes: ``(n,)``.
            photos_each: enrolled photos of a person, at least 2.
            far: the false acceptance rate of one comparison that matters, above 0, at most 0.5.
                Where it is lower than what the comparisons can show (3 divided by the number of
                independent impostor comparisons that would be as sure), that rate is used.
            energy: the name of the energies.
            fusions: the candidates, the simplest first; if not given, those of `FUSIONS` that this
                energy and so many photos make a difference for.
            repetitions: how often people are drawn again.
            seed: of the draws.

        Raises:
            SettingError: a setting is out of its range.
            TooFewError: nobody has a photo more than are enrolled, or there is one person only.
        """
        check_in_range(photos_each, 2, 1000, argument="photos_each", whole=True)
        check_in_range(far, 1e-12, 0.5, argument="far")
        check_in_range(repetitions, 10, 100_000, argument="repetitions", whole=True)
        names = candidates(energy, photos_each) if fusions is None else tuple(fusions)
        if not names:
            raise SettingError("fusions: expected at least one. Received: none.")
        codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
        people = int(codes.max(initial=0)) + 1
        comparisons = {
            name: Comparisons.with_people(
                matrix, codes, photos_each=photos_each, fusion=name, energy=energy
            )
            for name in names
        }
        first = comparisons[names[0]]
        shown = EVIDENCE / AcceptedRate(first.impostor, first.impostor_people).at(-np.inf).effective
        far = min(max(far, shown), 0.5)
        measures = {
            name: RejectedAtFar(each, far=far, people=people) for name, each in comparisons.items()
        }
        draws = people_again(
            people,
            repetitions=repetitions,
            seed=seed,
            needed=np.unique(first.genuine_people[:, 0]),
        )
        rates = {name: measure.rate() for name, measure in measures.items()}
        again = {
            name: np.array([measure.rate(times) for times in draws])
            for name, measure in measures.items()
        }
        best = min(names, key=rates.__getitem__)  # the simpler of equal ones
        beyond = {
            name: Interval.of_draws(rates[name] - rates[best], again[name] - again[best])
            for name in names
        }
        return cls(
            fusion=next(name for name in names if beyond[name].low <= 0),
            best=best,
            far=far,
            rejected={
                name: Interval.of_share(rates[name], again[name], trials=len(codes))
                for name in names
            },
            beyond_best=beyond,
            photos_each=photos_each,
            people=people,
            genuine=len(first.genuine),
            impostor=len(first.impostor),
        )

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        rates = ", ".join(f"{name} {_percent(rate)}" for name, rate in self.rejected.items())
        said = [
            f"Fusion of {self.photos_each} photos: {self.fusion}. Rejected at a false acceptance "
            f"rate of {100 * self.far:.2g} %: {rates}; {self.genuine:,} genuine and "
            f"{self.impostor:,} impostor comparisons of {self.people} people."
        ]
        if self.fusion != self.best:
            more = self.beyond_best[self.fusion]
            said.append(
                f"{self.best} has the lowest rate, but {self.fusion} is simpler, and these people "
                f"do not show a significant difference ({100 * more.low:+.1f} to "
                f"{100 * more.high:+.1f} points)."
            )
        if self.same_people:
            said.append(
                "The threshold was found on the same people, too few to halve: it favours the "
                "fusion that suits them, so the rates are slightly optimistic."
            )
        return said


def candidates(energy: str, photos_each: int) -> tuple[str, ...]:
    """Return the fusions that can be computed and differ, the simplest first.

    >>> candidates("euclidean", 2), candidates("manhattan", 3)
    (('min', 'mean', 'centroid'), ('min', 'mean', 'top2'))
    """
    return tuple(
        name
        for name in FUSIONS
        if _is_possible(name, energy=energy) and (name != "top2" or photos_each > 2)
    )


def _percent(rate: Interval) -> str:
    return f"{100 * rate.mean:.1f} % ({100 * rate.low:.1f}–{100 * rate.high:.1f})"
