"""The false rejection rate at a false acceptance rate, again and again for people drawn anew."""

import numpy as np

from likeness.arrays import Codes, Floats
from likeness.evaluation.comparisons import Comparisons


class RejectedAtFar:
    """The share of genuine comparisons rejected, where at most ``far`` of the impostors pass.

    What `tar_at_far` gives, 1 − TAR, for any number of each person: sorted once, and only the
    lowest impostor energies are weighed each time, as many as it takes to reach the rate.

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
        """Return the rate; ``(people,)`` says how often each person counts, or once."""
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
    """Draw people with replacement; return ``(repetitions, people)``, how often each was drawn.

    Args:
        people: how many, at least 2.
        repetitions: how often.
        seed: of the draws.
        needed: in every draw is one of these, and somebody else; anybody if not given.
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
