"""``python -m benchmarks.omniglot``: each small background set alone, on the twenty runs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.omniglot.published import PUBLISHED
from benchmarks.omniglot.table import markdown
from likeness.cli.options import Changes, changed
from likeness.datasets import Dataset
from likeness.tasks import characters
from likeness.tasks.characters.drawings import CHARACTERS
from likeness.tasks.characters.omniglot import OneShotRun
from likeness.tasks.characters.omniglot_experiment import train_for_runs
from likeness.training import TrainingRecipe
from likeness.training.process import load_keras

HERE = Path(__file__).parent


def measure(
    recipe: TrainingRecipe, background: Dataset, runs: tuple[OneShotRun, ...]
) -> dict[str, Any]:
    """Return everything measured of one training."""
    _, result = train_for_runs(recipe, background, runs)
    error = result.mean_errors["network"].mean
    typer.echo(
        f"{background.name} seed {recipe.seed}: {100 * error:.1f} % errors, "
        f"{result.cpu_seconds:.0f} CPU seconds",
        err=True,
    )
    return result.to_json()


def main(
    out: Annotated[Path, typer.Option(help="Folder for results.json and results.md.")] = HERE,
    background: Annotated[
        list[str] | None, typer.Option(help="small1, small2 or drawn; may be repeated.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Of the trainings, by commas.")] = "0",
    set_: Changes = None,
) -> None:
    """Train on each background set, one after the other; measure; print and write the tables.

    results.json is brought up to date after each training, and what it holds of other sets and
    seeds of the same recipe stays.
    """
    load_keras()
    out.mkdir(parents=True, exist_ok=True)
    recipe = changed(CHARACTERS, set_)
    for name in background or ["small1", "small2"]:
        if name == "drawn":
            data, runs = (
                characters.drawn_characters(alphabets=5, characters_each=10),
                characters.drawn_runs(),
            )
        else:
            data, runs = characters.omniglot(name), characters.omniglot_runs()
        for seed in map(int, seeds.split(",")):
            measured = measure(recipe.replace(seed=seed), data, runs)
            document = merged(_earlier(out / "results.json"), measured)
            _write(document, out)
    typer.echo((out / "results.md").read_text(encoding="utf-8"))


def merged(earlier: list[dict[str, Any]], measured: dict[str, Any]) -> dict[str, Any]:
    """Return the document with this training in it, and those of the same recipe and runs."""
    kept = [
        entry
        for entry in earlier
        if _without_seed(entry) == _without_seed(measured) and _which(entry) != _which(measured)
    ]
    return {
        "published": [entry.as_dict() for entry in PUBLISHED],
        "trained": sorted([*kept, measured], key=_which),
    }


def _which(entry: dict[str, Any]) -> tuple[str, int]:
    return entry["background"]["name"], entry["recipe"]["seed"]


def _without_seed(entry: dict[str, Any]) -> tuple[Any, ...]:
    recipe = TrainingRecipe.from_dict({**entry["recipe"], "seed": 0})
    return recipe, entry["versions"], entry["runs_digest"]


def _earlier(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["trained"]
    return found


def _write(document: dict[str, Any], out: Path) -> None:
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    (out / "results.json").write_text(text, encoding="utf-8")
    (out / "results.md").write_text(markdown(document), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
