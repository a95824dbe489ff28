"""`Dataset`: items with their identities, frozen; and the split by identity."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Floats, check_in_range
from likeness.errors import DataError, OverlapError, TooFewError
from likeness.files import natural_key

OnProgress = Callable[[int, int], None]
"""Called with (done, total): photos read, or bytes received. A total of 0 is not known."""

DIGITS = 16
"""Hexadecimal digits of each photo's digest in a model's record."""

OnPhoto = Callable[[str, NDArray[np.uint8]], None]
"""Called with (item name, the photo in its original size and colours)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Acquisition:
    """How many photos of each person were acquired, and how many showed no usable face.

    Such a photo is a rejected genuine attempt and a rejected impostor attempt (ISO/IEC 19795-1):
    FRR = FTA + FNMR · (1 − FTA) and FAR = FMR · (1 − FTA), with the match rates FNMR and FMR of the
    photos that were acquired. Identification likewise: the attempt finds nobody.

    Args:
        acquired, failed: ``(people,)``; first the people of the data set in the order of their
            codes, then those none of whose photos was acquired.
    """

    acquired: NDArray[np.int64]
    failed: NDArray[np.int64]

    def of_people(self, codes: Codes) -> "Acquisition":
        """Return that of some people; the others have no photo."""
        inside = np.isin(np.arange(len(self.failed)), codes)
        return Acquisition(acquired=self.acquired * inside, failed=self.failed * inside)

    @property
    def photos(self) -> int:
        """All photos that were tried."""
        return int(self.acquired.sum() + self.failed.sum())

    def rate(self, weights: Floats | None = None) -> float:
        """Return the FTA, 0…1, each person's photos counted as often as ``(people,)`` weights say.

        >>> Acquisition(acquired=np.array([3, 0]), failed=np.array([0, 1])).rate()
        0.25
        """
        weights = np.ones(len(self.failed)) if weights is None else weights[: len(self.failed)]
        total = float(weights @ (self.acquired + self.failed))
        return float(weights @ self.failed) / total if total else 0.0


@dataclass(frozen=True, eq=False)
class Dataset:
    """Items and the identity of each.

    An identity is a person here; a writer, a character or an object elsewhere. The code treats all
    of them alike.

    Args:
        items: ``(n, ...)``; photos are ``(n, rows, columns, channels)`` of ``uint8``.
        identities: ``n`` names, one per item.
        item_names: ``n`` different names, for messages and reports («s1/1»).
        name: name of the data in reports.
        licence: terms of use and credit, for reports and model cards.
        drawn: whether the photos are synthetic. Every figure on such data is marked.
        notes: remarks for readers of the figures, such as files left out.
        facets: further labels of each item, ``n`` per facet, such as the text that was written, or
            the camera.
        not_acquired: whose the photos were in which no usable face was found, one name a photo;
            they are not among the items. None where no face was looked for.

    Raises:
        DataError: these differ in length, or two items have one name.

    >>> import numpy as np
    >>> data = Dataset(np.zeros((4, 2, 2, 1), np.uint8), ["ada", "ada", "bob", "bob"])
    >>> data.distinct, data.codes.tolist()
    (('ada', 'bob'), [0, 0, 1, 1])
    """

    items: NDArray[Any]
    identities: Sequence[str]
    item_names: Sequence[str] = ()
    name: str = "data"
    licence: str = "unknown"
    drawn: bool = False
    notes: tuple[str, ...] = field(default=())
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_acquired: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        identities = tuple(str(identity) for identity in self.identities)
        names = tuple(str(name) for name in self.item_names) or tuple(
            f"{identity}/{index}" for index, identity in enumerate(identities)
        )
        if not len(self.items) == len(identities) == len(names):
            raise DataError(
                "items, identities, item_names: expected equal lengths. Received: "
                f"{len(self.items)}, {len(identities)} and {len(names)}."
            )
        if len(set(names)) != len(names):
            raise DataError("item_names: expected different names. Received: some twice.")
        facets = {name: tuple(str(label) for label in own) for name, own in self.facets.items()}
        for name, labels in facets.items():
            if len(labels) != len(names):
                raise DataError(
                    f"facets: expected {len(names)} labels of {name!r}, one per item. Received: "
                    f"{len(labels)}."
                )
        items = self.items.view()
        items.flags.writeable = False
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "identities", identities)
        object.__setattr__(self, "item_names", names)
        object.__setattr__(self, "facets", facets)

    def __len__(self) -> int:
        return len(self.identities)

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        """The different identities, in natural order («s2» before «s10»)."""
        return tuple(sorted(set(self.identities), key=natural_key))

    @cached_property
    def everybody(self) -> tuple[str, ...]:
        """The identities in `distinct`, then those none of whose photos was acquired."""
        others = set(self.not_acquired or ()) - set(self.distinct)
        return (*self.distinct, *sorted(others, key=natural_key))

    @cached_property
    def acquisition(self) -> Acquisition | None:
        """How many photos of `everybody` were acquired; None where no face was looked for."""
        if self.not_acquired is None:
            return None
        everybody = self.everybody
        return Acquisition(
            acquired=np.array([self.identities.count(person) for person in everybody], np.int64),
            failed=np.array([self.not_acquired.count(person) for person in everybody], np.int64),
        )

    @cached_property
    def codes(self) -> Codes:
        """``(n,)``: the index of each item's identity in `distinct`."""
        index = {identity: code for code, identity in enumerate(self.distinct)}
        return np.array([index[identity] for identity in self.identities], dtype=np.int64)

    @cached_property
    def item_digests(self) -> tuple[str, ...]:
        """SHA-256 of each item's shape, type and bytes: equal exactly for equal items."""
        head = f"{self.items.dtype}{self.items.shape[1:]}".encode()
        return tuple(
            hashlib.sha256(head + np.ascontiguousarray(item).tobytes()).hexdigest()
            for item in self.items
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all items with their identities, in order."""
        digest = hashlib.sha256()
        for identity, item in zip(self.identities, self.item_digests, strict=True):
            digest.update(f"{identity}\0{item}\n".encode())
        return digest.hexdigest()

    @property
    def short_digests(self) -> list[str]:
        """The first `DIGITS` of each item's digest: enough to tell whether it was learned from."""
        return [digest[:DIGITS] for digest in self.item_digests]

    def record(self) -> dict[str, object]:
        """Return what a model's record says of the data that it was trained on.

        `likeness.evaluation.leaks.Learned.recorded` reads whom and what it was from it.
        """
        return {
            "name": self.name,
            "digest": self.digest,
            "licence": self.licence,
            "drawn": self.drawn,
            "items": len(self),
            "identities": list(self.distinct),
            "item_digests": self.short_digests,
        }

    def take(self, indices: Sequence[int] | NDArray[Any]) -> "Dataset":
        """Return the data set of these items, in this order."""
        chosen = np.asarray(indices)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        chosen = chosen.astype(np.int64)
        return replace(
            self,
            items=self.items[chosen],
            identities=[self.identities[i] for i in chosen],
            item_names=[self.item_names[i] for i in chosen],
            facets={name: [own[i] for i in chosen] for name, own in self.facets.items()},
        )

    def facet(self, name: str) -> tuple[str, ...]:
        """Return the facet's label of each item.

        Raises:
            DataError: the items have no facet of that name.
        """
        if name not in self.facets:
            known = ", ".join(map(repr, self.facets)) or "none"
            raise DataError(
                f"facet: expected one that {self.name} has: {known}. Received: {name!r}."
            )
        return tuple(self.facets[name])

    def of(self, identities: Iterable[str]) -> "Dataset":
        """Return the data set of the items of these identities.

        Raises:
            DataError: an identity has no item here.
        """
        wanted = set(identities)
        missing = wanted - set(self.distinct)
        if missing:
            raise DataError(
                f"identities: not in {self.name}: {name_some(missing)}. "
                f"It holds {name_some(self.distinct)}."
            )
        kept = self.take([i for i, identity in enumerate(self.identities) if identity in wanted])
        if self.not_acquired is None:
            return kept
        failed = tuple(identity for identity in self.not_acquired if identity in wanted)
        return replace(kept, not_acquired=failed)

    def without_copies(self) -> "Dataset":
        """Return the data set without repeated items of an identity."""
        keys = list(zip(self.identities, self.item_digests, strict=True))
        first = {key: index for index, key in reversed(list(enumerate(keys)))}
        return self.take(sorted(first.values()))

    def identities_with(self, items: int) -> list[str]:
        """Return the identities with at least so many items, in natural order."""
        counts = np.bincount(self.codes, minlength=len(self.distinct))
        return [name for name, count in zip(self.distinct, counts, strict=True) if count >= items]

    def require(self, *, identities: int = 2, items_each: int = 2) -> None:
        """Raise unless at least this many identities have at least this many items each.

        Raises:
            TooFewError: there are fewer.
        """
        enough = len(self.identities_with(items_each))
        if enough < identities:
            raise TooFewError(
                f"{self.name}: expected at least {identities} people with {items_each} or more "
                f"photos each. Received: {len(self)} photos of {len(self.distinct)} people, "
                f"{enough} of them with {items_each} or more."
            )


def split_by_identity(
    data: Dataset, *, held_out: float, seed: int, items_each: int = 1
) -> tuple[Dataset, Dataset]:
    """Split so that no identity is on both sides.

    Args:
        data: at least two identities.
        held_out: the share of the identities that goes to the second part, 0…1; at least
            one identity goes to each part.
        seed: random seed.
        items_each: the second part is of identities with so many items, and the share is one of
            them. With 2 or more, at least two of them go to each part, so that both can be
            measured; identities with fewer go to the first.

    Returns:
        (the rest, the held-out part).

    Raises:
        TooFewError: there are fewer than two identities; four, with 2 or more items each.
        SettingError: the share is outside 0…1.

    >>> import numpy as np
    >>> data = Dataset(np.zeros((6, 1, 1, 1), np.uint8), list("aabbcc"))
    >>> rest, held = split_by_identity(data, held_out=0.3, seed=0)
    >>> len(rest.distinct), len(held.distinct)
    (2, 1)
    """
    check_in_range(held_out, 0.0, 1.0, argument="held_out")
    least = 1 if items_each == 1 else 2
    data.require(identities=2 * least, items_each=items_each)
    able = data.identities_with(items_each)
    order = np.random.default_rng(seed).permutation(len(able))
    count = min(max(least, round(held_out * len(able))), len(able) - least)
    held = {able[i] for i in order[:count]}
    return data.of(set(data.distinct) - held), data.of(held)


def identity_folds(
    data: Dataset, folds: int, *, partition_seed: int | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Return (training, test) for each fold; every identity is tested exactly once.

    Fold ``f`` tests the identities whose place in natural order is ``f`` modulo ``folds``;
    for the AT&T faces these are the people ``s_p`` with (p−1) mod folds = f. With a
    ``partition_seed`` the identities are shuffled first. Identities with a single item, which
    show no genuine pair, come after the others: every fold gets as many of both kinds.

    Raises:
        TooFewError: there are fewer than two identities per fold.
    """
    check_in_range(folds, 2, max(2, len(data.distinct)), argument="folds", whole=True)
    data.require(identities=2 * folds, items_each=2)
    order = list(data.distinct)
    if partition_seed is not None:
        shuffled = np.random.default_rng(partition_seed).permutation(len(order))
        order = [order[i] for i in shuffled]
    several = set(data.identities_with(2))
    order.sort(key=lambda name: name not in several)  # else stable
    parts = []
    for fold in range(folds):
        test = order[fold::folds]
        parts.append((data.of(set(order) - set(test)), data.of(test)))
    return parts


def check_disjoint(first: Dataset, second: Dataset, *, between: tuple[str, str]) -> None:
    """Raise if an identity or an item is in both data sets.

    Args:
        between: names of the two for the message, such as ("training", "test").

    Raises:
        OverlapError: there is an overlap.
    """
    people = set(first.distinct) & set(second.distinct)
    if people:
        raise OverlapError(
            f"{len(people)} people are in both {between[0]} and {between[1]}: "
            f"{name_some(people)}. Split with `split_by_identity`."
        )
    name_of = dict(zip(first.item_digests, first.item_names, strict=True))
    shared = [
        f"{name_of[digest]} = {name}"
        for digest, name in zip(second.item_digests, second.item_names, strict=True)
        if digest in name_of
    ]
    if shared:
        raise OverlapError(
            f"{len(shared)} photos are in both {between[0]} and {between[1]}: "
            f"{name_some(shared)}. Remove the copies."
        )


def name_some(names: Iterable[str], most: int = 5) -> str:
    """Return up to ``most`` names, quoted and in natural order, and the number of the others."""
    ordered = sorted(names, key=natural_key)
    text = ", ".join(f"'{name}'" for name in ordered[:most])
    return text if len(ordered) <= most else f"{text} and {len(ordered) - most} more"
