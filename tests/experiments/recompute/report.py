"""All numbers of a report that follow from its evidence."""

from typing import Any

from recompute import groups, open_set
from recompute.document import Claims, leaves
from recompute.energies import Method, read_method
from recompute.leaks import leaks_of_record, leaks_of_split
from recompute.open_set import Searches
from recompute.verification import figures_of, with_intervals


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
    if by_record:
        seen = leaks_of_record({**folds[0], "training": evidence["calibration"]})
        found["threshold_seen"] = seen["shared_identities"]
    thresholds = [method.threshold for method in network if method.threshold is not None]
    if thresholds:
        found["threshold"] = sum(thresholds) / len(thresholds)
    if "folds" in protocol:
        found["folds"] = [
            {"fold": place, "figures": figures_of(method, [1.0] * method.ways)}
            | ({} if method.threshold is None else {"threshold": method.threshold})
            for place, method in enumerate(network)
        ]
    if "cmc" in protocol:
        found["cmc"] = {name: open_set.cumulative_match(each) for name, each in methods.items()}
    searched = searches_of_protocol(protocol, methods)
    if searched:
        found["open_set"] = open_set.claims(methods, searched, evidence) | {"leaks": shared}
        if thresholds:
            found["open_set"]["threshold"] = found["threshold"]
    if "groups" in protocol:
        found["groups"] = groupings(protocol, network[0], searched)
    return dict(leaves(found, under))


def searches_of_protocol(
    protocol: dict[str, Any], methods: dict[str, list[Method]]
) -> dict[str, list[Searches]]:
    """The searches in the halves that the document names; none where it has no open set."""
    if "open_set" not in protocol:
        return {}
    part, folds = protocol["open_set"], protocol["evidence"]["folds"]
    halves = [
        [[fold["people"].index(name) for name in half] for half in of_fold]
        for fold, of_fold in zip(folds, part["halves"], strict=True)
    ]
    return {
        name: [
            open_set.searches_of(method, enrolled, part["counts"]["shots"])
            for method, enrolled in zip(each, halves, strict=True)
        ]
        for name, each in methods.items()
    }


def groupings(
    protocol: dict[str, Any], network: Method, searched: dict[str, list[Searches]]
) -> list[dict[str, Any]]:
    evidence = protocol["evidence"]
    return [
        {"column": labelled["column"]}
        | groups.grouping(
            network,
            searched["network"][0] if searched else None,
            labelled["labels"],
            evidence["bootstrap"],
        )
        for labelled in evidence["labels"]
    ]


def claims_of_report(report: dict[str, Any]) -> Claims:
    found: Claims = {}
    for place, protocol in enumerate(report["protocols"]):
        found |= claims_of_protocol(protocol, f"protocols/{place}")
    folds = [fold for protocol in report["protocols"] for fold in protocol["evidence"]["folds"]]
    found["data/items"] = len({item for fold in folds for item in fold["items"]})
    found["data/identities"] = len({person for fold in folds for person in fold["people"]})
    return found
