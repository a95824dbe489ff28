"""Runs of one-shot classification: a network trained beside its baselines, and no leaks."""

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from likeness.arrays import Embeddings, Images
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import OverlapError, TooFewError
from likeness.tasks.characters.commands import _print_one_shot_runs
from likeness.tasks.characters.drawings import CHARACTERS, drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot_experiment import (
    BASELINES,
    OneShotResult,
    train_for_runs,
)

hausdorff_energies = BASELINES["modified_hausdorff"]

RUNS = drawn_runs(runs=3, ways=5, size=40)
QUICK = CHARACTERS.replace(
    schedule={"epochs": 2, "steps": 6},
    encoder={"width": 4, "embedding_size": 36},
    preparation={"rows": 20, "columns": 20},
)


@dataclass(frozen=True)
class Corner:
    """Compares by one pixel block; it has learned from whatever its record says."""

    record: dict[str, Any] = field(default_factory=dict)
    energy: str = "euclidean"
    threshold: float | None = None
    fingerprint: str = "corner"

    def embed(self, images: Images) -> Embeddings:
        return (images[:, 10:30:4, 10:30:4, 0] / 255).reshape(len(images), -1).astype(np.float32)

    def energies(self, left: Images, right: Images) -> Any:
        return energy_matrix(self.energy, self.embed(left), self.embed(right))


class TestAModel:
    def test_errors_of_every_run_and_their_mean(self) -> None:
        document = OneShotResult.of(Corner(), RUNS).to_json()  # type: ignore[arg-type]
        model = Corner()
        errors = [run.error(model.energies(run.probes, run.gallery)) for run in RUNS]
        assert [run["network"] for run in document["runs"]] == errors
        assert document["figures"]["error"]["mean"] == pytest.approx(np.mean(errors))
        by_strokes = [run.error(hausdorff_energies(run.probes, run.gallery)) for run in RUNS]
        strokes = document["baselines"]["modified_hausdorff"]["error"]["mean"]
        assert strokes == pytest.approx(np.mean(by_strokes))
        assert document["counts"] == {"runs": 3, "ways": [5], "probes": 15}
        assert "over runs" in document["intervals"] and document["model"] == "corner"

    def test_images_it_was_trained_on_are_refused(self) -> None:
        gallery, probes = (
            Dataset(images, list("abcde")).item_digests
            for images in (RUNS[0].gallery, RUNS[0].probes)
        )
        digests = [gallery[0][:16], probes[2][:16]]
        model = Corner(record={"data": {"item_digests": digests}})
        with pytest.raises(
            OverlapError, match=r"2 of the 30 images .* trained on: 'drawn1/gallery/0', 'drawn1/pr"
        ):
            OneShotResult.of(model, RUNS)  # type: ignore[arg-type]

    def test_no_run(self) -> None:
        with pytest.raises(TooFewError, match="runs: expected at least one"):
            OneShotResult.of(Corner(), ())  # type: ignore[arg-type]


def test_a_background_set_that_holds_a_run_is_refused() -> None:
    probes = RUNS[0].probes
    background = Dataset(np.concatenate([probes, probes[:, ::-1]]), [*"abcde", *"abcde"])
    with pytest.raises(OverlapError, match="in both the background set and the runs"):
        train_for_runs(QUICK, background, RUNS)


@pytest.fixture(scope="module")
def trained() -> Any:
    background = drawn_characters(alphabets=4, characters_each=10, drawers=4, size=40)
    steps: list[int] = []
    found = train_for_runs(QUICK, background, RUNS, on_progress=lambda s: steps.append(s.step))
    return *found, steps


class TestTraining:
    def test_the_document_tells_how(self, trained: Any) -> None:
        model, result, steps = trained
        document = result.to_json()
        assert steps == list(range(1, 13))
        assert document["model"] == model.fingerprint
        assert document["recipe"] == QUICK.as_dict()
        assert document["background"]["identities"] == 40 and document["drawn"]
        assert document["training"]["cpu_seconds"] > 0 and document["training"]["seconds"] > 0
        assert document["threshold"] == model.threshold is not None

    def test_the_model_is_an_ordinary_one(self, trained: Any, tmp_path: Any) -> None:
        from likeness import load_model, open_model

        model, result, _ = trained
        folder = model.save(tmp_path / "model")
        images = RUNS[0].probes
        for opened in (load_model(folder), open_model(folder)):
            assert opened.preparation == model.preparation
            np.testing.assert_allclose(opened.embed(images), model.embed(images), atol=2e-5)
            again = OneShotResult.of(opened, RUNS)
            assert again.mean_errors["network"].mean == pytest.approx(
                result.mean_errors["network"].mean, abs=0.08
            )

    def test_the_table_for_people(self, trained: Any) -> None:
        _, result, _ = trained
        console = Console(width=90, record=True, file=io.StringIO())
        _print_one_shot_runs(console, result)
        said = console.export_text()
        assert "drawn characters, not Omniglot · 5-way one-shot classification" in said
        assert "modified Hausdorff distance" in said and "nearest pixels" in said
        assert "15 probes in 3 runs; by chance 80.0 % are wrong" in said
        assert "(40 identities) alone in" in said
        worst = max(result.errors["network"])
        assert f"{100 * worst:.1f} %" in said

    def test_a_model_trained_elsewhere_has_no_mark(self) -> None:
        result = OneShotResult.of(Corner(), RUNS)  # type: ignore[arg-type]
        console = Console(width=90, record=True, file=io.StringIO())
        _print_one_shot_runs(console, result)
        assert console.export_text().strip().startswith("5-way one-shot classification")
