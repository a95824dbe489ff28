"""scikit-learn's own checks of an estimator, and its tools at work on ours."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from likeness import SiameseClassifier, SiameseEmbedder

QUICK = {"steps": 1, "embedding_size": 8, "width": 8}
"""The checks fit a hundred times: as little as can be, but a fit."""

SKIPPED = {
    "check_array_api_input": "arrays of other libraries are for SCIPY_ARRAY_API=1 only",
    "check_classifier_data_not_an_array": "pandas is not a dependency, and may be missing",
}
"""The checks that scikit-learn itself may leave out here, and why. None is expected to fail."""


def checks(estimator: Any) -> list[Any]:
    """Every check of scikit-learn for an estimator, as a parameter of a test."""
    found = estimator_checks_generator(estimator, expected_failed_checks={})
    return [
        pytest.param(made, check, id=f"{type(made).__name__}-{check.func.__name__}-{number}")
        for number, (made, check) in enumerate(found)
    ]


@pytest.mark.filterwarnings(f"ignore::{SkipTestWarning.__module__}.{SkipTestWarning.__name__}")
@pytest.mark.filterwarnings("ignore:No class has two items")
@pytest.mark.parametrize(
    ("estimator", "check"),
    [*checks(SiameseEmbedder(**QUICK)), *checks(SiameseClassifier(**QUICK))],
)
def test_scikit_learn_agrees(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except pytest.skip.Exception:
        raise
    except Exception as error:
        if type(error).__name__ != "SkipTest":
            raise
        assert check.func.__name__ in SKIPPED, error
        pytest.skip(SKIPPED[check.func.__name__])


class TestTools:
    def test_clone_takes_the_settings_and_not_what_was_learned(
        self, quick: dict[str, Any], rows: tuple[Any, Any]
    ) -> None:
        fitted = SiameseClassifier(**quick, templates="all").fit(*rows)
        copy = clone(fitted)
        assert copy.get_params() == fitted.get_params()
        assert not hasattr(copy, "encoder_")

    def test_a_pipeline_on_rows(self, quick: dict[str, Any], rows: tuple[Any, Any]) -> None:
        pipeline = make_pipeline(StandardScaler(), SiameseClassifier(**quick))
        assert pipeline.fit(*rows).score(*rows) > 0.9

    def test_an_embedder_before_another_classifier(
        self, quick: dict[str, Any], rows: tuple[Any, Any]
    ) -> None:
        pipeline = Pipeline(
            [("embed", SiameseEmbedder(**quick)), ("nearest", KNeighborsClassifier(1))]
        )
        assert cross_val_score(pipeline, *rows, cv=2).mean() > 0.9

    def test_embeddings_beside_other_features(
        self, quick: dict[str, Any], rows: tuple[Any, Any]
    ) -> None:
        union = FeatureUnion([("plain", StandardScaler()), ("near", SiameseEmbedder(**quick))])
        assert union.fit_transform(*rows).shape == (60, 5 + 4)
        names = union.get_feature_names_out().tolist()
        assert names[:1] + names[-1:] == ["plain__x0", "near__siameseembedder3"]

    @pytest.mark.slow  # each process loads Keras
    def test_cross_validation_on_images_in_parallel(
        self, quick: dict[str, Any], images: tuple[Any, Any]
    ) -> None:
        classifier = SiameseClassifier(**quick, encoder="dense")
        found = cross_val_predict(classifier, *images, cv=2, n_jobs=2, method="predict_proba")
        assert found.shape == (30, 3)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)

    def test_a_search_for_settings(self, quick: dict[str, Any], rows: tuple[Any, Any]) -> None:
        grid = {"templates": ["mean", "all"], "loss": ["contrastive", "triplet"]}
        search = GridSearchCV(SiameseClassifier(**quick), grid, cv=2, error_score="raise")
        assert set(search.fit(*rows).best_params_) == {"templates", "loss"}
        assert len(search.cv_results_["params"]) == 4

    def test_a_wrong_setting_in_a_search_is_told(
        self, quick: dict[str, Any], rows: tuple[Any, Any]
    ) -> None:
        search = GridSearchCV(
            SiameseClassifier(**quick), {"loss": ["hinge"]}, cv=2, error_score="raise"
        )
        with pytest.raises(ValueError, match=r"^loss: expected one of contrastive, .*'hinge'\.$"):
            search.fit(*rows)
