"""Digits in two protocols: as in Keras' example, and on unseen digits.

Keras' ``mnist_siamese`` trains on pairs of the ten digits, looks at its test set after every
epoch, and reports the accuracy on pairs of the same ten digits. Here that is repeated, and then
digits 0 to 6 are used for training and 7 to 9 for verification, where the number of steps and the
threshold are chosen on digits 5 and 6 by networks that were not trained on them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likeness.datasets.items import Dataset, check_disjoint
from likeness.energies import energy_matrix
from likeness.errors import require_extra
from likeness.evaluation import Evaluation, PairEnergies, choose_threshold, evaluate_matrix
from likeness.evaluation.figures import FigureName, Interval
from likeness.evaluation.intervals import item_intervals
from likeness.files import to_json
from likeness.tasks.sklearn import SiameseClassifier, SiameseEmbedder

FORMAT = "likeness.digits/1"

KNOWN, CHOOSING, NEW = "0123456", "56", "789"
TEST_SHARE = 0.25
STEPS = (10, 30, 100, 300)
"""Numbers of steps to choose from."""

SHOTS = (1, 5)
DRAWS = 10
COMPONENTS = 50
REPETITIONS = 200

INTERVALS = f"95 %, percentile bootstrap over test items, {REPETITIONS} repetitions"
TITLES = {
    "closed": "As the example does: the same ten digits, steps chosen on the test items",
    "new": f"New digits: learned from {KNOWN}, verified on {NEW}, steps and threshold chosen on "
    f"{CHOOSING}",
    "few": f"Which of the ten? {KNOWN} learned, {NEW} enrolled from a few items each, {DRAWS} "
    "draws",
}

NETWORKS = {
    "dense (as in mnist_siamese)": SiameseEmbedder(encoder="dense", width=128, embedding_size=128),
    "convnet, distorted": SiameseEmbedder(encoder="convnet", distortion=1.0),
}

Embed = Callable[[NDArray[Any]], NDArray[Any]]
Fit = Callable[[Dataset, int], Embed]
"""From what is learned from, and a number of steps, to what embeds."""


@dataclass(frozen=True, kw_only=True)
class _Verified:
    """A method's figures on all pairs of some items.

    Args:
        steps: that were chosen; None if there was nothing to choose.
        pairs: how many are genuine, and how many impostors.
        figures: with intervals over items.
    """

    steps: int | None
    pairs: tuple[int, int]
    figures: Mapping[FigureName, Interval]


@dataclass(frozen=True, kw_only=True)
class DigitsResult:
    """Every method's figures: as the example measures, on new digits, and from a few items.

    Args:
        data: that was measured on.
        seed: random seed of splits and training.
        closed: on the ten digits.
        new: on digits that were not learned.
        few: method → its accuracy on the "new" digits, and on the "known" ones.
    """

    data: Dataset
    seed: int
    closed: Mapping[str, _Verified]
    new: Mapping[str, _Verified]
    few: Mapping[str, Mapping[str, Interval]]
    titles: Mapping[str, str] = field(default_factory=lambda: TITLES)
    intervals: str = INTERVALS

    @classmethod
    def measure(
        cls,
        data: Dataset,
        *,
        seed: int = 0,
        steps: Sequence[int] = STEPS,
        networks: Mapping[str, SiameseEmbedder] = NETWORKS,
        on_stage: Callable[[str], None] = lambda stage: None,
    ) -> Self:
        """Measure the networks in both protocols, with raw pixels, PCA and k nearest neighbours as
        baselines.

        Args:
            data: the digits «0» … «9», at least eight items each.
            seed: random seed of splits and training.
            steps: numbers of steps to choose from.
            networks: by name, as they are to be fitted.
            on_stage: called with the name of the next stage.

        Raises:
            DataError: a digit is missing.
            TooFewError: a digit has too few items.
        """
        data = data.of("0123456789")
        data.require(identities=10, items_each=8)
        methods: dict[str, tuple[Fit, Sequence[int]]] = {
            "raw pixels": (lambda train, count: _pixels, steps[:1]),
            f"PCA, {COMPONENTS} components": (_pca, steps[:1]),
        } | {name: (partial(_network, network, seed), steps) for name, network in networks.items()}
        closed, new = {}, {}
        for name, (fit, tried) in methods.items():
            on_stage(f"{name}, the ten digits")
            closed[name] = _closed(data, fit, tried, seed=seed)
            on_stage(f"{name}, new digits")
            new[name] = _new(data, fit, tried)
        on_stage("new digits from a few items")
        few = _few(data, max(steps), seed=seed)
        return cls(data=data, seed=seed, closed=closed, new=new, few=few)

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "format": FORMAT,
            "data": {"name": self.data.name, "items": len(self.data), "digest": self.data.digest},
            "seed": self.seed,
            "intervals": self.intervals,
            **{
                name: {"title": title, "methods": to_json(getattr(self, name))}
                for name, title in self.titles.items()
            },
        }


def _closed(data: Dataset, fit: Fit, steps: Sequence[int], *, seed: int) -> _Verified:
    split = require_extra("sklearn.model_selection").train_test_split
    learned, tested = (
        data.take(part)
        for part in split(
            np.arange(len(data)), test_size=TEST_SHARE, random_state=seed, stratify=data.codes
        )
    )
    results = []
    for count in steps:
        embed = fit(learned, count)
        threshold = _threshold(embed, learned)
        results.append((count, _measured(embed, tested, threshold)))
    # The flaw of the example, on purpose: the test items determine when to stop.
    count, best = max(results, key=lambda pair: pair[1].figures[FigureName("accuracy")])
    return _verified(best, count if len(steps) > 1 else None)


def _new(data: Dataset, fit: Fit, steps: Sequence[int]) -> _Verified:
    known, new, held = data.of(KNOWN), data.of(NEW), data.of(CHOOSING)
    rest = data.of(set(KNOWN) - set(CHOOSING))
    check_disjoint(known, new, between=("training", "test"))
    choices = []
    for count in steps:
        embed = fit(rest, count)
        measured = _measured(embed, held, None)
        choices.append((count, _threshold(embed, held), measured.figures[FigureName("auc")]))
    count, threshold, _ = max(choices, key=lambda choice: choice[2])
    measured = _measured(fit(known, count), new, threshold)
    return _verified(measured, count if len(steps) > 1 else None)


def _few(data: Dataset, steps: int, *, seed: int) -> dict[str, dict[str, Interval]]:
    """Accuracy among all ten digits, on items of the new ones and on held-out known ones."""
    rng = np.random.default_rng(seed)
    split = require_extra("sklearn.model_selection").train_test_split
    neighbours = require_extra("sklearn.neighbors").KNeighborsClassifier
    known, new = data.of(KNOWN), data.of(NEW)
    learned, tested = split(
        np.arange(len(known)), test_size=TEST_SHARE, random_state=seed, stratify=known.codes
    )
    items, labels = _arrays(known)
    new_items, new_labels = _arrays(new)
    network = SiameseClassifier(distortion=1.0, encoder="convnet", steps=steps, random_state=seed)
    network.fit(items[learned], labels[learned])
    taught = network.templates_, network.classes_
    rates: dict[str, dict[str, list[float]]] = {}
    for shots in SHOTS:
        for _ in range(DRAWS):
            drawn = np.concatenate(
                [
                    rng.choice(np.flatnonzero(new_labels == label), shots, replace=False)
                    for label in NEW
                ]
            )
            others = np.setdiff1d(np.arange(len(new_labels)), drawn)
            network.templates_, network.classes_ = taught
            network.partial_fit(new_items[drawn], new_labels[drawn])
            nearest = neighbours(1).fit(
                _pixels(np.concatenate([items[learned], new_items[drawn]])),
                np.concatenate([labels[learned], new_labels[drawn]]),
            )
            for name, predict in (
                ("SiameseClassifier", network.predict),
                ("1 nearest neighbour, pixels", lambda rows: nearest.predict(_pixels(rows))),  # noqa: B023
            ):
                row = rates.setdefault(f"{name}, {shots} each", {"new": [], "known": []})
                row["new"].append(float((predict(new_items[others]) == new_labels[others]).mean()))
                row["known"].append(float((predict(items[tested]) == labels[tested]).mean()))
    return {
        name: {part: _interval(values) for part, values in row.items()}
        for name, row in rates.items()
    }


def _pixels(items: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(items, np.float64).reshape(len(items), -1) / 255


def _pca(train: Dataset, steps: int) -> Embed:
    del steps  # It has none.
    rows = _pixels(train.items)
    made = require_extra("sklearn.decomposition").PCA(
        min(COMPONENTS, *rows.shape), svd_solver="full"
    )
    made.fit(rows)
    return lambda items: np.asarray(made.transform(_pixels(items)))


def _network(network: SiameseEmbedder, seed: int, train: Dataset, steps: int) -> Embed:
    made = require_extra("sklearn.base").clone(network).set_params(steps=steps, random_state=seed)
    made.fit(*_arrays(train))
    return lambda items: np.asarray(made.transform(items))


def _arrays(data: Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.asarray(data.items), np.array(data.identities)


def _measured(embed: Embed, test: Dataset, threshold: float | None) -> Evaluation:
    matrix = energy_matrix("euclidean", embed(test.items))
    return evaluate_matrix(matrix, test.codes, threshold=threshold)


def _threshold(embed: Embed, learned: Dataset) -> float:
    matrix = energy_matrix("euclidean", embed(learned.items))
    pairs = PairEnergies.of_matrix(matrix, learned.codes)
    return choose_threshold(pairs.genuine, pairs.impostor)


def _verified(measured: Evaluation, steps: int | None) -> _Verified:
    return _Verified(
        steps=steps,
        pairs=(len(measured.pairs.genuine), len(measured.pairs.impostor)),
        figures=item_intervals(measured, repetitions=REPETITIONS, seed=0),
    )


def _interval(values: list[float]) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(mean=float(np.mean(values)), low=float(low), high=float(high))
