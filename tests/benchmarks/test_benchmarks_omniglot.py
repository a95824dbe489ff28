"""Omniglot's benchmark: its tables, what is kept of earlier trainings, and a run in small."""

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.omniglot.__main__ import merged
from benchmarks.omniglot.published import PUBLISHED
from benchmarks.omniglot.table import markdown
from fresh_process import python

from likeness.tasks.characters.omniglot import RUNS

ROOT = Path(__file__).parents[2]


def trained(name: str, seed: int = 0, *, errors: tuple[float, float] = (0.1, 0.3)) -> Any:
    figure = {"mean": sum(errors) / 2, "low": 0.1, "high": 0.3}
    return {
        "background": {"name": name},
        "recipe": {"seed": seed, "steps": 5},
        "versions": {"likeness": "1"},
        "runs_digest": "abc",
        "figures": {"error": figure},
        "baselines": {"modified_hausdorff": {"error": {"mean": 0.4, "low": 0.3, "high": 0.5}}},
        "counts": {"runs": 2, "ways": [20], "probes": 40},
        "intervals": "95 %",
        "training": {"seconds": 61.2, "cpu_seconds": 99.6},
        "runs": [
            {"run": f"run0{place}", "network": error, "modified_hausdorff": 0.4}
            for place, error in enumerate(errors, 1)
        ],
    }


def test_the_tables() -> None:
    document = merged([], trained("Omniglot small2", errors=(0.05, 0.25)))
    text = markdown(merged(document["trained"], trained("Omniglot small1")))
    lines = text.splitlines()
    assert lines[2] == "| likeness, Omniglot small1 alone, seed 0 | 20.0 | 10.0–30.0 | 100 | 61 |"
    assert lines[3].startswith("| likeness, Omniglot small2 alone, seed 0 | 15.0 |")
    assert "| modified Hausdorff distance | 40.0 | 30.0–50.0 | – | – |" in lines
    assert "| run01 | 10.0 | 5.0 | 40.0 |" in lines and lines[-1] == "| mean | 20.0 | 15.0 | 40.0 |"
    for entry in PUBLISHED:
        assert f"| {entry.title} | {entry.learned_from} | " in text and entry.source in text
    tables = [line for line in lines if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, 1),
        ({"recipe": {"seed": 1, "steps": 5}}, 2),
        ({"background": {"name": "Omniglot small2"}}, 2),
        ({"recipe": {"seed": 1, "steps": 6}}, 1),
        ({"versions": {"likeness": "2"}, "background": {"name": "other"}}, 1),
        ({"runs_digest": "def", "background": {"name": "other"}}, 1),
    ],
)
def test_what_is_kept_of_an_earlier_result(change: dict[str, Any], kept: int) -> None:
    found = merged([trained("Omniglot small1")], trained("Omniglot small1") | change)
    assert len(found["trained"]) == kept


def test_in_small(tmp_path: Path) -> None:
    settings = [
        "schedule.epochs=1",
        "schedule.steps=3",
        "encoder.width=2",
        "preparation.rows=16",
        "preparation.columns=16",
        "encoder.embedding_size=32",
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    words += ["--background", "drawn", "--out", str(tmp_path)]
    result = python("-m", "benchmarks.omniglot", *words, cwd=ROOT)
    document = json.loads((tmp_path / "results.json").read_text())
    assert document["trained"][0]["recipe"]["schedule"]["steps"] == 3
    assert (tmp_path / "results.md").read_text() in result.stdout
    assert "drawn characters, not Omniglot seed 0:" in result.stderr


def test_the_committed_result_is_that_of_the_recipe_and_holds_its_bar() -> None:
    from likeness.tasks.characters.drawings import CHARACTERS
    from likeness.training import TrainingRecipe

    folder = ROOT / "benchmarks" / "omniglot"
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert (folder / "results.md").read_text(encoding="utf-8") == markdown(document)
    assert document["published"] == [entry.as_dict() for entry in PUBLISHED]
    names = {entry["background"]["name"] for entry in document["trained"]}
    assert names == {"Omniglot small1", "Omniglot small2"}
    for entry in document["trained"]:
        assert TrainingRecipe.from_dict({**entry["recipe"], "seed": 0}) == CHARACTERS
        assert entry["figures"]["error"]["mean"] <= 0.2
        assert entry["training"]["cpu_seconds"] <= 1800
        assert round(100 * entry["baselines"]["modified_hausdorff"]["error"]["mean"], 1) == 38.8


@pytest.mark.slow
@pytest.mark.real
def test_a_third_of_the_budget_beats_strokes_and_the_published_convnet(
    real_data: str, tmp_path: Path
) -> None:
    """The bar itself takes minutes more; its figures stand in results.json."""
    if not (Path(real_data) / RUNS.names[0]).is_file():
        pytest.skip("needs Omniglot's zips in LIKENESS_DATA")
    from benchmarks.omniglot.__main__ import measure

    from likeness.tasks.characters import omniglot, omniglot_runs
    from likeness.tasks.characters.drawings import CHARACTERS

    steps = CHARACTERS.schedule.steps // 3
    recipe = CHARACTERS.replace(schedule={"steps": steps})
    background, runs = omniglot(path=real_data), omniglot_runs(path=real_data)
    assert measure(recipe, background, runs)["figures"]["error"]["mean"] < 0.25
