"""Which fusion of several photos is best, by measured error on people never trained on.

The error is the false rejection rate at the false acceptance rate of the purpose, or at the
lowest one that the comparisons can show if that is higher. Every fusion is measured on the same
comparisons, and the differences are paired: people are drawn again, and both fusions are
measured on each draw. The best one is taken, unless a simpler one is not shown to be worse: of
those whose difference to the best has an interval that includes 0, the simplest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from likeness.arrays import Codes, Energies, check_in_range
from likeness.errors import SettingError
from likeness.evaluation.comparisons import compare_with_people
from likeness.evaluation.figures import Interval
from likeness.evaluation.fusion import FUSIONS, is_possible
from likeness.evaluation.rare_rates import AcceptedRate, interval_from_draws
from likeness.evaluation.rejected_at_far import RejectedAtFar, people_again
from likeness.evaluation.verification import EVIDENCE

REPETITIONS = 400


@dataclass(frozen=True, kw_only=True)
class FusionChoice:
    """Which fusion was chosen, and why.

    Args:
        fusion: the chosen one.
        best: the one with the lowest error; the same, or one that is not shown to be better.
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

    def sentences(self) -> list[str]:
        """Say it in words."""
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
                f"do not show that it is worse ({100 * more.low:+.1f} to {100 * more.high:+.1f} "
                "points)."
            )
        if self.same_people:
            said.append(
                "The threshold was found on the same people, too few to halve: it favours the "
                "fusion that suits them, so take the rates as a little too good."
            )
        return said


def choose_fusion(
    matrix: Energies,
    codes: Codes,
    *,
    photos_each: int,
    far: float,
    energy: str,
    fusions: Sequence[str] | None = None,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> FusionChoice:
    """Choose how the photos of a person become one energy.

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
        name: compare_with_people(
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
        name: _interval(rates[name] - rates[best], again[name] - again[best]) for name in names
    }
    return FusionChoice(
        fusion=next(name for name in names if beyond[name].low <= 0),
        best=best,
        far=far,
        rejected={name: _rate(rates[name], again[name], trials=len(codes)) for name in names},
        beyond_best=beyond,
        photos_each=photos_each,
        people=people,
        genuine=len(first.genuine),
        impostor=len(first.impostor),
    )


def candidates(energy: str, photos_each: int) -> tuple[str, ...]:
    """Return the fusions that can be computed and differ, the simplest first.

    >>> candidates("euclidean", 2), candidates("manhattan", 3)
    (('min', 'mean', 'centroid'), ('min', 'mean', 'top2'))
    """
    return tuple(
        name
        for name in FUSIONS
        if is_possible(name, energy=energy) and (name != "top2" or photos_each > 2)
    )


def _interval(value: float, again: Energies) -> Interval:
    low, high = np.quantile(again, [0.025, 0.975])
    return Interval(mean=value, low=float(low), high=float(high))


def _rate(value: float, again: Energies, *, trials: int) -> Interval:
    low, high = interval_from_draws(value, again, trials=trials)
    return Interval(mean=value, low=low, high=high)


def _percent(rate: Interval) -> str:
    return f"{100 * rate.mean:.1f} % ({100 * rate.low:.1f}–{100 * rate.high:.1f})"
