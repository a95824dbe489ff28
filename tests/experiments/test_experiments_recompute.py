"""Every number of a report follows from its evidence: computed again, slowly and otherwise.

Nothing here comes from `likeness.evaluation`: the loops below know only ``report.json``.
"""

import copy
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset, att
from likeness.experiments._jobs import Trained
from likeness.experiments.demo import NetworkFacts, report_content
from likeness.experiments.lab_split import lab_pairs, lab_section
from likeness.experiments.saved_model import evaluate_model
from likeness.experiments.unseen_people import unseen_people_parts, unseen_people_section
from likeness.reports.content import ProtocolSection
from likeness.reports.json_text import json_text

INPUTS = (
    r"seconds/total",
    r"network/(parameters|embedding_size)",
    r"(protocols/\d+/)?recipe/\w+",
    r"seeds/\w+(/\w+)?|protocols/\d+/seeds/\w+",
    # What a training was and took; its threshold was chosen on other people.
    r"protocols/\d+/folds/\d+/(epochs|training_seconds)",
    r"protocols/\d+/(evidence/.*)",
)
"""Numbers that were put in or clocked, not computed from energies."""

Weighted = list[tuple[float, float]]
Claims = dict[str, float]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from leaves(entry, f"{path}/{place}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


@dataclass
class Method:
    """One method's energies in one fold, and its one-shot trials: (person, how right)."""

    genuine: list[tuple[float, int]]
    impostor: list[tuple[float, int, int]]
    threshold: float | None
    trials: list[tuple[int, float]]
    ways: int


def pairs_of(fold: dict[str, Any]) -> list[tuple[int, int]]:
    if fold["pairs"] == "all":
        return list(combinations(range(len(fold["items"])), 2))
    return [(i, j) for i, j in fold["pairs"]]


def read_method(fold: dict[str, Any], name: str) -> Method:
    method = fold["methods"][name]
    whose = [fold["people"].index(identity) for identity in fold["identities"]]
    pairs = pairs_of(fold)
    assert len(pairs) == len(method["energies"])
    genuine, impostor = [], []
    for (i, j), energy in zip(pairs, method["energies"], strict=True):
        if whose[i] == whose[j]:
            genuine.append((energy, whose[i]))
        else:
            impostor.append((energy, whose[i], whose[j]))
    energy_of = dict(zip(pairs, method["energies"], strict=True))
    trials = one_shot_trials(whose, energy_of) if fold["one_shot"] else []
    return Method(genuine, impostor, method["threshold"], trials, len(set(whose)))


def one_shot_trials(
    whose: Sequence[int], energy_of: dict[tuple[int, int], float]
) -> list[tuple[int, float]]:
    photos: dict[int, list[int]] = {}
    for item, person in enumerate(whose):
        photos.setdefault(person, []).append(item)
    found = []
    for place in range(min(map(len, photos.values()))):
        enrolled = {person: items[place] for person, items in photos.items()}
        for probe, person in enumerate(whose):
            if probe in enrolled.values():
                continue
            energies = {
                other: energy_of[min(probe, item), max(probe, item)]
                for other, item in enrolled.items()
            }
            nearest = [other for other, e in energies.items() if e == min(energies.values())]
            found.append((person, (person in nearest) / len(nearest)))
    return found


def figures_of(method: Method, weights: Sequence[float]) -> dict[str, float]:
    """All figures of one fold, with each person counting so many times."""
    genuine = [(energy, weights[person]) for energy, person in method.genuine]
    impostor = [(energy, weights[a] * weights[b]) for energy, a, b in method.impostor]
    figures = verification(genuine, impostor, method.threshold)
    if method.trials:
        total = sum(weights[person] for person, _ in method.trials)
        right = sum(weights[person] * share for person, share in method.trials)
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
    rng = np.random.default_rng(bootstrap["seed"])
    draws = [
        mean_over([figures_of(fold, drawn(fold, rng)) for fold in folds])
        for _ in range(bootstrap["repetitions"])
    ]
    plain = mean_over([figures_of(fold, [1.0] * 1000) for fold in folds])
    ends = {"low": (1 - bootstrap["level"]) / 2, "high": (1 + bootstrap["level"]) / 2}
    return {
        name: {"mean": mean}
        | {end: quantile([draw[name] for draw in draws], at) for end, at in ends.items()}
        for name, mean in plain.items()
    }


def drawn(fold: Method, rng: np.random.Generator) -> list[float]:
    """How often each person was drawn; again until something of each kind is left."""
    present = sorted(
        {p for _, p in fold.genuine} | {p for _, a, b in fold.impostor for p in (a, b)}
    )
    while True:
        weights = [0.0] * (max(present) + 1)
        for person in rng.choice(present, len(present)):
            weights[person] += 1
        if (
            any(weights[p] for _, p in fold.genuine)
            and any(weights[a] * weights[b] for _, a, b in fold.impostor)
            and (not fold.trials or any(weights[p] for p, _ in fold.trials))
        ):
            return weights


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


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


def claims_of_protocol(protocol: dict[str, Any], under: str) -> Claims:
    """Every number of a protocol's document that follows from its evidence."""
    evidence = protocol["evidence"]
    folds = evidence["folds"]
    names = ["network", *(name for name in folds[0]["methods"] if name != "network")]
    methods = {name: [read_method(fold, name) for fold in folds] for name in names}
    found: dict[str, Any] = {}
    for name, each in methods.items():
        figures = with_intervals(each, evidence["bootstrap"])
        if name == "network":
            found["figures"] = figures
        else:
            found.setdefault("baselines", {})[name] = figures
    network = methods["network"]
    found["counts"] = {
        "identities": len({person for fold in folds for person in fold["people"]}),
        "items": len({item for fold in folds for item in fold["items"]}),
        "folds": len(folds),
        "genuine_pairs": sum(len(method.genuine) for method in network),
        "impostor_pairs": sum(len(method.impostor) for method in network),
        "one_shot_trials": sum(len(method.trials) for method in network),
    }
    by_record = protocol["protocol"] == "evaluate"
    reports = [leaks_of_record(fold) if by_record else leaks_of_split(fold) for fold in folds]
    together = {name: sum(report[name] for report in reports) for name in reports[0]}
    shared = sum(count for name, count in together.items() if name.startswith("shared"))
    found["leaks"] = shared
    found["leak_report"] = together | {"leaks": shared}
    thresholds = [method.threshold for method in network if method.threshold is not None]
    if thresholds:
        found["threshold"] = sum(thresholds) / len(thresholds)
    if "folds" in protocol:
        found["folds"] = [
            {"fold": place, "figures": figures_of(method, [1.0] * 1000)}
            | ({} if method.threshold is None else {"threshold": method.threshold})
            for place, method in enumerate(network)
        ]
    return dict(leaves(found, under))


def claims_of_report(report: dict[str, Any]) -> Claims:
    found: Claims = {}
    for place, protocol in enumerate(report["protocols"]):
        found |= claims_of_protocol(protocol, f"protocols/{place}")
    folds = [fold for protocol in report["protocols"] for fold in protocol["evidence"]["folds"]]
    found["data/items"] = len({item for fold in folds for item in fold["items"]})
    found["data/identities"] = len({person for fold in folds for person in fold["people"]})
    return found


def check(document: dict[str, Any], claims: Claims, inputs: Sequence[str]) -> None:
    """Every number is claimed, or a known input; and every claim is in the document."""
    numbers = dict(leaves(document))
    unclaimed = [
        path
        for path in numbers
        if path not in claims and not any(re.fullmatch(pattern, path) for pattern in inputs)
    ]
    assert unclaimed == []
    assert [path for path in claims if path not in numbers] == []
    for path, value in claims.items():
        assert numbers[path] == pytest.approx(value, abs=1e-9), path


def report_of(data: Dataset, sections: list[ProtocolSection]) -> dict[str, Any]:
    """The report of these protocols as it is read from its file."""
    facts = {"encoder": "e", "energy": "euclidean", "embedding_size": 8, "parameters": 100}
    network = NetworkFacts(summary="", svg="", facts=facts)
    content = report_content(data, sections, network=network, seconds=1.5)
    read: dict[str, Any] = json.loads(json_text(content.document))
    assert read == json.loads(json.dumps(content.document))
    return read


@pytest.fixture(scope="module")
def report(people: Dataset, both: list[ProtocolSection]) -> dict[str, Any]:
    return report_of(people, both)


@pytest.fixture(scope="module")
def claims(report: dict[str, Any]) -> Claims:
    return claims_of_report(report)


def test_every_number_of_the_demo_s_report_follows_from_its_evidence(
    report: dict[str, Any], claims: Claims
) -> None:
    check(report, claims, INPUTS)
    # 2 protocols × 3 methods × 3 or more figures × (mean, low, high), at least.
    assert sum(bool(re.search("figures|baselines", path)) for path in claims) > 60


def test_what_is_marked_follows_from_the_leaks(report: dict[str, Any]) -> None:
    marks = [protocol["watermark"] for protocol in report["protocols"]]
    assert marks == [
        "drawn faces, not AT&T · leaky split: no forecast for unseen people",
        "drawn faces, not AT&T",
    ]


def test_a_number_that_nobody_computes_again_is_found(
    report: dict[str, Any], claims: Claims
) -> None:
    changed = copy.deepcopy(report)
    changed["protocols"][0]["figures"]["d_prime"] = {"mean": 2.5}
    with pytest.raises(AssertionError, match="d_prime"):
        check(changed, claims, INPUTS)


@pytest.mark.parametrize(
    "path", ["figures/auc/low", "baselines/fisherfaces/eer/mean", "leak_report/shared_items"]
)
def test_a_changed_number_is_found(report: dict[str, Any], claims: Claims, path: str) -> None:
    changed = copy.deepcopy(report)
    *way, last = path.split("/")
    place = changed["protocols"][1]
    for name in way:
        place = place[name]
    place[last] += 1e-6
    with pytest.raises(AssertionError, match=path):
        check(changed, claims, INPUTS)


def test_the_documents_of_protocols_stay_small(both: list[ProtocolSection]) -> None:
    for section in both:
        assert "evidence" not in section.document
        assert len(json_text(section.document)) < 20_000


class Pixels:
    """A model in four lines."""

    energy = "euclidean"
    threshold = 7.5
    fingerprint = "0" * 64

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record

    def embed(self, images: Any) -> Any:
        return (images.reshape(len(images), -1)[:, ::7] / 255).astype(np.float32)


@pytest.mark.parametrize("known", [0, 3])
def test_every_number_of_an_evaluation_follows_from_its_evidence(
    people: Dataset, known: int
) -> None:
    digests = [digest[:16] for digest in people.item_digests]
    record = {"data": {"identities": ["somebody"], "item_digests": digests[:known]}}
    model: Any = Pixels(record)
    section = evaluate_model(model, people)
    assert "evidence" not in section.document
    document = json.loads(json_text({**section.document, "evidence": section.evidence}))
    assert (document["watermark"] or "").count("leaky split") == bool(known)
    check(document, claims_of_protocol(document, ""), [r"seeds/\w+", r"evidence/.*"])


@pytest.mark.real
@pytest.mark.slow
def test_every_number_on_the_real_photos_follows_from_a_file_of_reasonable_size(
    real_data: str,
) -> None:
    """Raw pixels stand where the network stands: the loops do not care whose energies they are."""
    data = att()
    parts = unseen_people_parts(data, 4)

    def trained(test: Dataset) -> Trained:
        record = {
            "recipe": {"energy": "euclidean", "seed": 0},
            "histories": {"final": {"loss": [1.0]}},
            "threshold": {"people": []},
            "epochs": 1,
            "seconds": 1.0,
        }
        return Trained(
            embeddings=(test.items.reshape(len(test), -1) / 255).astype(np.float32),
            threshold=10.0,
            record=record,
            fingerprint="0" * 64,
        )

    split = lab_pairs(data, seed=0)
    sections = [
        lab_section(data, split, trained(data), seed=0),
        unseen_people_section(
            data,
            parts,
            [trained(test) for _, test in parts],
            protocol="U4",
            partition_seed=None,
        ),
    ]
    report = report_of(data, sections)
    assert len(json_text(report)) < 3_000_000
    check(report, claims_of_report(report), INPUTS)
