"""Enrol, identify, verify, forget … as a person types it, in folders of drawn faces."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.cli._app import app
from likeness.datasets import Dataset
from likeness.errors import GalleryMismatchError
from likeness.images.fixed_preparation import FixedPreparation
from likeness.model import store_calibration
from likeness.recogniser.gallery import open_gallery
from likeness.runtime.imported import import_model

from .conftest import ask, document, run

OF = ["--gallery", "staff.db"]
WITH = [*OF, "--model", "model"]


@pytest.fixture
def here(
    tmp_path: Path,
    faces: Dataset,
    small_onnx: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with a model, photos to enrol (one each) and probes (another one each)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    Path("small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("small.onnx"), Path("model"), preparation=preparation, licence="MIT")
    store_calibration("model", threshold=1000.0, calibration={})
    for code in range(faces.codes.max() + 1):
        at = np.flatnonzero(faces.codes == code)
        for folder, one in (("enrol", at[0]), ("probes", at[1])):
            person = Path(folder, f"person-{code}")
            person.mkdir(parents=True)
            Image.fromarray(faces.items[one][..., 0]).save(person / "photo.png")
    return tmp_path


def test_enrol_a_folder_again_and_with_a_broken_photo(here: Path) -> None:
    code, done = document("enrol", "enrol", *WITH)
    assert (code, done["added"], done["refused"]) == (0, 8, [])
    assert any("looks alike" in words for words in done["warnings"])  # a threshold without sense
    Path("enrol/person-0/broken.png").write_bytes(b"no photo")
    code, done = document("enrol", "enrol", *WITH)
    assert (code, done["added"], done["already"]) == (0, 0, 8)
    assert "broken.png" in done["refused"][0]


def test_enrol_nothing_usable_is_two(here: Path) -> None:
    Path("bad.png").write_bytes(b"no photo")
    assert ask("enrol", "bad.png", "--name", "Ada", *WITH) == 2
    assert ask("enrol", "enrol/person-0/photo.png", "--name", "Ada", *WITH) == 0
    assert ask("enrol", "enrol/person-0/photo.png", "--name", "Mallory", *WITH) == 2


def test_no_gallery_is_made_for_nothing(here: Path) -> None:
    Path("bad.png").write_text("words")
    result = run("enrol", "bad.png", "--name", "Ada", *WITH, cwd=here)
    assert result.returncode == 2
    assert "None of 1 photos can be used. The first: expected a JPEG" in result.stderr
    assert not list(here.glob("staff.db*"))


def test_enrol_a_csv_with_metadata(here: Path) -> None:
    Path("staff.csv").write_text(
        "person,photo,room\nAda,enrol/person-0/photo.png,7\nBob,enrol/person-1/photo.png,9\n"
    )
    code, done = document("enrol", "staff.csv", *WITH)
    assert (code, done["people"]) == (0, ["Ada", "Bob"])
    assert document("people", "show", "Ada", *OF)[1]["metadata"] == {"room": "7"}
    code, listed = document("people", "list", *OF)
    assert [one["name"] for one in listed["people"]] == ["Ada", "Bob"]


@pytest.mark.parametrize("text", ["person\nAda\n", "person,photo\nAda,\n", "person,photo\n"])
def test_a_csv_that_does_not_fit(here: Path, text: str) -> None:
    Path("staff.csv").write_text(text)
    assert ask("enrol", "staff.csv", *WITH) == 2
    assert not Path("staff.db").exists()


def test_identify_and_verify_by_their_exit_codes(here: Path) -> None:
    store_calibration("model", threshold=1e-4, calibration={})
    assert ask("enrol", "enrol", *WITH) == 0
    known = run("identify", "enrol/person-3/photo.png", *WITH, cwd=here)
    assert known.returncode == 0, known.stderr
    assert known.stdout.startswith("person-3\nperson-3 is nearest")
    code, found = document(
        "identify", "enrol/person-3/photo.png", "probes/person-3/photo.png", "--top-k", "2", *WITH
    )
    assert code == 1
    assert [one["status"] for one in found["answers"]] == ["known", "unknown"]
    assert len(found["answers"][0]["nearest"]) == 2
    assert ask("verify", "person-3", "enrol/person-3/photo.png", *WITH) == 0
    assert ask("verify", "person-4", "enrol/person-3/photo.png", *WITH) == 1
    assert ask("verify", "Mallory", "enrol/person-3/photo.png", *WITH) == 2
    code, found = document("identify", "nothing.png", "enrol/person-3/photo.png", *WITH)
    assert (code, len(found["answers"]), len(found["refused"])) == (2, 1, 1)


def test_a_model_without_threshold_and_a_gallery_of_another_model(
    here: Path, small_onnx: Callable[..., bytes]
) -> None:
    ask("enrol", "enrol", *WITH)
    Path("other.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16, seed=1))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("other.onnx"), Path("other"), preparation=preparation, licence="MIT")
    probe = "probes/person-0/photo.png"
    with pytest.raises(GalleryMismatchError, match="likeness re-enrol"):
        app(["identify", probe, *OF, "--model", "other"], standalone_mode=False)
    assert ask("enrol", "enrol", "--gallery", "new.db", "--model", "other") == 0
    result = run("identify", probe, "--gallery", "new.db", "--model", "other", cwd=here)
    assert result.returncode == 2
    assert "this model has no threshold" in result.stderr
    assert "Traceback" not in result.stderr


def test_re_enrol_needs_the_photos(here: Path, small_onnx: Callable[..., bytes]) -> None:
    ask("enrol", "enrol", *WITH, "--keep-photos")
    Path("other.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=12, seed=1))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("other.onnx"), Path("other"), preparation=preparation, licence="MIT")
    store_calibration("other", threshold=1e-4, calibration={})
    code, done = document("re-enrol", *OF, "--model", "other")
    assert (code, done["templates"]) == (0, 8)
    assert ask("verify", "person-1", "enrol/person-1/photo.png", *OF, "--model", "other") == 0


def test_approve_and_undo(here: Path) -> None:
    ask("enrol", "enrol", *WITH)
    code, done = document("approve", "person-2", "probes/person-2/photo.png", *WITH)
    assert code == 0
    (number,) = done["added"]
    assert ask("undo", "1", *OF) == 2  # it was enrolled, not approved
    assert ask("undo", str(number), *OF) == 0


def test_rename_merge_export_import(here: Path) -> None:
    ask("enrol", "enrol", *WITH)
    assert ask("people", "rename", "person-0", "Ada", *OF) == 0
    assert ask("people", "merge", "person-1", "Ada", *OF) == 0
    assert len(document("people", "show", "Ada", *OF)[1]["templates"]) == 2
    code, done = document("people", "export", "people.jsonl", *OF)
    assert (code, done["people"]) == (0, 7)
    assert ask("people", "export", "people.jsonl", *OF) == 2
    ask("forget", "Ada", *OF)
    code, done = document("people", "import", "people.jsonl", *OF)
    assert (code, done["new_people"], done["added"], done["already"]) == (0, 1, 2, 6)
    assert ask("people", "import", "nothing.jsonl", *OF) == 2


def test_after_forget_nothing_is_in_any_file(here: Path) -> None:
    photo = Path("enrol/person-0/photo.png").read_bytes()
    name = "Ada Lovelace of Ockham"
    ask("enrol", "enrol", *WITH)
    ask("forget", "person-0", *OF)
    assert ask("enrol", "enrol/person-0", "--name", name, "--keep-photos", *WITH) == 0
    with open_gallery("staff.db") as gallery:
        (template,) = gallery.templates(name, vectors=True)
    assert template.vector is not None
    digest = hashlib.sha256(photo)
    traces = [
        name.encode(),
        template.vector.astype("<f4").tobytes(),
        photo,
        digest.digest(),
        digest.hexdigest().encode(),
    ]

    def found() -> list[bool]:
        files = [path.read_bytes() for path in here.glob("staff.db*")]
        return [any(trace in data for data in files) for trace in traces]

    assert found()[:2] == [True, True]
    assert ask("forget", name, *OF, "--receipt", "receipt.json") == 0
    assert found() == [False] * 5
    receipt = json.loads(Path("receipt.json").read_text())
    assert receipt["name"] == name
    assert receipt["verified_absent"]
    assert ask("forget", name, *OF) == 2
    assert ask("forget", *OF) == 2


def test_identify_starts_without_what_learning_needs(here: Path) -> None:
    ask("enrol", "enrol", *WITH)
    code = (
        "import sys\nfrom likeness.cli._app import app\n"
        f"words = {['identify', 'probes/person-0/photo.png', *WITH]!r}\n"
        "try:\n    app(words)\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib', 'cv2', 'onnx')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here
    )
    assert "nearest" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"
