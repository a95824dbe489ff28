"""One method's energies, and its one-shot trials, read from the evidence."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Energies = dict[tuple[int, int], float]


@dataclass
class Trial:
    """A probe whose person is enrolled: how many are nearer, and as near, itself among them."""

    person: int
    nearer: int
    level: int

    def credit(self, rank: int) -> float:
        """How right it is at a rank; people who are equally near are drawn fairly."""
        return min(1.0, max(0.0, (rank - self.nearer) / self.level))


@dataclass
class Method:
    """One method's energies in one fold, and its one-shot trials."""

    whose: list[int]
    energy_of: Energies
    genuine: list[tuple[float, int]]
    impostor: list[tuple[float, int, int]]
    threshold: float | None
    trials: list[Trial]
    ways: int


def pairs_of(fold: dict[str, Any]) -> list[tuple[int, int]]:
    if fold["pairs"] == "all":
        return list(combinations(range(len(fold["items"])), 2))
    return [(i, j) for i, j in fold["pairs"]]


def read_method(fold: dict[str, Any], name: str) -> Method:
    method = fold["methods"][name]
    whose = [fold["people"].index(identity) for identity in fold["identities"]]
    pairs = pairs_of(fold)
    energy_of = dict(zip(pairs, method["energies"], strict=True))
    genuine, impostor = [], []
    for (i, j), energy in energy_of.items():
        if whose[i] == whose[j]:
            genuine.append((energy, whose[i]))
        else:
            impostor.append((energy, whose[i], whose[j]))
    trials = one_shot_trials(whose, energy_of) if fold["one_shot"] else []
    threshold = method["threshold"]
    if method["chosen_on"] is not None:
        threshold = best_threshold(**method["chosen_on"])
        near = math.isclose(threshold, method["threshold"], rel_tol=0, abs_tol=1e-9)
        assert near, f"threshold of {name}: {method['threshold']} does not follow"
    return Method(whose, energy_of, genuine, impostor, threshold, trials, len(set(whose)))


def best_threshold(genuine: list[float], impostor: list[float]) -> float:
    """The energy at which the two error rates together are least, and half of the way beyond."""
    own = Counter(genuine)
    other = Counter(impostor)
    wrong = [(1.0, -math.inf)]
    accepted = falsely = 0
    for energy in sorted({*own, *other}):
        accepted += own[energy]
        falsely += other[energy]
        wrong.append((1 - accepted / len(genuine) + falsely / len(impostor), energy))
    least = min(sum_of_rates for sum_of_rates, _ in wrong)
    best = [place for place, (rates, _) in enumerate(wrong) if rates <= least + 1e-12]
    place = best[len(best) // 2]
    energy = wrong[place][1]
    return energy if place == len(wrong) - 1 else (energy + wrong[place + 1][1]) / 2


def photos_by_person(whose: Sequence[int]) -> dict[int, list[int]]:
    photos: dict[int, list[int]] = {}
    for item, person in enumerate(whose):
        photos.setdefault(person, []).append(item)
    return photos


def to_people(
    energy_of: Energies, whose: Sequence[int], probe: int, enrolled: Sequence[int]
) -> dict[int, float]:
    """Energies between a probe and each person enrolled: the smallest of their photos."""
    found: dict[int, float] = {}
    for item in enrolled:
        energy = energy_of[min(probe, item), max(probe, item)]
        found[whose[item]] = min(energy, found.get(whose[item], energy))
    return found


def trial(person: int, energies: dict[int, float]) -> Trial:
    own = energies[person]
    return Trial(
        person,
        nearer=sum(energy < own for energy in energies.values()),
        level=sum(energy == own for energy in energies.values()),
    )


def one_shot_trials(whose: Sequence[int], energy_of: Energies) -> list[Trial]:
    photos = photos_by_person(whose)
    found = []
    for place in range(min(map(len, photos.values()))):
        enrolled = [items[place] for items in photos.values()]
        for probe, person in enumerate(whose):
            if probe not in enrolled:
                found.append(trial(person, to_people(energy_of, whose, probe, enrolled)))
    return found
