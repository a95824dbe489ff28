"""`likeness enrol`: a name that cannot be is left out and said; everybody else is enrolled."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.datasets import Dataset
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.recogniser.gallery import open_gallery

from .conftest import ask, document

OF = ["--gallery", "staff.db", "--model", "model"]


@pytest.fixture
def here(
    tmp_path: Path,
    faces: Dataset,
    small_onnx: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with a model, and a photo each of ada, bob and eve."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    Path("small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("small.onnx"), Path("model"), preparation=preparation, licence="MIT")
    SavedModel.read("model").store_calibration(threshold=1000.0, calibration={})
    for code, name in enumerate(("ada", "bob", "eve")):
        photo = faces.items[np.flatnonzero(faces.codes == code)[0]][..., 0]
        Path("lab", name).mkdir(parents=True)
        Image.fromarray(photo).save(Path("lab", name, "1.png"))
    return tmp_path


def enrolled() -> list[str]:
    with open_gallery("staff.db") as gallery:
        return [person.name for person in gallery.everybody()]


UNFIT = {
    "bytes that are no UTF-8": b"b\xffb",
    "too many letters": b"x" * 201,
    "a control character": b"b\x07b",
    "blanks": b" \xc2\xa0 ",
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
@pytest.mark.parametrize("name", UNFIT.values(), ids=UNFIT)
def test_a_folder_with_an_unfit_name(here: Path, name: bytes) -> None:
    Path("lab", "bob").rename(Path("lab", os.fsdecode(name)))
    code, done = document("enrol", "lab", *OF)
    assert code == 0 and done["added"] == 2
    (refused,) = done["refused"]
    assert "name: expected 1 to 200 letters, no control characters" in refused
    assert enrolled() == ["ada", "eve"]


CSV = "person,photo,desk\r\nada,lab/ada/1.png,1\r\n{}\r\neve,lab/eve/1.png,3\r\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b",lab/bob/1.png,2", "expected a person and a photo. Fill both in."),
        (b"  ,lab/bob/1.png,2", "expected a person and a photo. Fill both in."),
        (b"bob,,2", "expected a person and a photo. Fill both in."),
        (b"bob", "expected a person and a photo. Fill both in."),
        (b"b\xffb,lab/bob/1.png,2", "expected UTF-8. Received: other bytes."),
        (b"bob,lab/bob/1.png,\xe9", "expected UTF-8. Received: other bytes."),
        (b"x" * 201 + b",lab/bob/1.png,2", "name: expected 1 to 200 letters"),
        (b"b\x07b,lab/bob/1.png,2", "name: expected 1 to 200 letters"),
        (b"bob,lab/bob/1.png,2,Oslo, Norway", "expected a cell for each column."),
        (b"bob,lab/b\0ob.png,2", "photo: expected the path of a file."),
    ],
)
def test_a_line_that_cannot_be_used_is_named(here: Path, line: bytes, said: str) -> None:
    head, _, tail = CSV.encode().partition(b"{}")
    Path("staff.csv").write_bytes(head + line + tail)
    code, done = document("enrol", "staff.csv", *OF)
    assert code == 0 and done["added"] == 2 and enrolled() == ["ada", "eve"]
    (refused,) = done["refused"]
    assert refused.startswith("staff.csv, line 3: ") and said in refused


def test_the_summary_counts_them(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("staff.csv").write_text(CSV.format(",lab/bob/1.png,2\n" + "y" * 300 + ",lab/bob/1.png,2"))
    assert ask("enrol", "staff.csv", *OF) == 0
    said = capsys.readouterr()
    assert "Enrolled 2 photos of 2 people in staff.db; 0 already enrolled, 2 left out." in said.out
    assert "left out: staff.csv, line 3" in said.err and "left out: staff.csv, line 4" in said.err


def test_names_are_checked_before_anything_is_made(here: Path) -> None:
    Path("staff.csv").write_text("person,photo\n,lab/ada/1.png\n" + "y" * 300 + ",lab/eve/1.png\n")
    for words in (["staff.csv"], ["lab/ada", "--name", "z" * 201], ["lab/ada", "--name", " "]):
        assert ask("enrol", *words, *OF) == 2
        assert not Path("staff.db").exists()


def test_a_decomposed_name_is_the_person_that_is_enrolled(here: Path) -> None:
    Path("lab", "bob").rename(Path("lab", "Zoe\u0308"))
    assert document("enrol", "lab", *OF)[1]["added"] == 3
    code, again = document("enrol", "lab", *OF)
    assert code == 0 and again["already"] == 3 and again["refused"] == []
    assert "Zo\u00eb" in enrolled()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_a_photo_whose_own_name_is_no_utf_8_is_enrolled(here: Path) -> None:
    Path("lab", "bob", "1.png").rename(Path("lab", "bob", os.fsdecode(b"1\xff.png")))
    code, done = document("enrol", "lab", *OF)
    assert code == 0 and done["added"] == 3 and enrolled() == ["ada", "bob", "eve"]
