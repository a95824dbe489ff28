"""Estimators on disk: the same answers in a fresh process, and a mismatch is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fresh_process import python
from sklearn.exceptions import NotFittedError

from likeness import SiameseClassifier, SiameseEmbedder
from likeness.errors import ModelError, OutputError, SettingError

SETTINGS = {"steps": 3, "embedding_size": 4, "width": 4, "random_state": 0}

FRESH = """
import sys
import numpy as np
from likeness import SiameseClassifier
classifier = SiameseClassifier.load(sys.argv[1])
items = np.load(sys.argv[2])
np.savez(sys.argv[3], answers=classifier.predict(items), chances=classifier.predict_proba(items))
"""


@pytest.fixture(scope="module")
def fitted(rows: tuple[Any, Any]) -> SiameseClassifier:
    names = np.array(["ada", "bob", "cy", "dora"])[rows[1]]
    return SiameseClassifier(**SETTINGS, unknown_label="nobody").fit(rows[0], names)


@pytest.fixture
def saved(fitted: SiameseClassifier, tmp_path: Path) -> Path:
    return fitted.save(tmp_path / "names")


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "estimator.json"
    document = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in document.items() if value != ...}))


def test_a_fresh_process_answers_alike(
    fitted: SiameseClassifier, saved: Path, rows: tuple[Any, Any], tmp_path: Path
) -> None:
    np.save(tmp_path / "items.npy", rows[0])
    places = [str(saved), str(tmp_path / "items.npy"), str(tmp_path / "found.npz")]
    python("-c", FRESH, *places, cwd=tmp_path)
    with np.load(tmp_path / "found.npz") as found:
        assert found["answers"].tolist() == fitted.predict(rows[0]).tolist()
        np.testing.assert_array_equal(found["chances"], fitted.predict_proba(rows[0]))


def test_what_is_in_the_folder_is_data(saved: Path) -> None:
    names = sorted(path.name for path in saved.iterdir())
    assert names == ["encoder.keras", "estimator.json", "templates.npz"]
    with np.load(saved / "templates.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["codes", "counts", "points"]


def test_it_can_be_taught_further(
    fitted: SiameseClassifier, saved: Path, rows: tuple[Any, Any]
) -> None:
    classifier = SiameseClassifier.load(saved)
    assert classifier.get_params()["unknown_label"] == "nobody"
    assert classifier.preparation_ == fitted.preparation_
    classifier.partial_fit(rows[0][:1] + 1e3, ["eve"])
    assert classifier.classes_.tolist() == ["ada", "bob", "cy", "dora", "eve"]
    with pytest.raises(ValueError, match=r"5 features"):
        classifier.predict(rows[0][:, :4])


@pytest.mark.parametrize(
    "kinds", [np.arange(4) * 10, np.array([0.5, 1, 2, 3]) * 2, np.array(list("abcd"), object)]
)
def test_classes_keep_their_type(kinds: Any, rows: tuple[Any, Any], tmp_path: Path) -> None:
    fitted = SiameseClassifier(**SETTINGS).fit(rows[0], kinds[rows[1]])
    found = SiameseClassifier.load(fitted.save(tmp_path / "saved"))
    assert found.classes_.dtype == fitted.classes_.dtype
    assert found.classes_.tolist() == kinds.tolist()


def test_an_embedder_of_images(images: tuple[Any, Any], tmp_path: Path) -> None:
    fitted = SiameseEmbedder(**SETTINGS).fit(*images)
    found = SiameseEmbedder.load(fitted.save(tmp_path / "saved"))
    np.testing.assert_array_equal(found.transform(images[0]), fitted.transform(images[0]))
    assert found.preparation_ == fitted.preparation_
    assert found.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()


def test_nothing_that_is_there_is_overwritten_unasked(
    fitted: SiameseClassifier, saved: Path, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=r"already holds a model"):
        fitted.save(saved)
    fitted.save(saved, overwrite=True)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("ada")
    with pytest.raises(OutputError, match=r"one that holds other files"):
        fitted.save(tmp_path / "letters", overwrite=True)


def test_not_fitted(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        SiameseEmbedder().save(tmp_path / "nothing")


def test_a_setting_that_is_no_data(rows: tuple[Any, Any], tmp_path: Path) -> None:
    settings = SETTINGS | {"random_state": np.random.RandomState(0)}
    fitted = SiameseEmbedder(**settings).fit(*rows)
    with pytest.raises(SettingError, match=r"^settings and classes: expected JSON values to save"):
        fitted.save(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"temperature": 0.5}, r"do not belong together\. Expected the fingerprint "),
        ({"item_shape": [6]}, r"do not belong together\."),
        ({"format": "likeness.estimator/9"}, r"expected the format 'likeness\.estimator/1'\."),
        ({"class": "SiameseEmbedder"}, r"expected a SiameseClassifier\. .*'SiameseEmbedder'"),
        ({"classes": ...}, r"these entries are missing: classes\.$"),
        ({"preparation": {"kind": "x"}}, r"holds a damaged estimator: 'x'\."),
        ({"settings": {"depth": 3}}, r"holds a damaged estimator: .*'depth'"),
    ],
)
def test_a_document_that_was_changed(saved: Path, changes: Any, sentence: str) -> None:
    edit(saved, **changes)
    with pytest.raises(ModelError, match=sentence):
        SiameseClassifier.load(saved)


def test_parts_of_two_estimators(saved: Path, rows: tuple[Any, Any], tmp_path: Path) -> None:
    other = SiameseClassifier(**SETTINGS | {"random_state": 1}).fit(*rows)
    folder = other.save(tmp_path / "other")
    shutil.copy(folder / "encoder.keras", saved / "encoder.keras")
    with pytest.raises(ModelError, match=r"do not belong together\."):
        SiameseClassifier.load(saved)


def test_templates_that_would_run_code_are_refused(saved: Path) -> None:
    with np.load(saved / "templates.npz") as stored:
        arrays = dict(stored)
    np.savez(saved / "templates.npz", **arrays | {"codes": np.array([print], object)})
    with pytest.raises(ModelError, match=r"holds a damaged estimator: .*allow_pickle=False"):
        SiameseClassifier.load(saved)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected a folder with estimator\.json\."):
        SiameseClassifier.load(tmp_path / "nothing")
