"""Figures group by group, and the differences between groups."""

from itertools import combinations
from typing import Any

from recompute.energies import Method
from recompute.open_set import Searches
from recompute.verification import drawn_again, interval

Wrong = list[tuple[float, tuple[int, ...]]]
"""How wrong, or right, each pair or probe is, and the people in it."""


def parts_of(method: Method, searches: Searches | None, members: list[int]) -> dict[str, Wrong]:
    threshold = method.threshold
    found: dict[str, Wrong] = {}
    if threshold is not None:
        found["fnmr"] = [(energy > threshold, (a,)) for energy, a in method.genuine]
        found["fmr"] = [(energy <= threshold, (a, b)) for energy, a, b in method.impostor]
        if searches is not None:
            found["fnir"] = [
                (1 - at.credit(1) * (energy <= threshold), (at.person,))
                for energy, at, _ in searches.mated
            ]
    found[f"one_shot_{method.ways}way"] = [(at.credit(1), (at.person,)) for at in method.trials]
    inside = {
        name: [(value, people) for value, people in each if set(people) <= set(members)]
        for name, each in found.items()
    }
    return {name: each for name, each in inside.items() if each}


def weighted(each: Wrong, weights: list[float]) -> tuple[float, float]:
    total = right = 0.0
    for value, people in each:
        weight = weights[people[0]] * (weights[people[1]] if len(people) > 1 else 1)
        total += weight
        right += weight * value
    return right, total


def figures_of(parts: dict[str, Wrong], weights: list[float]) -> dict[str, float]:
    sums = {name: weighted(each, weights) for name, each in parts.items()}
    return {name: right / total for name, (right, total) in sums.items()}


def draws_of(
    parts: dict[str, Wrong], members: list[int], bootstrap: dict[str, Any], seed: int
) -> list[dict[str, float]]:
    def enough(weights: list[float]) -> bool:
        return all(weighted(each, weights)[1] for each in parts.values())

    again = drawn_again(
        lambda draw: [figures_of(parts, draw(members, enough))], {**bootstrap, "seed": seed}
    )
    return [figures for (figures,) in again]


def grouping(
    method: Method,
    searches: Searches | None,
    labels: list[str | None],
    bootstrap: dict[str, Any],
) -> dict[str, Any]:
    """One way of grouping, with its names and verdicts as well as its numbers."""
    groups, draws = [], []
    for place, label in enumerate(sorted({label for label in labels if label is not None})):
        members = [person for person, own in enumerate(labels) if own == label]
        genuine = sum(a in members for _, a in method.genuine)
        impostor = sum(a in members and b in members for _, a, b in method.impostor)
        photos = sum(person in members for person in method.whose)
        parts = parts_of(method, searches, members) if genuine and impostor else {}
        seed = bootstrap["seed"] + place
        drawn = draws_of(parts, members, bootstrap, seed) if parts else []
        plain = figures_of(parts, [1.0] * method.ways)
        figures = {
            name: {"mean": mean} | interval([draw[name] for draw in drawn], bootstrap["level"])
            for name, mean in plain.items()
        }
        for name, behind in (("fnmr", genuine), ("fmr", impostor), ("fnir", photos)):
            if name in figures:
                figures[name]["high"] = max(figures[name]["high"], min(1.0, 3 / behind))
        groups.append(
            {
                "label": label,
                "people": len(members),
                "photos": photos,
                "genuine_pairs": genuine,
                "impostor_pairs": impostor,
                "figures": figures,
                "small": len(members) < 10 or not figures,
            }
        )
        draws.append(drawn)
    return {
        "groups": groups,
        "differences": [
            difference(name, (groups[a], groups[b]), (draws[a], draws[b]), bootstrap["level"])
            for a, b in combinations(range(len(groups)), 2)
            if not groups[a]["small"] and not groups[b]["small"]
            for name in groups[a]["figures"]
            if name in groups[b]["figures"]
        ],
        "unlabelled": sum(label is None for label in labels),
        "worst_over_best": worst_over_best(groups),
    }


def worst_over_best(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The highest rate of any large group over the lowest one."""
    ratios = []
    for name in ("fmr", "fnmr", "fta"):
        large = [group for group in groups if not group["small"] and name in group["figures"]]
        if len(large) < 2:
            continue
        rates = [group["figures"][name]["mean"] for group in large]
        best = rates.index(min(rates))
        worst = max(range(len(large)), key=lambda i: (rates[i], i))
        shown = rates[best] > 0 and (
            name != "fmr" or rates[best] >= min(1.0, 3 / large[best]["impostor_pairs"])
        )
        ratios.append(
            {
                "figure": name,
                "worst": large[worst]["label"],
                "best": large[best]["label"],
                "ratio": rates[worst] / rates[best] if shown else None,
            }
        )
    return ratios


def difference(
    name: str,
    compared: tuple[dict[str, Any], dict[str, Any]],
    draws: tuple[list[dict[str, float]], list[dict[str, float]]],
    level: float,
) -> dict[str, Any]:
    first, second = compared
    a, b = (group["figures"][name]["mean"] for group in compared)
    ends = interval([x[name] - y[name] for x, y in zip(*draws, strict=True)], level)
    least = max(min(1.0, 3 / group["impostor_pairs"]) for group in compared)
    return {
        "figure": name,
        "first": first["label"],
        "second": second["label"],
        "difference": {"mean": a - b} | ends,
        "stands_out": (name != "fmr" or max(a, b) >= least)
        and (ends["low"] > 0 or ends["high"] < 0),
    }
