"""What is in training and in test, counted one by one."""

from itertools import combinations
from typing import Any

from recompute.energies import pairs_of


def leaks_of_split(fold: dict[str, Any]) -> dict[str, int]:
    """Identities by name, photos by content, pairs by the content of both."""
    training = fold["training"]
    digests = training["digests"]
    listed = combinations(range(len(digests)), 2) if training["pairs"] == "all" else None
    learned = [(digests[i], digests[j]) for i, j in (listed or training["pairs"])]
    known_pairs = {frozenset(pair) if len(set(pair)) == 2 else pair for pair in learned}
    used = {digests[i] for i in range(len(digests))}
    if training["pairs"] != "all":
        used = {digest for pair in learned for digest in pair}
    found = blank_leaks()
    tested: set[int] = set()
    for i, j in pairs_of(fold):
        tested |= {i, j}
        kind = "genuine" if fold["identities"][i] == fold["identities"][j] else "impostor"
        a, b = fold["digests"][i], fold["digests"][j]
        found[f"{kind}_pairs"] += 1
        found[f"shared_{kind}_pairs"] += (frozenset((a, b)) if a != b else (a, b)) in known_pairs
    people = {fold["identities"][i] for i in tested}
    found["identities"], found["items"] = len(people), len(tested)
    found["shared_identities"] = len(people & set(training["identities"]))
    found["shared_items"] = sum(fold["digests"][i] in used for i in tested)
    return found


def leaks_of_record(fold: dict[str, Any]) -> dict[str, int]:
    """A saved model's record: a photo that was trained on makes its person known, too."""
    known = [digest in fold["training"]["digests"] for digest in fold["digests"]]
    found = blank_leaks()
    for i, j in pairs_of(fold):
        kind = "genuine" if fold["identities"][i] == fold["identities"][j] else "impostor"
        found[f"{kind}_pairs"] += 1
        found[f"shared_{kind}_pairs"] += known[i] and known[j]
    people = set(fold["identities"])
    seen = {person for person, is_known in zip(fold["identities"], known, strict=True) if is_known}
    found["identities"], found["items"] = len(people), len(fold["items"])
    found["shared_identities"] = len(seen | (people & set(fold["training"]["identities"])))
    found["shared_items"] = sum(known)
    return found


def blank_leaks() -> dict[str, int]:
    kinds = ("identities", "items", "genuine_pairs", "impostor_pairs")
    return {name: 0 for kind in kinds for name in (kind, f"shared_{kind}")}
