"""One front door: the public names, listed once more. A change here is a change for users."""

import subprocess
import sys
from pathlib import Path

import pytest

import likeness
import likeness.errors

PUBLIC = [
    "Dataset",
    "LikenessError",
    "OnnxModel",
    "Preparation",
    "SiameseClassifier",
    "SiameseEmbedder",
    "SiameseModel",
    "SiameseNet",
    "TrainingRecipe",
    "__version__",
    "check_disjoint",
    "datasets",
    "encoders",
    "energies",
    "errors",
    "evaluation",
    "identity_folds",
    "load_model",
    "losses",
    "open_model",
    "sampling",
    "split_by_identity",
    "train",
]

ERRORS = {
    "DataError": "LikenessError",
    "DataNotFoundError": "DataError",
    "DigestError": "DataError",
    "ImageError": "DataError",
    "FaceError": "DataError",
    "NoFaceError": "FaceError",
    "SeveralFacesError": "FaceError",
    "FaceTooSmallError": "FaceError",
    "NoEyesError": "FaceError",
    "TooFewError": "DataError",
    "OverlapError": "DataError",
    "SettingError": "LikenessError",
    "TrainingFailedError": "LikenessError",
    "ModelError": "LikenessError",
    "NoThresholdError": "ModelError",
    "GalleryError": "LikenessError",
    "GalleryMismatchError": "GalleryError",
    "GalleryDamagedError": "GalleryError",
    "GalleryKeyError": "GalleryError",
    "UnknownPersonError": "GalleryError",
    "AlreadyEnrolledError": "GalleryError",
    "OutputError": "LikenessError",
    "MissingExtraError": "LikenessError",
}

WITHOUT_KERAS = """
import sys
sys.modules["keras"] = None  # as if it were not installed
import likeness
for name in {names}:
    try:
        getattr(likeness, name)
    except likeness.LikenessError as error:
        print(type(error).__name__, error)
"""


def test_the_list_is_frozen_and_sorted() -> None:
    assert likeness.__all__ == PUBLIC
    assert sorted(PUBLIC) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_there_and_is_listed(name: str) -> None:
    assert getattr(likeness, name) is not None
    assert name in dir(likeness)


def test_names_that_are_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module 'likeness' has no attribute 'Gallery'$"):
        likeness.Gallery  # noqa: B018


def test_the_version_is_a_version() -> None:
    assert [part.isdecimal() for part in likeness.__version__.split(".")][:2] == [True, True]


@pytest.mark.parametrize(("name", "parent"), ERRORS.items())
def test_the_tree_of_errors(name: str, parent: str) -> None:
    error = getattr(likeness.errors, name)
    assert error.__bases__[0].__name__ == parent
    assert name in (likeness.errors.__doc__ or "")
    assert error.__doc__


def test_the_tree_of_errors_is_whole() -> None:
    found = {
        name
        for name, value in vars(likeness.errors).items()
        if isinstance(value, type) and issubclass(value, likeness.LikenessError)
    }
    assert found == {"LikenessError", *ERRORS}


def test_settings_and_data_errors_are_value_errors_too() -> None:
    assert issubclass(likeness.errors.SettingError, ValueError)
    assert issubclass(likeness.errors.DataError, ValueError)
    assert issubclass(likeness.errors.MissingExtraError, ImportError)


def test_an_installed_extra_is_returned() -> None:
    assert likeness.errors.require_extra("json").loads("1") == 1


def test_a_missing_extra_keeps_the_real_error_as_its_cause() -> None:
    with pytest.raises(
        likeness.errors.MissingExtraError,
        match=r"needs the module 'no_such_thing', .*No module named .* "
        r'Install it with `pip install "siamese-likeness\[learn\]"`\.$',
    ) as missing:
        likeness.errors.require_extra("no_such_thing")
    assert isinstance(missing.value.__cause__, ImportError)


def test_without_keras_the_names_that_need_it_say_so_and_no_other_does(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_KERAS.format(names=PUBLIC)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    lines = result.stdout.splitlines()
    # SiameseNet, encoders, losses and train.
    assert len(lines) == 4
    for line in lines:
        assert line.startswith("MissingExtraError this needs the module 'keras'")
        assert line.endswith('`pip install "siamese-likeness[train]"`.')
