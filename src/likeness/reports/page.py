"""What the page shows of one protocol, ready for the template: words, rows and pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from likeness.evaluation.figures import (
    FigureKind,
    counted,
    figure_kinds,
    grouping_kinds,
    interval,
    method_label,
    methods_of,
    percent,
    watermark,
)
from likeness.reports.content import Mistake, ProtocolSection
from likeness.reports.photos import photo_uri
from likeness.reports.plots import (
    cmc_plot,
    det_plot,
    energies_histogram,
    learning_curves,
    one_shot_plot,
    open_set_det_plot,
    open_set_plot,
    roc_plot,
)
from likeness.reports.verdict import verdict


def protocol_view(section: ProtocolSection, *, drawn: bool) -> dict[str, Any]:
    """Return what the template shows of one protocol.

    Args:
        section: its result.
        drawn: whether the photos are made up: every picture then says so.
    """
    document = {**section.document, "drawn": drawn}
    kinds = figure_kinds(document)
    return {
        **figures_view(document),
        "plots": _plots(section, kinds, mark=watermark(document) or ""),
        "open_set": _open_set(section, mark=watermark(document) or ""),
        "groups": [_grouping(grouping) for grouping in document.get("groups", ())],
        "mistakes": _mistakes(section.mistakes),
        "threshold": document.get("threshold"),
        "folds": _folds(document, kinds),
    }


def figures_view(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a result's figures and leaks, without pictures.

    Args:
        document: a protocol's JSON document.
    """
    kinds = figure_kinds(document)
    return {
        **_table(document, kinds),
        "title": document.get("title", ""),
        "unseen": bool(document.get("unseen_people")),
        "leaks": int(document.get("leaks") or 0),
        "threshold_seen": int(document.get("threshold_seen") or 0),
        "leak_sentences": document.get("leak_report", {}).get("sentences", ()),
        "mark": watermark(document) or "",
        "verdict": verdict(document),
    }


def key_figures(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return every figure of the network: label, value, interval."""
    figures = document["figures"]
    return [
        {
            "label": kind.label,
            "value": percent(figures[kind.name]["mean"]),
            "interval": interval(figures[kind.name]),
        }
        for kind in figure_kinds(document)
        if kind.name in figures
    ]


def _table(document: Mapping[str, Any], kinds: Sequence[FigureKind]) -> dict[str, Any]:
    """Return what a table of figures shows: methods as rows, figures as columns."""
    return {
        "protocol": document["protocol"],
        "kinds": kinds,
        "rows": _rows(document, kinds),
        "counted": counted(document),
    }


def _open_set(section: ProtocolSection, *, mark: str) -> dict[str, Any] | None:
    """Return the open set's table, words and plots, or None where there was none."""
    document = section.document.get("open_set")
    if not document:
        return None
    figures, curves = document["figures"], section.open_set_curves
    at_threshold = (
        (figures["fpir"]["mean"], 1.0 - figures["fnir"]["mean"]) if "fpir" in figures else None
    )
    return {
        **_table(document, figure_kinds(document)),
        "title": document["title"],
        "mark": mark,
        "sentences": document["sentences"],
        "verdict": verdict(document),
        "plots": [
            open_set_plot(curves, at_threshold=at_threshold, mark=mark),
            open_set_det_plot(
                curves,
                mated_probes=document["counts"]["mated_probes"],
                non_mated_probes=document["counts"]["non_mated_probes"],
                mark=mark,
            ),
        ]
        if curves
        else [],
    }


def _grouping(grouping: Mapping[str, Any]) -> dict[str, Any]:
    """Return one table of groups: groups as rows, figures as columns."""
    kinds = grouping_kinds(grouping)
    return {
        "column": grouping["column"],
        "kinds": kinds,
        "sentences": grouping["sentences"],
        "rows": [
            {
                "label": group["label"],
                "small": bool(group["small"]),
                "counts": [
                    group[name] for name in ("people", "photos", "genuine_pairs", "impostor_pairs")
                ],
                "cells": [
                    {
                        "value": percent(group["figures"].get(kind.name, {}).get("mean")),
                        "interval": interval(group["figures"].get(kind.name)),
                    }
                    for kind in kinds
                ],
            }
            for group in grouping["groups"]
        ],
    }


def _rows(document: Mapping[str, Any], kinds: Sequence[FigureKind]) -> list[dict[str, Any]]:
    methods = methods_of(document)
    best = {kind.name: _best(kind, methods) for kind in kinds}
    return [
        {
            "label": method_label(name),
            "network": name == "network",
            "cells": [
                {
                    "value": percent(figures[kind.name]["mean"] if kind.name in figures else None),
                    "interval": interval(figures.get(kind.name)),
                    "best": kind.compared
                    and kind.name in figures
                    and figures[kind.name]["mean"] == best[kind.name],
                }
                for kind in kinds
            ],
        }
        for name, figures in methods.items()
    ]


def _best(kind: FigureKind, methods: Mapping[str, Mapping[str, Any]]) -> float:
    means = [figures[kind.name]["mean"] for figures in methods.values() if kind.name in figures]
    return float(min(means) if kind.smaller_is_better else max(means))


def _plots(section: ProtocolSection, kinds: Sequence[FigureKind], *, mark: str) -> list[str]:
    """Return the plots for which there is something to draw."""
    found = []
    pairs = len(section.genuine) > 0 and len(section.impostor) > 0
    if pairs:
        found.append(
            energies_histogram(
                section.genuine, section.impostor, threshold=section.threshold, mark=mark
            )
        )
    if section.curves:
        found.append(roc_plot(section.curves, mark=mark))
    if section.curves and pairs:
        found.append(
            det_plot(
                section.curves,
                genuine_pairs=len(section.genuine),
                impostor_pairs=len(section.impostor),
                mark=mark,
            )
        )
    if section.document.get("cmc"):
        found.append(cmc_plot(section.document["cmc"], mark=mark))
    found += _one_shot(section.document, kinds, mark=mark)
    for series in ("loss", "held_out_auc"):
        if any(history.get(series) for history in section.histories):
            found.append(learning_curves(section.histories, series=series, mark=mark))
    return found


def _one_shot(document: Mapping[str, Any], kinds: Sequence[FigureKind], *, mark: str) -> list[str]:
    found = []
    for kind in kinds:
        rates = [fold["figures"].get(kind.name) for fold in document.get("folds", ())]
        if kind.name.startswith("one_shot") and rates and None not in rates:
            baselines = {
                name: figures[kind.name]["mean"]
                for name, figures in document.get("baselines", {}).items()
                if kind.name in figures
            }
            title = f"{kind.words}, fold by fold"
            found.append(one_shot_plot(rates, title=title, baselines=baselines, mark=mark))
    return found


def _mistakes(mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Return the two kinds of mistake that there are, each with its pairs."""
    groups = (
        (True, "One person, taken for two", "high energy: rejected"),
        (False, "Two people, taken for one", "low energy: accepted"),
    )
    return [
        {"title": title, "words": words, "pairs": [_pair(m) for m in mistakes if m.genuine is kind]}
        for kind, title, words in groups
        if any(mistake.genuine is kind for mistake in mistakes)
    ]


def _pair(mistake: Mistake) -> dict[str, Any]:
    return {
        "left": photo_uri(mistake.left),
        "right": photo_uri(mistake.right),
        "left_name": mistake.left_name,
        "right_name": mistake.right_name,
        "energy": f"{mistake.energy:.3f}",
    }


def _folds(document: Mapping[str, Any], kinds: Sequence[FigureKind]) -> list[dict[str, Any]]:
    return [
        {
            "fold": fold["fold"],
            "cells": [percent(fold["figures"].get(kind.name)) for kind in kinds],
            "threshold": "–" if fold.get("threshold") is None else f"{fold['threshold']:.4g}",
            "epochs": fold.get("epochs", "–"),
            "people": ", ".join(str(person) for person in fold.get("people", ())),
        }
        for fold in document.get("folds", ())
    ]
