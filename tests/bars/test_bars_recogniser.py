"""On the real photos the command line answers what the evaluation says of the same model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness import datasets
from likeness.cli.app import app
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation import one_shot_each_item
from likeness.training import BATCHES, TrainingRecipe

pytestmark = [pytest.mark.slow, pytest.mark.real]

QUICK = BATCHES.replace(
    encoder={"kind": "convnet", "width": 8}, schedule={"epochs": 3, "steps": 15}
)
"""Equality is asked for, not quality: a network that knows something, and is often wrong."""


def tell(*words: str) -> dict[str, Any]:
    """Run a command in this process, and return its JSON."""
    app([*words, "--json", "told.json"], standalone_mode=False)
    told: dict[str, Any] = json.loads(Path("told.json").read_text())
    return told


def write_photos(data: Dataset, place: Path) -> list[Path]:
    """Write each photo to a sub-folder of its person; return the files in the data's order."""
    files = []
    for number, (person, photo) in enumerate(zip(data.identities, data.items, strict=True)):
        file = place / person / f"{number:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo[..., 0]).save(file)
        files.append(file)
    return files


def trained_on(training: Dataset, recipe: TrainingRecipe, place: Path) -> Any:
    """Train, save with the ONNX part that the commands run, and return the Keras model."""
    from likeness.training import train

    model = train(recipe, training)
    model.save(place)
    return model


def test_every_answer_is_the_evaluations(
    tmp_path: Path, real_data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten unseen people; each of their ten places is enrolled in turn, 90 photos are probes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    training, test = datasets.identity_folds(datasets.att(real_data), 4)[0]
    model = trained_on(training, QUICK, Path("model"))
    embeddings = model.embed(test.items)
    matrix = energy_matrix(model.energy, embeddings, embeddings)
    measured = one_shot_each_item(matrix, test.codes)
    files = write_photos(test, tmp_path / "photos")
    members = [np.flatnonzero(test.codes == code) for code in np.unique(test.codes)]
    right: list[bool] = []
    statuses: set[str] = set()
    for place in range(10):
        enrolled = np.array([items[place] for items in members])
        people = [test.identities[one] for one in enrolled]
        with Path("staff.csv").open("w", encoding="utf-8") as table:
            table.write("person,photo\n")
            table.writelines(
                f"{name},{files[one]}\n" for name, one in zip(people, enrolled, strict=True)
            )
        options = ("--gallery", f"staff-{place}.db", "--model", "model")
        assert tell("enrol", "staff.csv", *options)["added"] == 10
        probes = np.setdiff1d(np.arange(len(test)), enrolled)
        names = [str(files[probe]) for probe in probes]
        answers = tell("identify", *names, "--top-k", "10", *options)["answers"]
        assert [answer["photo"] for answer in answers] == names
        for probe, answer in zip(probes, answers, strict=True):
            energies = dict(
                zip(
                    [test.identities[one] for one in enrolled], matrix[probe, enrolled], strict=True
                )
            )
            ranked = sorted(energies, key=lambda name: energies[name])
            first, second = (energies[name] for name in ranked[:2])
            assert {one["name"]: one["energy"] for one in answer["nearest"]} == pytest.approx(
                energies, abs=1e-5
            )
            assert answer["nearest"][0]["name"] == ranked[0] or second - first < 1e-5
            clear = min(abs(first - model.threshold), abs(second - model.threshold)) > 1e-5
            within = sum(energy <= model.threshold for energy in (first, second))
            expected = ("unknown", "known", "ambiguous")[within]
            assert answer["status"] == expected or not clear
            assert answer["name"] == (ranked[0] if answer["status"] == "known" else None)
            right.append(answer["nearest"][0]["name"] == test.identities[probe])
            statuses.add(answer["status"])
    assert len(right) == 900
    assert measured.rate == pytest.approx(np.mean(right), abs=1e-9)
    assert measured.correct.tolist() == right
    assert 0.1 < measured.rate < 1
    assert {"unknown", "known"} <= statuses
    print(f"\n900 answers: rank-1 rate {measured.rate:.3f}, {sorted(statuses)}")
