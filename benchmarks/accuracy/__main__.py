"""``python -m benchmarks.accuracy``: every method on the same folds, one table."""

import importlib.util
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.accuracy.methods import (
    CLOSED_SET_METHODS,
    FEW_DRAWS,
    METHODS,
    NEEDS,
    OURS,
    SEEDED,
)
from benchmarks.accuracy.ours import Likeness
from benchmarks.accuracy.plot import draw
from benchmarks.accuracy.protocols import (
    FOLDS,
    Figures,
    closed_figures,
    closed_jobs,
    unseen_figures,
    unseen_jobs,
)
from benchmarks.accuracy.table import markdown
from likeness import datasets
from likeness.experiments.pool import run_side_by_side
from likeness.reports.content import versions

HERE = Path(__file__).parent
EVERY = {**METHODS, **CLOSED_SET_METHODS}


def measure(name: str, data: datasets.Dataset, *, seeds: list[int], draws: int) -> dict[str, Any]:
    """Return everything measured of one method."""
    draws = min(draws, 3) if name in FEW_DRAWS else draws
    if name in CLOSED_SET_METHODS:
        return {
            "draws": draws,
            "figures": {"C5": {"rank_one": _closed(name, data, draws, seeds[0])}},
        }
    figures: dict[str, Figures] = {}
    used = seeds if name in SEEDED else seeds[:1]
    for protocol in FOLDS:
        measured = []
        for seed in used:
            jobs = unseen_jobs(METHODS[name], data, protocol, seed=seed)
            found = unseen_figures(jobs, run_side_by_side(jobs))
            measured.append(found)
            typer.echo(f"{name} {protocol} seed {seed}: {_short(found)}", err=True)
        figures[protocol] = _mean(measured)
        figures[f"{protocol}_by_seed"] = dict(zip(map(str, used), measured, strict=True))
    figures["C5"] = {"rank_one": _closed(name, data, draws, seeds[0])}
    return {"draws": draws, "figures": figures}


def measure_costs(names: Iterable[str], data: datasets.Dataset, *, seed: int) -> dict[str, Any]:
    """Return what one fold of U4 costs by each method, measured one after the other.

    All of them in one go, because a ratio of two runs would be one of two machines.
    """
    jobs = {name: unseen_jobs(METHODS[name], data, "U4", seed=seed)[0] for name in names}
    typer.echo(f"Costs: one fold by each of {', '.join(jobs)}.", err=True)
    results = run_side_by_side(list(jobs.values()), workers=1)
    return {name: asdict(cost) for name, (_, cost) in zip(jobs, results, strict=True)}


def _closed(name: str, data: datasets.Dataset, draws: int, seed: int) -> dict[str, float]:
    jobs = closed_jobs(EVERY[name], data, draws=draws, seed=seed)
    found = closed_figures(jobs, run_side_by_side(jobs))
    typer.echo(f"{name} C5: {_short({'rank_one': found})}", err=True)
    return found


def _mean(measured: Iterable[Figures]) -> Figures:
    """Return the mean over seeds of every figure and of its bounds."""
    measured = list(measured)
    return {
        name: {part: float(np.mean([one[name][part] for one in measured])) for part in figure}
        for name, figure in measured[0].items()
    }


def _short(figures: Figures) -> str:
    return ", ".join(f"{name} {100 * figure['mean']:.1f}" for name, figure in figures.items())


def main(
    out: Annotated[Path, typer.Option(help="Folder for results.json, .md and .png.")] = HERE,
    data: Annotated[str, typer.Option(help="att, or a folder of photos.")] = "att",
    method: Annotated[
        list[str] | None, typer.Option(help=f"Only these: {', '.join(EVERY)}. May be repeated.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Of our trainings, by commas.")] = "0,1,2",
    draws: Annotated[int, typer.Option(min=1, help="Of the closed set C5.")] = 10,
) -> None:
    """Run the methods one after the other; results.json is brought up to date after each.

    What it already holds of other methods stays, so a broken run goes on with --method. The
    costs of all of them are measured again in the end.
    """
    people = datasets.att() if data == "att" else datasets.folder(data)
    numbers = [int(seed) for seed in seeds.split(",")]
    chosen = method or list(EVERY)
    if unknown := sorted(set(chosen) - set(EVERY)):
        raise typer.BadParameter(f"there is no method {', '.join(unknown)}.")
    out.mkdir(parents=True, exist_ok=True)
    document = _document(out / "results.json", people, numbers)
    installed = [name for name in chosen if _has_what_it_needs(name)]
    for name in installed:
        document["methods"][name] = _described(name) | measure(
            name, people, seeds=numbers, draws=draws
        )
        _write(document, out)
    compared = [n for n in METHODS if n in document["methods"] and _has_what_it_needs(n)]
    costs = measure_costs(compared, people, seed=numbers[0])
    for name, entry in document["methods"].items():
        entry.pop("cost", None)
        if name in costs:
            entry["cost"] = costs[name]
    _write(document, out)


def _has_what_it_needs(name: str) -> bool:
    """Return whether a method can run here; say what is missing if not."""
    module, package = NEEDS.get(name, ("numpy", "numpy"))
    if is_installed(module):
        return True
    typer.echo(f"{name} is left out: it needs `pip install {package}`.", err=True)
    return False


def is_installed(module: str) -> bool:
    """Return whether a module could be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that the module would be in
        return False


def _described(name: str) -> dict[str, Any]:
    method = EVERY[name]
    recipe = {"recipe": method.recipe.as_dict()} if isinstance(method, Likeness) else {}
    return {"title": method.title, "source": method.source, **recipe}


def _document(path: Path, data: datasets.Dataset, seeds: list[int]) -> dict[str, Any]:
    """Return the earlier result if it is of the same photos and seeds, or an empty one."""
    fresh = {
        "data": {
            "name": data.name,
            "digest": data.digest,
            "identities": len(data.distinct),
            "items": len(data),
        },
        "seeds": seeds,
        "versions": versions(),
        "methods": {},
    }
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if all(earlier[key] == fresh[key] for key in ("data", "seeds", "versions")):
            fresh["methods"] = earlier["methods"]
    return fresh


def _write(document: dict[str, Any], out: Path) -> None:
    order = [name for name in EVERY if name in document["methods"]]
    document["methods"] = {name: document["methods"][name] for name in order}
    ours = document["methods"].get(OURS, {})
    if "cost" in ours:
        document["unit"] = {"title": ours["title"]} | ours["cost"]
        (out / "results.md").write_text(markdown(document), encoding="utf-8")
        draw(document, out / "results.png")
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    (out / "results.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
