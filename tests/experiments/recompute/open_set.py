"""Searches among half of the people, and the closed set's ranks, one by one."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from recompute.energies import Method, Trial, photos_by_person, to_people, trial
from recompute.verification import Draw, everybody_once, interval_figures, mean_over

DIR_AT = {"dir_at_fpir_5e-2": 0.05, "dir_at_fpir_1e-1": 0.1}

Step = tuple[float, list[tuple[float, int]], list[tuple[int, int]]]


@dataclass
class Searches:
    """All searches of one method in one fold.

    ``mated`` holds (energy to the right person, how right, probe), ``non_mated`` holds (energy
    to the nearest person, stranger, nearest person, probe).
    """

    mated: list[tuple[float, Trial, int]]
    non_mated: list[tuple[float, int, int, int]]
    galleries: int

    @property
    def least_fpir(self) -> float:
        return 3 / len({probe for *_, probe in self.non_mated})

    @cached_property
    def steps(self) -> list[Step]:
        """By ascending energy: (credit, person) and (stranger, nearest) of who stand there."""
        kinds = [(energy, found.credit(1), found.person, None) for energy, found, _ in self.mated]
        kinds += [(energy, None, a, b) for energy, a, b, _ in self.non_mated]
        ordered = groupby(sorted(kinds, key=lambda kind: kind[0]), key=lambda kind: kind[0])
        found: list[Step] = []
        for energy, group in ordered:
            here = list(group)
            found.append(
                (
                    energy,
                    [(credit, a) for _, credit, a, b in here if b is None and credit],
                    [(a, b) for _, _, a, b in here if b is not None],
                )
            )
        return found


def halves_again(fold: dict[str, Any], count: int, seed: int) -> list[list[str]]:
    """Who is enrolled when: shuffled people, one half of them, then the other."""
    people = fold["people"]
    rng = np.random.default_rng(seed)
    drawn: list[list[str]] = []
    while len(drawn) < count:
        order = rng.permutation(len(people)).tolist()
        size = len(people) // 2
        drawn += [[people[i] for i in sorted(half)] for half in (order[:size], order[-size:])]
    return drawn[:count]


def searches_of(method: Method, halves: list[list[int]], shots: int) -> Searches:
    photos = photos_by_person(method.whose)
    fewest = min(map(len, photos.values()))
    firsts = [round(place) for place in np.linspace(0, fewest - 1, min(fewest, 10)).tolist()]
    found = Searches([], [], len(halves) * len(firsts))
    for half in halves:
        for first in firsts:
            places = [(first + shot) % fewest for shot in range(shots)]
            enrolled = [photos[person][place] for person in half for place in places]
            for probe, person in enumerate(method.whose):
                if probe in enrolled:
                    continue
                energies = to_people(method.energy_of, method.whose, probe, enrolled)
                if person in half:
                    found.mated.append((energies[person], trial(person, energies), probe))
                else:
                    # Of people equally near, the one who is first in `people`.
                    nearest = min(sorted(energies), key=lambda other: energies[other])
                    found.non_mated.append((energies[nearest], person, nearest, probe))
    return found


def rates(searches: Searches, weights: list[float]) -> list[tuple[float, float, float]]:
    """(energy, FPIR, DIR) of each threshold, the first below all energies."""
    searched = sum(weights[found.person] for _, found, _ in searches.mated)
    strangers = sum(weights[a] * weights[b] for _, a, b, _ in searches.non_mated)
    returned = false = 0.0
    at = [(float("-inf"), 0.0, 0.0)]
    for energy, mated, non_mated in searches.steps:
        returned += sum(weights[person] * credit for credit, person in mated)
        false += sum(weights[a] * weights[b] for a, b in non_mated)
        at.append((energy, false / strangers, returned / searched))
    return at


def figures_of(
    searches: Searches, threshold: float | None, weights: list[float]
) -> dict[str, float]:
    at = rates(searches, weights)
    figures = {}
    if threshold is not None:
        _, fpir, found = [step for step in at if step[0] <= threshold][-1]
        figures = {"fpir": fpir, "fnir": 1 - found}
    for name, most in DIR_AT.items():
        if most >= searches.least_fpir:
            figures[name] = [found for _, fpir, found in at if fpir <= most][-1]
    return figures


def with_intervals(
    folds: list[Searches], thresholds: list[float | None], bootstrap: dict[str, Any]
) -> dict[str, dict[str, float]]:
    def measured(draw: Draw) -> list[dict[str, float]]:
        return [
            figures_of(fold, threshold, weights_of(fold, draw))
            for fold, threshold in zip(folds, thresholds, strict=True)
        ]

    found = interval_figures(measured, bootstrap)
    for name, kind in (("fpir", "non_mated"), ("fnir", "mated")):
        if name in found:
            probes = sum(len({probe for *_, probe in getattr(fold, kind)}) for fold in folds)
            found[name]["high"] = max(found[name]["high"], min(1.0, 3 / probes))
    return found


def weights_of(fold: Searches, draw: Draw) -> list[float]:
    """How often each person was drawn; again until a search of each kind is left."""
    mated = {found.person for _, found, _ in fold.mated}
    non_mated = {(a, b) for _, a, b, _ in fold.non_mated}
    return draw(
        sorted(mated | {a for a, _ in non_mated}),
        lambda weights: (
            any(weights[a] for a in mated) and any(weights[a] * weights[b] for a, b in non_mated)
        ),
    )


def curve(folds: list[Searches]) -> dict[str, list[float]]:
    each = [
        {fpir: found for _, fpir, found in rates(fold, weights_of(fold, everybody_once))}
        for fold in folds
    ]
    points = sorted({fpir for fold in each for fpir in fold})
    kept = sorted({round(at) for at in np.linspace(0, len(points) - 1, 200).tolist()})
    return {
        "fpir": [points[place] for place in kept],
        "dir": [
            sum(fold[max(f for f in fold if f <= points[place])] for fold in each) / len(each)
            for place in kept
        ],
    }


def cumulative_match(folds: list[Method]) -> list[float]:
    ranks = range(1, min(100, *(fold.ways for fold in folds)) + 1)
    return [
        mean_over(
            [
                {"": sum(found.credit(rank) for found in fold.trials) / len(fold.trials)}
                for fold in folds
            ]
        )[""]
        for rank in ranks
    ]


def claims(
    methods: dict[str, list[Method]], searched: dict[str, list[Searches]], evidence: dict[str, Any]
) -> dict[str, Any]:
    """Every number of the part on the open set."""
    figures = {
        name: with_intervals(each, [m.threshold for m in methods[name]], evidence["bootstrap"])
        for name, each in searched.items()
    }
    network = searched["network"]
    people = [len(fold["people"]) for fold in evidence["folds"]]
    return {
        "figures": figures.pop("network"),
        "baselines": figures,
        "least_fpir": max(fold.least_fpir for fold in network),
        "curves": {name: curve(each) for name, each in searched.items()},
        "counts": {
            "identities": sum(people),
            "folds": len(people),
            "enrolled": people[0] // 2,
            "strangers": people[0] - people[0] // 2,
            "galleries": sum(fold.galleries for fold in network),
            "mated_searches": sum(len(fold.mated) for fold in network),
            "non_mated_searches": sum(len(fold.non_mated) for fold in network),
            "mated_probes": sum(len({probe for *_, probe in fold.mated}) for fold in network),
            "non_mated_probes": sum(
                len({probe for *_, probe in fold.non_mated}) for fold in network
            ),
        },
    }
