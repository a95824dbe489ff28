"""Identification in a protocol's result: the CMC and the open set."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from likeness.datasets import Dataset
from likeness.evaluation import Evaluation
from likeness.evaluation.figures import FigureName, percent
from likeness.evaluation.open_set import OpenSet, open_set_intervals
from likeness.evaluation.results import BOOTSTRAP_SEED, Figures, MeasuredData, OpenSetResult
from likeness.experiments.result import REPETITIONS
from likeness.reports.content import Curve, ProtocolSection

HALVES_SEED = 0
POINTS = 200
"""Most points of a curve in the document."""


def with_cmc(
    section: ProtocolSection, methods: Mapping[str, Sequence[Evaluation]]
) -> ProtocolSection:
    """Return the section with each method's CMC, the mean over the folds."""
    cmc = {name: _cmc(folds) for name, folds in methods.items()}
    return replace(section, result=replace(section.result, cmc=cmc))


def with_open_set(
    section: ProtocolSection,
    methods: Mapping[str, Sequence[OpenSet]],
    *,
    tests: Sequence[Dataset],
    calibrated: bool = False,
) -> ProtocolSection:
    """Return the section with the figures of the open set.

    Args:
        section: of the same people.
        methods: "network" and the baselines → one evaluation per fold.
        tests: the people of each fold.
        calibrated: whether the network's threshold was found for a purpose; if not, the sentences
            say that it has the best accuracy on pairs.
    """
    network = methods["network"]
    curves = {name: _mean_curve(folds) for name, folds in methods.items()}
    figures = {
        name: open_set_intervals(folds, repetitions=REPETITIONS, seed=BOOTSTRAP_SEED)
        for name, folds in methods.items()
    }
    acquisition = section.result.acquisition
    if acquisition is not None and acquisition.failed:
        without = {
            name: open_set_intervals(
                [replace(fold, acquisition=None) for fold in folds],
                repetitions=REPETITIONS,
                seed=BOOTSTRAP_SEED,
            )
            for name, folds in methods.items()
        }
        acquisition = replace(acquisition, without=without)
    ours = figures.pop("network")
    counts = _counts(network, tests)
    least = max(fold.rates.least_fpir for fold in network)
    measured = replace(
        section.result,
        protocol="open-set",
        title=f"{counts['enrolled']} of {counts['enrolled'] + counts['strangers']} people "
        "enrolled, the others strangers",
        counts=counts,
        figures=ours,
        baselines=figures,
        seeds={"halves": HALVES_SEED},
        data=MeasuredData(),
        cmc={},
        folds=(),
        model=None,
        recipe={},
        versions={},
        acquisition=acquisition,
    )
    part = OpenSetResult(
        measured=measured,
        least_fpir=least,
        curves={name: _points(curve) for name, curve in curves.items()},
        halves=[_names(fold, test) for fold, test in zip(network, tests, strict=True)],
        sentences=tuple(_sentences(ours, counts, least=least, calibrated=calibrated)),
    )
    return replace(section, result=replace(section.result, open_set=part), open_set_curves=curves)


def _cmc(folds: Sequence[Evaluation]) -> list[float]:
    each = [
        fold.identification.cumulative_match() * (1 - fold.fta())
        for fold in folds
        if fold.identification
    ]
    ranks = min(len(rates) for rates in each)
    return [float(rate) for rate in np.mean([rates[:ranks] for rates in each], axis=0)]


def _mean_curve(opened: Sequence[OpenSet]) -> Curve:
    """Return (FPIR, DIR): the mean DIR over the folds at each FPIR that one of them has.

    Each fold has a threshold of its own there, as the figures have.
    """
    folds = [fold.rates for fold in opened]
    fpir = np.unique(np.concatenate([fold.fpir for fold in folds]))
    reached = [
        1.0 - fold.fnir[np.searchsorted(fold.fpir, fpir, side="right") - 1] for fold in folds
    ]
    return fpir, np.mean(reached, axis=0)


def _points(curve: Curve) -> dict[str, list[float]]:
    fpir, reached = curve
    kept = np.unique(np.linspace(0, len(fpir) - 1, POINTS).round().astype(int))
    return {"fpir": fpir[kept].tolist(), "dir": reached[kept].tolist()}


def _counts(folds: Sequence[OpenSet], tests: Sequence[Dataset]) -> dict[str, int]:
    enrolled = len(folds[0].halves[0])
    return {
        "identities": sum(len(test.distinct) for test in tests),
        "folds": len(folds),
        "enrolled": enrolled,
        "strangers": len(tests[0].distinct) - enrolled,
        "shots": folds[0].shots,
        "galleries": sum(fold.galleries for fold in folds),
        "mated_searches": sum(len(fold.searches.mated) for fold in folds),
        "non_mated_searches": sum(len(fold.searches.non_mated) for fold in folds),
        "mated_probes": sum(fold.rates.mated_probes for fold in folds),
        "non_mated_probes": sum(fold.rates.non_mated_probes for fold in folds),
    }


def _names(fold: OpenSet, test: Dataset) -> list[list[str]]:
    return [[test.distinct[code] for code in half] for half in fold.halves]


def _sentences(
    figures: Figures,
    counts: Mapping[str, int],
    *,
    least: float,
    calibrated: bool,
) -> list[str]:
    said = []
    if (name := FigureName("fpir")) in figures:
        fpir, fnir = figures[name].mean, figures[FigureName("fnir")].mean
        said.append(
            f"With {counts['enrolled']} people enrolled, the network's threshold takes strangers "
            f"for somebody in {percent(fpir)} of searches (FPIR), and does not find enrolled "
            f"people in {percent(fnir)} (FNIR)."
        )
        said.append(
            "The threshold was calibrated for a purpose; its promise is about the gallery it was "
            "calibrated for."
            if calibrated
            else "That threshold has the best accuracy on balanced pairs of training people. It is "
            "not a suitable operating point for an open set, where a stranger is compared with "
            "everybody enrolled: choose one with `likeness calibrate`."
        )
        if fpir < least:
            said.append(f"An FPIR below {percent(least)} is not claimed.")
    else:
        said.append("There is no threshold, so no FPIR and no FNIR.")
    if any(name.kind == "dir_at_fpir" for name in figures):
        said.append(
            "DIR at FPIR x: enrolled people found where at most x of the strangers' searches give "
            "a candidate. Its threshold is taken from these very people: the best possible, not "
            "what a threshold chosen beforehand gets."
        )
    else:
        said.append(
            "The strangers' photos are too few for a DIR: they show no FPIR under "
            f"{percent(least)}."
        )
    return said
