"""Identification on a closed set: the nearest enrolled identity, from one shot or several.

Ties: where k enrolled identities are equally near and the right one is among them, the
probe counts as 1/k right, the expectation of a random choice; taking the first would favour
identities that are listed first. At rank R, with n identities strictly nearer, it is (R − n)/k
right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, check_in_range, describe
from likeness.datasets.sampling import episodes
from likeness.errors import DataError, TooFewError
from likeness.evaluation.pair_energies import check_square


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranks:
    """The rank of the right identity among the enrolled ones, for each probe.

    Args:
        nearer: ``(n,)``, how many identities are nearer than the right one.
        level: ``(n,)``, how many are exactly as near, itself among them: 1 or more.
    """

    nearer: NDArray[np.int64]
    level: NDArray[np.int64]

    @classmethod
    def of(cls, each: Energies, right: NDArray[np.intp]) -> "Ranks":
        """Return the rank of the right identity for each probe.

        Args:
            each: ``(probes, g)`` energies to the enrolled identities.
            right: ``(probes,)``, the column of the right one.
        """
        own = np.take_along_axis(each, right[:, None], axis=1)
        return cls(nearer=(each < own).sum(axis=1), level=(each == own).sum(axis=1))

    @classmethod
    def joined(cls, parts: Sequence["Ranks"]) -> "Ranks":
        """Return the ranks of all parts, one after the other; at least one part."""
        return cls(
            nearer=np.concatenate([part.nearer for part in parts]),
            level=np.concatenate([part.level for part in parts]),
        )

    def credit(self, rank: int = 1) -> NDArray[np.float64]:
        """Return the score of each probe at a rank, ``(n,)``, 0…1; ties are split equally."""
        return np.clip((rank - self.nearer) / self.level, 0.0, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Identification:
    """The result of identification trials.

    Args:
        ways: enrolled identities in each trial.
        shots: enrolled items of each.
        ranks: of the right identity, one per trial.
        probe_codes: ``(trials,)``, the identity of each trial's probe.
    """

    ways: int
    shots: int
    ranks: Ranks
    probe_codes: Codes

    @cached_property
    def correct(self) -> NDArray[np.float64]:
        """``(trials,)``, 0…1: 1 where the nearest identity was the right one."""
        return self.ranks.credit(1)

    def cumulative_match(self, *, most: int = 100) -> NDArray[np.float64]:
        """Return the cumulative match characteristic (CMC), ``(ranks,)``, 0…1, rising.

        At rank R, the share of trials whose right identity is among the R nearest: ranks
        1…``ways``, where it is 1, or as far as ``most``. (ISO/IEC 19795-1, closed set.)

        >>> import numpy as np
        >>> apart = np.array([[1.0, 9.0, 4.0, 5.0], [1.0, 9.0, 2.0, 3.0]] * 2)
        >>> one_shot_each_item(apart, np.array([0, 1, 0, 1])).cumulative_match().tolist()
        [0.5, 1.0]
        """
        ranks = range(1, min(self.ways, most) + 1)
        return np.array([self.ranks.credit(rank).mean() for rank in ranks])

    @property
    def rate(self) -> float:
        """Rank-1 rate: the mean over all trials, 0…1."""
        return float(self.correct.mean())


def person_energies(
    matrix: Energies, probe_codes: Codes, gallery_codes: Codes
) -> tuple[Codes, Energies]:
    """Return the enrolled identities, and each probe's energy to each: the smallest of its items.

    Args:
        matrix: ``(probes, gallery)``.
        probe_codes: ``(probes,)``.
        gallery_codes: ``(gallery,)``, at least one.

    Returns:
        (identities ``(g,)`` ascending, energies ``(probes, g)``).

    Raises:
        DataError: the matrix has another shape, nothing is enrolled, or an energy is NaN.
    """
    if matrix.shape != (len(probe_codes), len(gallery_codes)) or len(gallery_codes) == 0:
        raise DataError(
            f"matrix: expected energies of {len(probe_codes)} probes to {len(gallery_codes)} "
            f"enrolled items, at least one. Received: {describe(matrix)}."
        )
    if np.isnan(matrix).any():
        raise DataError("matrix: expected energies. Received: NaN in some places.")
    order = np.argsort(gallery_codes, kind="stable")
    identities, first = np.unique(gallery_codes[order], return_index=True)
    return identities, np.minimum.reduceat(matrix[:, order], first, axis=1)


def rank_one(matrix: Energies, probe_codes: Codes, gallery_codes: Codes) -> NDArray[np.float64]:
    """Return the rank-1 score of each probe, 0…1.

    Args:
        matrix: ``(probes, gallery)`` energies; an identity's energy is its smallest.
        probe_codes: ``(probes,)``, each of them is in the gallery (closed set).
        gallery_codes: ``(gallery,)``.

    Raises:
        DataError: the shapes do not fit, an energy is NaN, or a probe's identity is not enrolled.

    >>> import numpy as np
    >>> rank_one(np.array([[0.2, 0.9], [0.5, 0.5]]), np.array([7, 8]), np.array([7, 8])).tolist()
    [1.0, 0.5]
    """
    return _closed_set_ranks(matrix, probe_codes, gallery_codes).credit(1)


def one_shot_each_item(matrix: Energies, codes: Codes) -> Identification:
    """Enrol one item of every identity, identify all others; for each item index in turn.

    The k-th item of every identity is enrolled, all other items are probes, for each k that
    every identity has (protocol U4: 10 indices × 90 probes). An identity with a single item is
    enrolled and never a probe.

    Args:
        matrix: ``(n, n)`` energies between all items.
        codes: ``(n,)``.

    Raises:
        TooFewError: there are fewer than two identities, or none has two items.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    check_square(matrix, codes)
    items_of_each = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    if len(items_of_each) < 2 or len(items_of_each) == len(codes):
        raise TooFewError(
            "one-shot identification: expected at least two people, one of them with two photos. "
            f"Received: {len(codes)} photos of {len(items_of_each)} people."
        )
    count = min(len(items) for items in items_of_each)
    trials = []
    for index in range(count):
        enrolled = np.array([items[index] for items in items_of_each])
        trials.append((np.setdiff1d(np.arange(len(codes)), enrolled), enrolled))
    return _closed_set(matrix, codes, trials, ways=len(items_of_each), shots=1)


def n_way_k_shot(
    matrix: Energies, codes: Codes, *, ways: int, shots: int, count: int, seed: int
) -> Identification:
    """Identify one probe of each of N identities from K enrolled items, in random episodes.

    Args:
        matrix: ``(n, n)`` energies between all items.
        codes: ``(n,)``.
        ways, shots: N and K.
        count: how many episodes, at least 1.
        seed: random seed.

    Raises:
        SettingError: a setting is out of its range.
        TooFewError: fewer than N identities have K + 1 items.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    check_square(matrix, codes)
    check_in_range(count, 1, 2**30, argument="count", whole=True)
    trials = [
        (episode.probes, episode.gallery.reshape(-1))
        for episode in episodes(codes, ways=ways, shots=shots, count=count, seed=seed)
    ]
    return _closed_set(matrix, codes, trials, ways=ways, shots=shots)


def _closed_set(
    matrix: Energies,
    codes: Codes,
    trials: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    *,
    ways: int,
    shots: int,
) -> Identification:
    """Identify (probes, enrolled) items, one search after the other."""
    ranks = [
        _closed_set_ranks(matrix[np.ix_(probes, enrolled)], codes[probes], codes[enrolled])
        for probes, enrolled in trials
    ]
    return Identification(
        ways=ways,
        shots=shots,
        ranks=Ranks.joined(ranks),
        probe_codes=np.concatenate([codes[probes] for probes, _ in trials]),
    )


def _closed_set_ranks(matrix: Energies, probe_codes: Codes, gallery_codes: Codes) -> Ranks:
    identities, each = person_energies(matrix, probe_codes, gallery_codes)
    strangers = np.setdiff1d(probe_codes, gallery_codes)
    if len(strangers):
        raise DataError(
            f"probe_codes: {len(strangers)} identities have probes but nothing enrolled, the "
            f"first is {strangers[0]}. In a closed set every probe's identity is enrolled: leave "
            "them out."
        )
    return Ranks.of(each, np.searchsorted(identities, probe_codes))
