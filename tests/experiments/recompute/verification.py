"""Figures of pairs and one-shot trials, and intervals over people."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from recompute.energies import Method

Weighted = list[tuple[float, float]]
Draw = Callable[[list[int], Callable[[list[float]], bool]], list[float]]
"""Whom to draw from, and whether weights are enough → how often each person was drawn."""


def figures_of(method: Method, weights: Sequence[float]) -> dict[str, float]:
    """All figures of one fold, with each person counting so many times."""
    genuine = [(energy, weights[person]) for energy, person in method.genuine]
    impostor = [(energy, weights[a] * weights[b]) for energy, a, b in method.impostor]
    figures = verification(genuine, impostor, method.threshold)
    if method.trials:
        total = sum(weights[trial.person] for trial in method.trials)
        right = sum(weights[trial.person] * trial.credit(1) for trial in method.trials)
        figures[f"one_shot_{method.ways}way"] = right / total
    return figures


def verification(
    genuine: Weighted, impostor: Weighted, threshold: float | None
) -> dict[str, float]:
    """Walk up the energies once; who stands at one energy is accepted together."""
    all_genuine, all_impostor = (sum(w for _, w in kind) for kind in (genuine, impostor))
    steps: dict[float, list[float]] = {}
    for kind, pairs in enumerate((genuine, impostor)):
        for energy, weight in pairs:
            steps.setdefault(energy, [0.0, 0.0])[kind] += weight
    far, frr, above = 0.0, 1.0, all_impostor
    accepted = falsely = wins = tar_at_far = 0.0
    at_threshold = (0.0, 1.0)
    eer = None
    for energy in sorted(steps):
        here, falsely_here = steps[energy]
        above -= falsely_here
        wins += here * (above + falsely_here / 2)
        accepted += here
        falsely += falsely_here
        before, (far, frr) = (far, frr), (falsely / all_impostor, 1 - accepted / all_genuine)
        if eer is None and far >= frr:
            # The point of the line from `before` to here at which both rates are equal.
            gap, now = before[1] - before[0], far - frr
            eer = before[0] + (far - before[0]) * gap / (gap + now)
        if far <= 0.01:
            tar_at_far = accepted / all_genuine
        if threshold is not None and energy <= threshold:
            at_threshold = (far, frr)
    assert eer is not None
    figures = {"auc": wins / (all_genuine * all_impostor), "eer": eer}
    if len(impostor) >= 300:
        figures["tar_at_far_1e-2"] = tar_at_far
    if threshold is not None:
        figures["accuracy"] = 1 - sum(at_threshold) / 2
    return figures


def mean_over(folds: Sequence[dict[str, float]]) -> dict[str, float]:
    shared = set(folds[0]).intersection(*folds)
    return {name: sum(fold[name] for fold in folds) / len(folds) for name in shared}


def with_intervals(
    folds: Sequence[Method], bootstrap: dict[str, Any]
) -> dict[str, dict[str, float]]:
    return interval_figures(
        lambda draw: [figures_of(fold, draw(present(fold), enough(fold))) for fold in folds],
        bootstrap,
    )


def interval_figures(
    measured: Callable[[Draw], list[dict[str, float]]], bootstrap: dict[str, Any]
) -> dict[str, dict[str, float]]:
    """Figures per fold, measured with each person once and with people drawn again."""
    draws = [mean_over(figures) for figures in drawn_again(measured, bootstrap)]
    plain = mean_over(measured(everybody_once))
    return {
        name: {"mean": mean} | interval([draw[name] for draw in draws], bootstrap["level"])
        for name, mean in plain.items()
    }


def drawn_again(
    measured: Callable[[Draw], list[dict[str, float]]], bootstrap: dict[str, Any]
) -> Iterator[list[dict[str, float]]]:
    rng = np.random.default_rng(bootstrap["seed"])

    def draw(people: list[int], is_enough: Callable[[list[float]], bool]) -> list[float]:
        """How often each person was drawn; again until something of each kind is left."""
        while True:
            weights = [0.0] * (max(people) + 1)
            for person in rng.choice(people, len(people)):
                weights[person] += 1
            if is_enough(weights):
                return weights

    for _ in range(bootstrap["repetitions"]):
        yield measured(draw)


def everybody_once(people: list[int], is_enough: Callable[[list[float]], bool]) -> list[float]:
    return [1.0] * (max(people) + 1)


def present(fold: Method) -> list[int]:
    return sorted({p for _, p in fold.genuine} | {p for _, a, b in fold.impostor for p in (a, b)})


def enough(fold: Method) -> Callable[[list[float]], bool]:
    return lambda weights: (
        any(weights[p] for _, p in fold.genuine)
        and any(weights[a] * weights[b] for _, a, b in fold.impostor)
        and (not fold.trials or any(weights[trial.person] for trial in fold.trials))
    )


def interval(values: list[float], level: float) -> dict[str, float]:
    return {
        "low": quantile(values, (1 - level) / 2),
        "high": quantile(values, (1 + level) / 2),
    }


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
