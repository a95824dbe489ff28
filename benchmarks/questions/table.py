"""The benchmark's one result, as Markdown."""

from collections.abc import Mapping
from typing import Any

COLUMNS = [(part, name) for part in ("dev", "test") for name in ("spearman", "pearson")]


def markdown(document: Mapping[str, Any]) -> str:
    """Return the table, and what stands behind it."""
    heads = [f"{part} {name.capitalize()} %" for part, name in COLUMNS]
    lines = _row(["method", *heads]) + _row(["---", *("---:" for _ in heads)])
    for entry in document["methods"].values():
        lines += _row([entry["title"], *(_cell(entry, part, name) for part, name in COLUMNS)])
    data, gain = document["data"], document["gain"]
    seeds = ", ".join(map(str, document["seeds"]))
    test = data["test"]
    lines += (
        f"\nSTS benchmark: trained on {data['train']['pairs']:,} pairs alone; everything was "
        f"chosen on the {data['dev']['pairs']:,} dev pairs (settings, epoch, variants of the "
        f"baselines), so the dev figures are optimistic; the {test['pairs']:,} test pairs were "
        "only measured. In brackets 95 % intervals, bootstrap over pairs. That treats pairs as "
        f"independent, and {test['pairs_with_a_shared_sentence']:,} test pairs share a sentence "
        "with another one, so the intervals are a little too narrow; "
        f"{test['sentences_in_training']:,} of the {test['sentences']:,} test sentences are in "
        f"the training part too. The rows of likeness are means over seeds {seeds}, interval "
        "bounds as well.\n\n"
        f"Spearman on test, {gain['ours']} less {gain['other']}: "
        f"{100 * gain['difference']:+.1f} ({100 * gain['low']:+.1f} to {100 * gain['high']:+.1f}) "
        "points, the same pairs drawn for both.\n"
    )
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(entry: Mapping[str, Any], part: str, name: str) -> str:
    found = entry["figures"][part]
    low, high = found[f"{name}_interval"]
    return f"{100 * found[name]:.1f} ({100 * low:.1f}–{100 * high:.1f})"
