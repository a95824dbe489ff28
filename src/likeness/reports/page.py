"""What the page shows of one protocol, ready for the template: words, rows and pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from likeness.evaluation.figures import FigureName, Interval, method_label, percent
from likeness.evaluation.groups import Grouping
from likeness.evaluation.results import Figures, OpenSetResult, ProtocolResult
from likeness.reports.content import Curve, Mistake, ProtocolSection
from likeness.reports.page_templates import photo_uri
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


def protocol_view(section: ProtocolSection) -> dict[str, Any]:
    """Return what the template shows of one protocol; every picture has the result's mark."""
    result = section.result
    return {
        **figures_view(result),
        "plots": _plots(section),
        "open_set": result.open_set and _open_set(result.open_set, section.open_set_curves),
        "groups": [_grouping(grouping) for grouping in result.groups],
        "mistakes": _mistakes(section.mistakes),
        "threshold": result.threshold,
        "folds": _folds(result),
    }


def figures_view(result: ProtocolResult) -> dict[str, Any]:
    """Return what the template shows of a result's figures and leaks, without pictures."""
    return {
        "protocol": result.protocol,
        "title": result.title,
        "data": result.data.name,
        "kinds": result.figure_names,
        "rows": _rows(result),
        "counted": result.counted(),
        "leaks": result.leaks,
        "threshold_seen": result.model.threshold_seen if result.model else 0,
        "leak_sentences": result.leak_sentences,
        "mark": result.watermark or "",
        "verdict": verdict(result),
    }


def key_figures(result: ProtocolResult) -> list[dict[str, str]]:
    """Return every figure of the network: label, value, interval."""
    names = [name for name in result.figure_names if name in result.figures]
    return [{"label": name.label, **_cell(result.figures.get(name))} for name in names]


def _cell(figure: Interval | None) -> dict[str, str]:
    return {
        "value": percent(figure.mean if figure else None),
        "interval": figure.ends() if figure else "",
    }


def _open_set(part: OpenSetResult, curves: Mapping[str, Curve]) -> dict[str, Any]:
    """Return the open set's table, words and plots."""
    measured = part.measured
    mark = measured.watermark or ""
    fpir, fnir = (measured.figures.get(FigureName(kind)) for kind in ("fpir", "fnir"))
    return {
        **figures_view(measured),
        "sentences": part.sentences,
        "plots": [
            open_set_plot(
                curves,
                at_threshold=(fpir.mean, 1.0 - fnir.mean) if fpir and fnir else None,
                mark=mark,
            ),
            open_set_det_plot(
                curves,
                mated_probes=measured.counts["mated_probes"],
                non_mated_probes=measured.counts["non_mated_probes"],
                mark=mark,
            ),
        ]
        if curves
        else [],
    }


def _grouping(grouping: Grouping) -> dict[str, Any]:
    """Return one table of groups: groups as rows, figures as columns."""
    kinds = grouping.figure_names
    return {
        "column": grouping.column,
        "kinds": kinds,
        "sentences": grouping.sentences(),
        "rows": [
            {
                "label": group.label,
                "small": group.small,
                "counts": [group.people, group.photos, group.genuine_pairs, group.impostor_pairs],
                "cells": [_cell(group.figures.get(kind)) for kind in kinds],
            }
            for group in grouping.groups
        ],
    }


def _rows(result: ProtocolResult) -> list[dict[str, Any]]:
    names, methods = result.figure_names, result.methods
    best = {name: _best(name, methods) for name in names}
    return [
        {
            "label": method_label(method),
            "network": method == "network",
            "cells": [
                _cell(figures.get(name))
                | {"best": name.compared and name in figures and figures[name].mean == best[name]}
                for name in names
            ],
        }
        for method, figures in methods.items()
    ]


def _best(name: FigureName, methods: Mapping[str, Figures]) -> float:
    means = [figures[name].mean for figures in methods.values() if name in figures]
    return min(means) if name.smaller_is_better else max(means)


def _plots(section: ProtocolSection) -> list[str]:
    """Return the plots for which there is something to draw."""
    result, plots = section.result, []
    mark = result.watermark or ""
    pairs = len(section.genuine) > 0 and len(section.impostor) > 0
    if pairs:
        plots.append(
            energies_histogram(
                section.genuine, section.impostor, threshold=result.threshold, mark=mark
            )
        )
    if section.curves:
        plots.append(roc_plot(section.curves, mark=mark))
    if section.curves and pairs:
        plots.append(
            det_plot(
                section.curves,
                genuine_pairs=len(section.genuine),
                impostor_pairs=len(section.impostor),
                mark=mark,
            )
        )
    if result.cmc:
        plots.append(cmc_plot(result.cmc, mark=mark))
    plots += _one_shot(result)
    for series in ("loss", "held_out_auc"):
        if any(history.get(series) for history in section.histories):
            plots.append(learning_curves(section.histories, series=series, mark=mark))
    return plots


def _one_shot(result: ProtocolResult) -> list[str]:
    names = [
        name
        for name in result.figure_names
        if name.kind == "one_shot"
        and result.folds
        and all(name in fold.figures for fold in result.folds)
    ]
    return [
        one_shot_plot(
            [fold.figures[name] for fold in result.folds],
            title=f"{name.words}, fold by fold",
            baselines={
                method: figures[name].mean
                for method, figures in result.baselines.items()
                if name in figures
            },
            mark=result.watermark or "",
        )
        for name in names
    ]


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


def _pair(mistake: Mistake) -> dict[str, str]:
    return {
        "left": photo_uri(mistake.left),
        "right": photo_uri(mistake.right),
        "left_name": mistake.left_name,
        "right_name": mistake.right_name,
        "energy": f"{mistake.energy:.3f}",
    }


def _folds(result: ProtocolResult) -> list[dict[str, Any]]:
    return [
        {
            "fold": fold.fold,
            "cells": [percent(fold.figures.get(name)) for name in result.figure_names],
            "threshold": "–" if fold.threshold is None else f"{fold.threshold:.4g}",
            "epochs": fold.epochs,
            "people": ", ".join(fold.people),
        }
        for fold in result.folds
    ]
