"""The signatures benchmark: folds and pairs, the methods beside, a whole small run, tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.signatures import classical, protocols, to_ship
from benchmarks.signatures.__main__ import measure
from benchmarks.signatures.media import stroke_widths, table
from benchmarks.signatures.plot import draw
from benchmarks.signatures.table import best_baseline, markdown

from likeness.datasets import Dataset
from likeness.evaluation import PairRule
from likeness.model.folder import SavedModel
from likeness.model.opening import open_model
from likeness.tasks.signatures.dataset import drawn_signatures
from likeness.tasks.signatures.model import SIGNATURES
from likeness.training import TrainingRecipe

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "benchmarks" / "signatures" / "results.json"


@pytest.fixture(scope="module")
def signed() -> Dataset:
    return drawn_signatures(writers=18, names=2, media=2, size=96)


class TestProtocols:
    def test_no_writer_is_on_both_sides_and_everybody_is_tested_once(self, signed: Dataset) -> None:
        parts = protocols.writer_folds(signed)
        tested = [writer for _, test in parts for writer in test.distinct]
        assert sorted(tested) == sorted(signed.distinct)
        assert all(set(a.distinct).isdisjoint(b.distinct) for a, b in parts)

    def test_what_is_written_never_tells_genuine_from_impostor(self, signed: Dataset) -> None:
        names, media = (np.array(signed.facet(facet)) for facet in ("name", "medium"))
        rules = [protocols.RULES[protocols.OVERALL], protocols.RULES["two names, two media"]]
        for rule in [
            *rules,
            PairRule(different=("name",), between=(("medium", "paper", "paper"),)),
        ]:
            pairs = rule.pairs(signed)
            left, right = pairs.pairs.T
            for facet in (names, media):
                alike = facet[left] == facet[right]
                assert len(set(alike.tolist())) == 1  # of all pairs, genuine or not

    def test_every_medium_and_every_two_have_a_row(self) -> None:
        assert len(protocols.RULES) == 1 + 6 + 4 + 1


class TestMethods:
    @pytest.mark.parametrize("name", classical.METHODS)
    def test_the_same_picture_is_nearest_to_itself(self, name: str, signed: Dataset) -> None:
        method = classical.METHODS[name]
        described = method.describe(signed.items[:12])
        assert described.shape[0] == 12 and np.isfinite(described).all()
        again = method.describe(signed.items[3:4])
        np.testing.assert_allclose(again[0], described[3], atol=1e-6)
        made = method.fit(described)(described)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        assert ((made @ made.T).argmax(axis=1) == np.arange(12)).all()

    def test_where_it_is_on_the_paper_does_not_matter(self, signed: Dataset) -> None:
        moved = np.full((1, 150, 150, 1), 255, np.uint8)
        moved[:, 40:136, 10:106] = signed.items[:1]
        for name in ("pixels", "HOG", "LBP"):
            describe = classical.METHODS[name].describe
            np.testing.assert_allclose(describe(moved), describe(signed.items[:1]), atol=1e-6)

    def test_stroke_widths_are_those_of_the_pens(self, signed: Dataset) -> None:
        widths = stroke_widths(signed)[:, 0]
        on_paper = np.array(signed.facet("medium")) == "paper"
        assert np.median(widths[on_paper]) > 1.2 * np.median(widths[~on_paper])
        assert "tablet and paper: correlation" in table(signed)


@pytest.fixture(scope="module")
def found(signed: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Any:
    # Two media: the rows of the others have no pairs.
    kept = {
        protocols.OVERALL: protocols.RULES[protocols.OVERALL],
        "two names, two media": protocols.RULES["two names, two media"],
    }
    small = SIGNATURES.replace(
        encoder={"ensemble_size": 1, "width": 4, "embedding_size": 32},
        whitening={"directions": 8},
        preparation={"rows": 16, "columns": 32},
        augmentation={"geometry": 0.0},
        sampling={"identities": 4},
        schedule={"epochs": 1, "steps": 4, "held_out": 0.45},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.signatures.__main__.RULES", kept)
        models = tmp_path_factory.mktemp("models")
        first = measure(signed, small, folds=2, repetitions=10, models=models)
        return first, measure(signed, small, folds=2, repetitions=10, models=models)


@pytest.mark.slow
class TestAWholeRun:
    def test_every_method_has_the_headline_with_its_interval(self, found: Any) -> None:
        (document, headline), _ = found
        assert set(document["methods"]) == {"likeness", *classical.METHODS} == set(headline)
        for method in document["methods"].values():
            eer = method["rules"][protocols.OVERALL]["eer"]
            assert 0 <= eer["low"] <= eer["high"] <= 1 and 0 <= eer["mean"] <= 1
        assert document["methods"]["likeness"]["calibration"]["cllr"] > 0
        assert document["pairs"][protocols.OVERALL]["genuine"] == 18 * 2

    def test_trained_models_are_taken_again(self, found: Any) -> None:
        # On ONNX Runtime instead of Keras, so rounding differs.
        first, second = (one[0]["methods"]["likeness"] for one in found)
        assert first["cost"] == second["cost"]
        assert first["calibration"] == pytest.approx(second["calibration"], abs=1e-4)

    def test_tables_and_picture(self, found: Any, tmp_path: Path) -> None:
        (document, headline), _ = found
        text = markdown(document)
        assert "## One name, two media" in text and best_baseline(document) != "likeness"
        for method in document["methods"].values():
            assert f"| {method['title']} |" in text
        draw(document, headline, tmp_path / "det.png")
        assert (tmp_path / "det.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_model_to_be_shipped_decides_and_knows_its_licence(tmp_path: Path) -> None:
    signed = drawn_signatures(writers=64, names=2, media=2, size=48)
    small = to_ship.RECIPE.replace(
        encoder={"width": 4, "embedding_size": 32},
        whitening={"directions": 8},
        preparation={"rows": 16, "columns": 32},
        schedule={"epochs": 1, "steps": 4},
    )
    calibration = to_ship.make(signed, tmp_path / "m", recipe=small)
    model = open_model(tmp_path / "m")
    assert model.threshold == calibration.choice.threshold and model.calibration["purpose"]
    document = SavedModel.read(tmp_path / "m").to_json()
    assert document["about"] == to_ship.ABOUT
    learned = set(document["record"]["data"]["identities"])
    assert len(learned) == 64 - round(64 * to_ship.KEPT) and "onnx" in document["parts"]


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="not measured yet")
def test_the_published_tables_follow_from_the_published_figures() -> None:
    document = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert PUBLISHED.with_suffix(".md").read_text(encoding="utf-8") == markdown(document)
    assert document["data"]["identities"] == 93 and not document["data"]["drawn"]
    recipe = TrainingRecipe.from_dict(document["methods"]["likeness"]["recipe"])
    assert recipe == SIGNATURES
