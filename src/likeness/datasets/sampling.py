"""Samplers: pairs, P×K batches, N-way K-shot episodes.

Samplers return indices, never items; the seed is an argument.

A pair of items is genuine (one identity) or impostor (two). An item is never paired with itself, no
pair is drawn twice in either order, and impostor pairs are drawn from all items of both identities
(a common mistake restricts them to one photo index).

Hard pairs are similar impostors and dissimilar genuine pairs. After a few steps most impostor pairs
are far apart and have no gradient; drawing pairs by their present energy avoids these (C.-Y. Wu, R.
Manmatha, A. Smola, P. Krähenbühl, «Sampling Matters in Deep Embedding Learning», ICCV 2017, gives
the argument; the weights here are plain exponentials of the energy).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, Pairs, check_in_range
from likeness.errors import TooFewError


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs of items and whether each is genuine.

    Args:
        pairs: ``(n, 2)`` indices, the smaller first.
        genuine: ``(n,)`` bool.
    """

    pairs: Pairs
    genuine: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, indices: NDArray[np.int64]) -> "LabelledPairs":
        """Return these pairs, in this order."""
        return LabelledPairs(self.pairs[indices], self.genuine[indices])

    @classmethod
    def all_of(cls, codes: Codes) -> "LabelledPairs":
        """Return every pair of items once.

        >>> import numpy as np
        >>> LabelledPairs.all_of(np.array([0, 0, 1])).genuine.tolist()
        [True, False, False]
        """
        left, right = np.triu_indices(len(codes), k=1)
        return cls(np.stack([left, right], axis=1), codes[left] == codes[right])


def sample_pairs(
    codes: Codes, *, genuine: int | None = None, impostor: int | None = None, seed: int
) -> LabelledPairs:
    """Draw different genuine and impostor pairs, in a random order.

    Args:
        codes: ``(n,)``, the identity of each item.
        genuine: how many genuine pairs; if not given, all there are, or as many as there are
            impostor pairs where those are fewer.
        impostor: how many impostor pairs; if not given, as many as genuine ones, or all there are.
        seed: random seed of the choice and the order.

    Raises:
        TooFewError: there are not that many different pairs.

    >>> import numpy as np
    >>> drawn = sample_pairs(np.repeat(np.arange(3), 4), seed=0)
    >>> len(drawn), int(drawn.genuine.sum())
    (36, 18)
    """
    sizes = np.bincount(codes, minlength=1)
    most_genuine = int((sizes * (sizes - 1) // 2).sum())
    most_impostor = len(codes) * (len(codes) - 1) // 2 - most_genuine
    if genuine is None:  # all there are, or fewer where there are not as many impostor pairs
        genuine = most_genuine if impostor is not None else min(most_genuine, most_impostor)
    impostor = min(genuine, most_impostor) if impostor is None else impostor
    _check_count("genuine", genuine, most_genuine)
    _check_count("impostor", impostor, most_impostor)
    rng = np.random.default_rng(seed)
    items_of = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    chosen = np.concatenate(
        [
            _draw_genuine(items_of, genuine, rng),
            _draw_impostor(codes, impostor, most_impostor, rng),
        ]
    )
    labels = np.arange(len(chosen)) < genuine
    order = rng.permutation(len(chosen))
    return LabelledPairs(chosen[order], labels[order])


def _check_count(argument: str, count: int, most: int) -> None:
    check_in_range(count, 0, 2**40, argument=argument, whole=True)
    if count > most:
        raise TooFewError(
            f"{argument}: expected at most {most}, the number of different {argument} pairs "
            f"in the data. Received: {count}."
        )


def _draw_genuine(items_of: list[NDArray[np.intp]], count: int, rng: np.random.Generator) -> Pairs:
    """Enumerate the genuine pairs (their number is small) and choose some."""
    rows = [items[np.stack(np.triu_indices(len(items), k=1), axis=1)] for items in items_of]
    every = np.concatenate([np.empty((0, 2), np.int64), *rows]).astype(np.int64)
    return every[rng.choice(len(every), count, replace=False)]


def _draw_impostor(codes: Codes, count: int, most: int, rng: np.random.Generator) -> Pairs:
    """Draw without replacement; by rejection where the pairs are too many to enumerate."""
    if count > most // 4:
        every = LabelledPairs.all_of(codes)
        rows = every.pairs[~every.genuine]
        return rows[rng.choice(len(rows), count, replace=False)]
    size = len(codes)
    keys = np.empty(0, np.int64)
    while len(keys) < count:
        two = np.sort(rng.integers(size, size=(2 * (count - len(keys)) + 16, 2)), axis=1)
        two = two[codes[two[:, 0]] != codes[two[:, 1]]]
        fresh = np.concatenate([keys, two[:, 0] * size + two[:, 1]])
        # The first occurrence of each, in the order drawn: sorting would favour low indices.
        _, first = np.unique(fresh, return_index=True)
        keys = fresh[np.sort(first)]
    keys = keys[:count]
    return np.stack([keys // size, keys % size], axis=1)


def hard_pairs(
    codes: Codes,
    energies: Energies,
    *,
    genuine: int,
    impostor: int,
    temperature: float,
    seed: int,
    source_person: Codes | None = None,
) -> LabelledPairs:
    """Draw different pairs, hard ones with a higher probability, in a random order.

    Every item is an anchor as often as any other; its impostor partner at energy e is drawn
    with a weight of exp(−e / temperature), its genuine one with exp(+e / (2 · temperature)). No
    pair comes twice. (Weights over all pairs together would favour the few people who look most
    alike.)

    Args:
        codes: ``(n,)``, the identity of each item.
        energies: ``(n, n)``, the present energies.
        genuine: how many genuine pairs; fewer are returned if there are fewer.
        impostor: how many impostor pairs; fewer are returned if there are fewer.
        temperature: 0.1 is strong for distances of 0…2; 1e6 draws uniformly.
        seed: random seed of the choice and the order.
        source_person: ``(n,)``, the person that each item shows; different identities of one source
            person are never paired (a person and the mirrored person are neither genuine nor
            impostor).

    >>> import numpy as np
    >>> points = np.array([0.0, 0.1, 0.2, 5.0])
    >>> energies = np.abs(points[:, None] - points[None, :])
    >>> drawn = hard_pairs(
    ...     np.array([0, 0, 1, 1]), energies, genuine=2, impostor=3, temperature=1e-3, seed=0
    ... )
    >>> sorted(drawn.pairs[~drawn.genuine].tolist())
    [[0, 2], [1, 2], [1, 3]]
    """
    check_in_range(temperature, 1e-6, 1e9, argument="temperature")
    rng = np.random.default_rng(seed)
    every = LabelledPairs.all_of(codes)
    left, right = every.pairs.T
    allowed = np.ones_like(every.genuine)
    if source_person is not None:
        allowed = every.genuine | (source_person[left] != source_person[right])
    chosen = []
    for kind, slope, count in ((every.genuine, 0.5, genuine), (~every.genuine, -1.0, impostor)):
        candidates = np.flatnonzero(kind & allowed)
        weights = _log_weights(slope * (1 / temperature) * energies, every.pairs[candidates])
        chosen.append(candidates[_weighted(weights, count, rng)])
    return every.take(rng.permutation(np.concatenate(chosen)))


def _log_weights(scores: Energies, pairs: Pairs) -> NDArray[np.float64]:
    """Return log(p(b|a) + p(a|b)) of each pair (a, b), p(·|a) ∝ exp(score) over a's pairs."""
    left, right = pairs.T
    score = scores[left, right]
    total = np.full(len(scores), -np.inf)
    for side in (left, right):
        np.logaddexp.at(total, side, score)
    return np.asarray(np.logaddexp(score - total[left], score - total[right]))


def _weighted(
    log_weights: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw without replacement by weight: the largest log-weight + Gumbel noise win.

    (Efraimidis & Spirakis 2006; Kool, van Hoof & Welling 2019, section 3.)
    """
    noisy = log_weights + rng.gumbel(size=len(log_weights))
    return np.argsort(-noisy)[:count]


def identity_batches(
    codes: Codes,
    *,
    identities: int,
    items_each: int,
    batches: int,
    seed: int,
    groups: Codes | None = None,
) -> NDArray[np.int64]:
    """Return ``(batches, identities × items_each)`` indices, grouped by identity.

    Identities differ within a batch. An identity with fewer than ``items_each`` items gives each of
    them once before any is repeated.

    Args:
        codes: ``(n,)``, the identity of each item.
        identities: P, at least 1; at most as many as have an item.
        items_each: K, at least 1.
        batches: how many batches.
        seed: random seed.
        groups: ``(n,)``, equal for all items of an identity; a batch is drawn from one group,
            each group as often as any other. One group of all if not given.

    Raises:
        TooFewError: there are fewer than ``identities`` identities, in a group if there are any.

    >>> import numpy as np
    >>> codes = np.repeat(np.arange(4), 5)
    >>> batch = identity_batches(codes, identities=3, items_each=2, batches=1, seed=0)[0]
    >>> len(set(codes[batch].tolist())), len(set(batch.tolist()))
    (3, 6)
    """
    check_in_range(identities, 1, 2**30, argument="identities", whole=True)
    check_in_range(items_each, 1, 2**30, argument="items_each", whole=True)
    groups = np.zeros_like(codes) if groups is None else groups
    pools = [_items_of_each(codes, np.flatnonzero(groups == group)) for group in np.unique(groups)]
    fewest = min(map(len, pools), default=0)
    if fewest < identities:
        raise TooFewError(
            f"identities: expected at most {fewest}, the number of people in the data. "
            f"Received: {identities}."
        )
    rng = np.random.default_rng(seed)
    rows = np.empty((batches, identities, items_each), np.int64)
    order = _some(np.arange(len(pools)), batches, rng) if len(pools) > 1 else np.zeros(batches, int)
    for batch, pool in enumerate(order):
        people = pools[pool]
        for row, person in enumerate(rng.choice(len(people), identities, replace=False)):
            rows[batch, row] = _some(people[person], items_each, rng)
    return rows.reshape(batches, -1)


def _items_of_each(codes: Codes, items: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the items of each identity among these."""
    return [items[codes[items] == code] for code in np.unique(codes[items])]


def _some(items: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    rounds = -(-count // len(items))
    return np.concatenate([rng.permutation(items) for _ in range(rounds)])[:count]


@dataclass(frozen=True, eq=False, kw_only=True)
class Episode:
    """One episode.

    Args:
        gallery: ``(ways, shots)``, the enrolled items; each row is one identity, and no two
            rows are the same one.
        probes: ``(q,)``, items to recognise, none of them enrolled.
        answers: ``(q,)``, the gallery row of each probe's identity.
    """

    gallery: NDArray[np.int64]
    probes: NDArray[np.int64]
    answers: NDArray[np.int64]


def episodes(
    codes: Codes, *, ways: int, shots: int, count: int, seed: int, probes_each: int = 1
) -> list[Episode]:
    """Draw episodes.

    Args:
        codes: ``(n,)``, the identity of each item.
        ways: identities in an episode, at least 2.
        shots: enrolled items of each, at least 1.
        count: how many episodes.
        seed: random seed.
        probes_each: probes of each identity, at least 1.

    Raises:
        TooFewError: fewer than ``ways`` identities have ``shots + probes_each`` items.

    >>> import numpy as np
    >>> drawn = episodes(np.repeat(np.arange(5), 3), ways=4, shots=2, count=1, seed=0)[0]
    >>> drawn.gallery.shape, drawn.answers.tolist()
    ((4, 2), [0, 1, 2, 3])
    """
    for argument, value, low in (("ways", ways, 2), ("shots", shots, 1), ("count", count, 0)):
        check_in_range(value, low, 2**30, argument=argument, whole=True)
    check_in_range(probes_each, 1, 2**30, argument="probes_each", whole=True)
    need = shots + probes_each
    items_of = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    items_of = [items for items in items_of if len(items) >= need]
    if len(items_of) < ways:
        raise TooFewError(
            f"ways: expected at most {len(items_of)}, the number of people with at least "
            f"{need} photos. Received: {ways}."
        )
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        people = rng.choice(len(items_of), ways, replace=False)
        rows = np.stack([rng.permutation(items_of[person])[:need] for person in people])
        drawn.append(
            Episode(
                gallery=rows[:, :shots],
                probes=rows[:, shots:].reshape(-1),
                answers=np.repeat(np.arange(ways), probes_each),
            )
        )
    return drawn
