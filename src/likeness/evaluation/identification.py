"""Identification: who is it? Nearest enrolled identity, closed set, one shot or several.

Ties: where k enrolled identities are equally near and the right one is among them, the
probe counts as 1/k right, what a fair coin would give; taking the first would favour
whoever is listed first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, check_in_range, describe
from likeness.errors import DataError, TooFewError
from likeness.evaluation.pair_energies import check_square
from likeness.sampling.episodes import episodes


@dataclass(frozen=True, eq=False, kw_only=True)
class Identification:
    """The outcome of identification trials.

    Args:
        ways: enrolled identities in each trial.
        shots: enrolled items of each.
        correct: ``(trials,)``, 0…1: 1 where the nearest identity was the right one.
        probe_codes: ``(trials,)``, whose probe each trial was.
    """

    ways: int
    shots: int
    correct: NDArray[np.float64]
    probe_codes: Codes

    @property
    def rate(self) -> float:
        """Rank-1 rate: the mean over all trials, 0…1."""
        return float(self.correct.mean())


def rank_one(matrix: Energies, probe_codes: Codes, gallery_codes: Codes) -> NDArray[np.float64]:
    """Return how right the nearest enrolled identity is for each probe, 0…1.

    Args:
        matrix: ``(probes, gallery)`` energies; an identity's energy is its smallest.
        probe_codes: ``(probes,)``, each of them in the gallery: the set is closed.
        gallery_codes: ``(gallery,)``.

    Raises:
        DataError: the shapes do not fit, an energy is NaN, or a probe is of nobody enrolled.

    >>> import numpy as np
    >>> rank_one(np.array([[0.2, 0.9], [0.5, 0.5]]), np.array([7, 8]), np.array([7, 8])).tolist()
    [1.0, 0.5]
    """
    _check_closed_set(matrix, probe_codes, gallery_codes)
    identities = np.unique(gallery_codes)
    each = np.stack([matrix[:, gallery_codes == code].min(axis=1) for code in identities], axis=1)
    nearest = each == each.min(axis=1, keepdims=True)
    right = nearest & (identities[None, :] == probe_codes[:, None])
    return np.asarray(right.sum(axis=1) / nearest.sum(axis=1), dtype=np.float64)


def one_shot_each_item(matrix: Energies, codes: Codes) -> Identification:
    """Enrol one item of every identity, recognise all the others; each place in turn.

    The k-th item of every identity is enrolled, all other items are probes, for each k that
    every identity has (protocol U4: 10 places × 90 probes). An identity with a single item is
    enrolled and never a probe.

    Args:
        matrix: ``(n, n)`` energies between all items.
        codes: ``(n,)``.

    Raises:
        TooFewError: there are fewer than two identities, or none has two items.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    check_square(matrix, codes)
    members = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    if len(members) < 2 or len(members) == len(codes):
        raise TooFewError(
            "one-shot identification: expected at least two people, one of them with two photos. "
            f"Received: {len(codes)} photos of {len(members)} people."
        )
    places = min(len(items) for items in members)
    correct, whose = [], []
    for place in range(places):
        enrolled = np.array([items[place] for items in members])
        probes = np.setdiff1d(np.arange(len(codes)), enrolled)
        correct.append(rank_one(matrix[np.ix_(probes, enrolled)], codes[probes], codes[enrolled]))
        whose.append(codes[probes])
    return Identification(
        ways=len(members),
        shots=1,
        correct=np.concatenate(correct),
        probe_codes=np.concatenate(whose),
    )


def n_way_k_shot(
    matrix: Energies, codes: Codes, *, ways: int, shots: int, count: int, seed: int
) -> Identification:
    """Recognise one probe of each of N identities from K enrolled items, in random episodes.

    Args:
        matrix: ``(n, n)`` energies between all items.
        codes: ``(n,)``.
        ways, shots: N and K.
        count: how many episodes, at least 1.
        seed: which ones.

    Raises:
        SettingError: a setting is out of its range.
        TooFewError: fewer than N identities have K + 1 items.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    check_square(matrix, codes)
    check_in_range(count, 1, 2**30, argument="count", whole=True)
    correct, whose = [], []
    for episode in episodes(codes, ways=ways, shots=shots, count=count, seed=seed):
        enrolled = episode.gallery.reshape(-1)
        energies = matrix[np.ix_(episode.probes, enrolled)]
        correct.append(rank_one(energies, codes[episode.probes], codes[enrolled]))
        whose.append(codes[episode.probes])
    return Identification(
        ways=ways,
        shots=shots,
        correct=np.concatenate(correct),
        probe_codes=np.concatenate(whose),
    )


def _check_closed_set(matrix: Energies, probe_codes: Codes, gallery_codes: Codes) -> None:
    if matrix.shape != (len(probe_codes), len(gallery_codes)) or len(gallery_codes) == 0:
        raise DataError(
            f"matrix: expected energies of {len(probe_codes)} probes to {len(gallery_codes)} "
            f"enrolled items, at least one. Received: {describe(matrix)}."
        )
    if np.isnan(matrix).any():
        raise DataError("matrix: expected energies. Received: NaN in some places.")
    strangers = np.setdiff1d(probe_codes, gallery_codes)
    if len(strangers):
        raise DataError(
            f"probe_codes: {len(strangers)} identities have probes but nothing enrolled, the "
            f"first is {strangers[0]}. In a closed set everyone is enrolled: leave them out."
        )
