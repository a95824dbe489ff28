"""Enrol, identify, verify, forget … as a person types it, in folders of drawn faces."""

import hashlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from likeness.cli.app import app
from likeness.datasets import Dataset
from likeness.errors import GalleryError, GalleryMismatchError, NoFaceError
from likeness.images.decode import decode
from likeness.images.faces import HaarFaceFinder
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.recogniser.gallery import GalleryKey, open_gallery
from likeness.recogniser.photo_reader import PhotoReader

from .conftest import ask, document, refused, run


def png_of(pixels: NDArray[Any]) -> bytes:
    """The bytes of a grey photo."""
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


CUT = ["--faces", "haar", "--cut-faces"]


@dataclass(frozen=True)
class Here:
    """A folder, and a gallery in one of the stores.

    Args:
        folder: with a model, photos to enrol and probes.
        where: the gallery's path or address.
    """

    folder: Path
    where: str = "staff.db"

    @property
    def of(self) -> list[str]:
        return ["--gallery", self.where]

    @property
    def model(self) -> list[str]:
        return [*self.of, "--model", "model"]


@pytest.fixture
def folder(
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
    SavedModel.read("model").store_calibration(threshold=1000.0, calibration={})
    for code in range(faces.codes.max() + 1):
        at = np.flatnonzero(faces.codes == code)
        for folder, one in (("enrol", at[0]), ("probes", at[1])):
            person = Path(folder, f"person-{code}")
            person.mkdir(parents=True)
            Image.fromarray(faces.items[one][..., 0]).save(person / "photo.png")
    return tmp_path


@pytest.fixture
def plain(folder: Path) -> Here:
    """A gallery in a file, as it is without asking for anything."""
    return Here(folder)


@pytest.fixture
def encrypted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A gallery in a file, encrypted with the key in the environment."""
    GalleryKey.generate().write(folder / "key")
    monkeypatch.setenv("LIKENESS_GALLERY_KEY", Path("key").read_text().strip())
    return Here(folder)


@pytest.fixture(params=["plain", "encrypted", "postgresql"])
def here(request: pytest.FixtureRequest, folder: Path) -> Here:
    """A gallery in each store."""
    if request.param == "postgresql":
        return Here(folder, request.getfixturevalue("server").schema())
    made: Here = request.getfixturevalue(request.param)
    return made


def test_enrol_a_folder_again_and_with_a_broken_photo(here: Here) -> None:
    code, done = document("enrol", "enrol", *here.model)
    assert (code, done["added"], done["refused"]) == (0, 8, [])
    assert any("looks similar" in words for words in done["warnings"])  # a threshold without sense
    Path("enrol/person-0/broken.png").write_bytes(b"no photo")
    code, done = document("enrol", "enrol", *here.model)
    assert (code, done["added"], done["already"]) == (0, 0, 8)
    assert "broken.png" in done["refused"][0]


def test_enrol_nothing_usable_is_two(here: Here) -> None:
    Path("bad.png").write_bytes(b"no photo")
    assert ask("enrol", "bad.png", "--name", "Ada", *here.model) == 2
    assert ask("enrol", "enrol/person-0/photo.png", "--name", "Ada", *here.model) == 0
    assert ask("enrol", "enrol/person-0/photo.png", "--name", "Mallory", *here.model) == 2


def test_no_gallery_is_made_for_nothing(plain: Here) -> None:
    Path("bad.png").write_text("words")
    result = run("enrol", "bad.png", "--name", "Ada", *plain.model, cwd=plain.folder)
    assert result.returncode == 2
    assert "None of 1 photos can be used. The first: expected a JPEG" in result.stderr
    assert not list(plain.folder.glob("staff.db*"))


def test_enrol_a_csv_with_metadata(here: Here) -> None:
    Path("staff.csv").write_text(
        "person,photo,room\nAda,enrol/person-0/photo.png,7\nBob,enrol/person-1/photo.png,9\n"
    )
    code, done = document("enrol", "staff.csv", *here.model)
    assert (code, done["people"]) == (0, ["Ada", "Bob"])
    assert document("people", "show", "Ada", *here.of)[1]["metadata"] == {"room": "7"}
    code, listed = document("people", "list", *here.of)
    assert [one["name"] for one in listed["people"]] == ["Ada", "Bob"]


@pytest.mark.parametrize("text", ["person\nAda\n", "person,photo\nAda,\n", "person,photo\n"])
def test_a_csv_that_does_not_fit(plain: Here, text: str) -> None:
    Path("staff.csv").write_text(text)
    assert ask("enrol", "staff.csv", *plain.model) == 2
    assert not Path("staff.db").exists()


def test_identify_and_verify_by_their_exit_codes(here: Here) -> None:
    SavedModel.read("model").store_calibration(threshold=1e-4, calibration={})
    assert ask("enrol", "enrol", *here.model) == 0
    known = run("identify", "enrol/person-3/photo.png", *here.model, cwd=here.folder)
    assert known.returncode == 0, known.stderr
    assert known.stdout.startswith("person-3\nperson-3 is nearest")
    code, found = document(
        "identify",
        "enrol/person-3/photo.png",
        "probes/person-3/photo.png",
        "--top-k",
        "2",
        *here.model,
    )
    assert code == 1
    assert [one["status"] for one in found["answers"]] == ["known", "unknown"]
    assert len(found["answers"][0]["nearest"]) == 2
    assert ask("verify", "person-3", "enrol/person-3/photo.png", *here.model) == 0
    assert ask("verify", "person-4", "enrol/person-3/photo.png", *here.model) == 1
    assert ask("verify", "Mallory", "enrol/person-3/photo.png", *here.model) == 2
    code, found = document("identify", "nothing.png", "enrol/person-3/photo.png", *here.model)
    assert (code, len(found["answers"]), len(found["refused"])) == (2, 1, 1)


def test_a_model_without_threshold_and_a_gallery_of_another_model(
    here: Here, small_onnx: Callable[..., bytes]
) -> None:
    ask("enrol", "enrol", *here.model)
    Path("other.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16, seed=1))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("other.onnx"), Path("other"), preparation=preparation, licence="MIT")
    probe = "probes/person-0/photo.png"
    with pytest.raises(GalleryMismatchError, match="likeness re-enrol"):
        app(["identify", probe, *here.of, "--model", "other"], standalone_mode=False)
    assert ask("enrol", "enrol", "--gallery", "new.db", "--model", "other") == 0
    result = run("identify", probe, "--gallery", "new.db", "--model", "other", cwd=here.folder)
    assert result.returncode == 2
    assert "this model has no threshold" in result.stderr
    assert "Traceback" not in result.stderr


def test_re_enrol_needs_the_photos(here: Here, small_onnx: Callable[..., bytes]) -> None:
    ask("enrol", "enrol", *here.model, "--keep-photos")
    Path("other.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=12, seed=1))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(Path("other.onnx"), Path("other"), preparation=preparation, licence="MIT")
    SavedModel.read("other").store_calibration(threshold=1e-4, calibration={})
    code, done = document("re-enrol", *here.of, "--model", "other")
    assert (code, done["templates"]) == (0, 8)
    assert ask("verify", "person-1", "enrol/person-1/photo.png", *here.of, "--model", "other") == 0


def test_approve_and_undo(here: Here) -> None:
    ask("enrol", "enrol", *here.model)
    code, done = document("approve", "person-2", "probes/person-2/photo.png", *here.model)
    assert code == 0
    (number,) = done["added"]
    assert ask("undo", "1", *here.of) == 2  # it was enrolled, not approved
    assert ask("undo", str(number), *here.of) == 0


def test_rename_merge_export_import(here: Here) -> None:
    ask("enrol", "enrol", *here.model)
    assert ask("people", "rename", "person-0", "Ada", *here.of) == 0
    assert ask("people", "merge", "person-1", "Ada", *here.of) == 0
    assert len(document("people", "show", "Ada", *here.of)[1]["templates"]) == 2
    code, done = document("people", "export", "people.jsonl", *here.of)
    assert done["format"] == "likeness.export/1"
    assert (code, done["people"]) == (0, 7)
    assert ask("people", "export", "people.jsonl", *here.of) == 2
    ask("forget", "Ada", *here.of)
    code, done = document("people", "import", "people.jsonl", *here.of)
    assert (code, done["new_people"], done["added"], done["already"]) == (0, 1, 2, 6)
    assert ask("people", "import", "nothing.jsonl", *here.of) == 2


@pytest.mark.parametrize("store", ["plain", "encrypted"])
def test_after_forget_nothing_is_in_any_file(store: str, request: pytest.FixtureRequest) -> None:
    """Name, digest, embedding and photo are there before, as far as they are not sealed."""
    here: Here = request.getfixturevalue(store)
    photo = Path("enrol/person-0/photo.png").read_bytes()
    digest = hashlib.sha256(photo)
    name = "Ada Lovelace of Ockham"
    ask("enrol", "enrol", *here.model, "--keep-photos")
    ask("forget", "person-0", *here.of)
    assert ask("enrol", "enrol/person-0", "--name", name, "--keep-photos", *here.model) == 0
    with open_gallery(here.where, key=GalleryKey.read(None)) as gallery:
        (template,) = gallery.templates(name, vectors=True)
    assert template.photo_kept
    assert template.vector is not None
    traces = {
        "name": [name.encode()],
        "digest": [digest.hexdigest().encode()],
        "raw digest": [digest.digest()],
        "vector": [template.vector.astype("<f4").tobytes()],
        # A database cuts what is longer than a page.
        "photo": [photo[start : start + 64] for start in range(0, len(photo) - 64, 256)],
    }

    def found() -> set[str]:
        own = {"out.json", "receipt.json", "small.onnx", "key"}
        files = [path for path in here.folder.iterdir() if path.is_file() and path.name not in own]
        assert here.folder / "staff.db" in files
        held = [path.read_bytes() for path in files]
        return {
            kind
            for kind, pieces in traces.items()
            if any(piece in data for piece in pieces for data in held)
        }

    plain = {"name", "digest", "vector", "photo"}
    assert found() == (plain if store == "plain" else {"name", "digest"})
    assert ask("forget", name, *here.of, "--receipt", "receipt.json") == 0
    assert found() == set()
    receipt = json.loads(Path("receipt.json").read_text())
    assert receipt["name"] == name
    assert receipt["verified_absent"]
    assert ask("forget", name, *here.of) == 2
    assert ask("forget", *here.of) == 2
    assert ask("gallery", "check", here.where) == 0


def test_identify_starts_without_what_learning_needs(plain: Here) -> None:
    ask("enrol", "enrol", *plain.model)
    code = (
        "import sys\nfrom likeness.cli.app import app\n"
        f"words = {['identify', 'probes/person-0/photo.png', *plain.model]!r}\n"
        "try:\n    app(words)\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib', 'cv2', 'onnx')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=plain.folder
    )
    assert "nearest" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


def test_every_verb_prints_one_document(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json -`` standard output is one JSON document of a format, in every store."""
    SavedModel.read("model").store_calibration(threshold=1e-4, calibration={})

    def told(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert ask(*words, "--json", "-") == code, capsys.readouterr().err
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    first, probe = "enrol/person-1/photo.png", "probes/person-2/photo.png"
    formats = [
        told("enrol", "enrol", *here.model, "--keep-photos"),
        told("identify", first, *here.model),
        told("identify", first, probe, *here.model, code=1),
        told("verify", "person-1", first, *here.model),
        told("verify", "person-1", probe, *here.model, code=1),
        approved := told("approve", "person-2", probe, *here.model, "--keep-photo"),
        told("undo", str(approved["added"][0]), *here.of),
        told("people", "list", *here.of),
        told("people", "show", "person-3", *here.of),
        told("people", "rename", "person-3", "Ada", *here.of),
        told("people", "merge", "person-4", "Ada", *here.of),
        told("people", "export", "people.jsonl", *here.of),
        told("forget", "Ada", *here.of),
        told("people", "import", "people.jsonl", *here.of),
        told("re-enrol", *here.model),
        told("gallery", "check", here.where),
        copied := told("gallery", "copy", here.where, "copy.db"),
        told("gallery", "check", "copy.db"),
    ]
    assert (copied["people"], copied["photos"]) == (7, 8)
    if here.where == "staff.db":
        formats.append(told("gallery", "backup", here.where, "backup.db"))
        assert ask("gallery", "check", "backup.db") == 0
    else:
        assert ask("gallery", "backup", here.where, "backup.db") == 2
        assert not Path("backup.db").exists()
    formats.append(rotated := told("gallery", "rotate-key", here.where, "--new-key-file", "new"))
    assert rotated["key_made"]
    new = ["--key-file", "new"]
    assert ask("verify", "person-1", first, *here.model, *new) == 0
    assert ask("gallery", "check", here.where, *new) == 0
    formats.append(told("gallery", "rotate-key", here.where, "--decrypt", *new))
    assert {str(one["format"]).split("/")[0].split(".")[0] for one in formats} == {"likeness"}
    assert all(str(one["format"]).endswith("/1") for one in formats)


def test_a_gallery_moves_between_stores_and_answers_the_same(here: Here) -> None:
    SavedModel.read("model").store_calibration(threshold=1e-4, calibration={})
    ask("enrol", "enrol", *here.model, "--keep-photos")
    assert ask("gallery", "copy", here.where, "moved.db") == 0
    words = ["identify", *(f"enrol/person-{n}/photo.png" for n in range(8)), "--model", "model"]
    code, there = document(*words, *here.of)
    assert code == 0
    code, moved = document(*words, "--gallery", "moved.db")
    assert code == 0
    for one, other in zip(there["answers"], moved["answers"], strict=True):
        assert one["name"] == other["name"]
        assert one["energy"] == pytest.approx(other["energy"], abs=1e-6)


def test_a_known_photo_is_kept_when_asked_for_later(here: Here) -> None:
    ask("enrol", "enrol", *here.model)
    assert ask("re-enrol", *here.model) == 2
    code, done = document("enrol", "enrol", *here.model, "--keep-photos")
    assert (code, done["added"], done["already"], done["kept"]) == (0, 0, 8, 8)
    code, done = document("enrol", "enrol", *here.model, "--keep-photos")
    assert (code, done["already"], done["kept"]) == (0, 8, 0)
    assert document("gallery", "check", here.where)[1]["photos"] == 8
    assert ask("re-enrol", *here.model) == 0
    assert document("gallery", "copy", here.where, "copy.db")[1]["photos"] == 8
    assert document("gallery", "check", "copy.db")[1]["photos"] == 8


HELD = """
import sys, time
from likeness.cli import main

photos = set()

def hold(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".png"):
        photos.add(str(arguments[0]))
        if len(photos) > 40:
            time.sleep(3600)

sys.addaudithook(hold)
main()
"""
"""The command, which waits before the 41st photo: whoever kills it late is in time, too."""


def test_an_enrolment_that_is_killed_goes_on_where_it_was(here: Here, faces: Dataset) -> None:
    """Killed at some photos; run again, every photo is there once."""
    for number in range(60):
        person = Path("many", f"person {number % 20}")
        person.mkdir(parents=True, exist_ok=True)
        pixels = faces.items[number % len(faces)][..., 0].copy()
        pixels[0, 0] = number
        Image.fromarray(pixels).save(person / f"{number}.png")
    words = ["enrol", "many", *here.model, "--keep-photos"]
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    key = GalleryKey.read(None)

    def enrolled() -> int:
        try:
            with open_gallery(here.where, key=key) as gallery:
                return gallery.counts().templates
        except GalleryError:  # not made yet
            return 0

    while enrolled() < 10 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = enrolled()
    assert process.returncode == -signal.SIGKILL
    assert 10 <= before < 60
    code, done = document(*words)
    assert (code, done["added"], done["already"], done["refused"]) == (0, 60 - before, before, [])
    checked = document("gallery", "check", here.where)[1]
    assert checked["sound"]
    assert (checked["people"], checked["templates"], checked["photos"]) == (20, 60, 60)


class TestCaptureSettings:
    """A gallery of cut-out faces is not searched with whole photos, nor the reverse."""

    @pytest.fixture
    def cut(self, folder: Path) -> Here:
        pytest.importorskip("cv2")
        SavedModel.read("model").store_calibration(threshold=1e-4, calibration={})
        here = Here(folder)
        assert ask("enrol", "enrol", *here.model, *CUT, "--keep-photos") == 0
        return here

    @pytest.mark.parametrize(
        "words",
        [
            ["identify", "probes/person-0/photo.png"],
            ["verify", "person-0", "probes/person-0/photo.png"],
            ["approve", "person-0", "probes/person-0/photo.png"],
            ["enrol", "probes"],
        ],
    )
    def test_whole_photos_are_refused(self, cut: Here, words: list[str]) -> None:
        refused(
            run(*words, *cut.model, "--faces", "haar", cwd=cut.folder),
            "staff.db holds embeddings of faces found by haar, cut out; this photo is read as "
            "whole photos, and the two are not comparable. Add `--faces haar --cut-faces`, or",
        )
        with open_gallery("staff.db") as gallery:
            assert gallery.counts().templates == gallery.counts().photos

    def test_the_same_way_is_answered(self, cut: Here) -> None:
        with open_gallery("staff.db") as gallery:
            (name, *_) = [person.name for person in gallery.people()]
        photo = f"enrol/{name}/photo.png"
        assert ask("identify", photo, *cut.model, *CUT) == 0
        assert ask("identify", photo, *cut.model, "--all-faces") == 0
        assert ask("verify", name, photo, *cut.model, *CUT) == 0
        # Without options photos are read as the gallery's were.
        assert ask("identify", photo, *cut.model) == 0
        assert ask("verify", name, photo, *cut.model) == 0

    def test_cut_faces_are_refused_where_photos_are_whole(self, folder: Path) -> None:
        pytest.importorskip("cv2")
        here = Here(folder)
        ask("enrol", "enrol", *here.model)
        for options in (CUT, ["--all-faces"]):
            refused(
                run("identify", "probes/person-0/photo.png", *here.model, *options, cwd=folder),
                "staff.db holds embeddings of whole photos; this photo is read as faces found by "
                "haar, cut out, and the two are not comparable. Omit --cut-faces and --all-faces",
            )

    def test_re_enrol_writes_the_new_way(self, cut: Here) -> None:
        with open_gallery("staff.db") as gallery:
            (name, *_) = [person.name for person in gallery.people()]
        assert ask("re-enrol", *cut.model) == 0
        photo = f"enrol/{name}/photo.png"
        assert ask("verify", name, photo, *cut.model) == 0
        assert ask("verify", name, photo, *cut.model, *CUT) == 2
        assert ask("re-enrol", *cut.model, *CUT) == 0
        assert ask("verify", name, photo, *cut.model, *CUT) == 0
        assert ask("gallery", "check", "staff.db") == 0


class TestFacesOfAFolder:
    """``likeness data faces`` writes what ``--cut-faces`` gives at the door."""

    @pytest.fixture(autouse=True)
    def _with_opencv(self, folder: Path) -> None:
        pytest.importorskip("cv2")

    def test_the_pixels_are_those_at_the_door(self) -> None:
        Path("enrol/person-0/none.png").write_bytes(blank := png_of(np.full((90, 70), 128)))
        Path("enrol/person-1/photo.jpg").write_bytes(b"no photo")
        code, done = document("data", "faces", "enrol", "faces")
        assert code == 0
        assert (done["format"], done["photos"]) == ("likeness.face-photos/1", done["people"])
        assert done["photos"] + len(done["left_out"]) == 10
        assert any("none.png: expected one face" in words for words in done["left_out"])
        assert any("photo.jpg" in words for words in done["left_out"])
        reader = PhotoReader(finder=HaarFaceFinder(), cut=True)
        written = sorted(Path("faces").glob("*/*"))
        assert len(written) == done["photos"] > 0
        for file in written:
            source = Path("enrol", file.parent.name, "photo.png").read_bytes()
            expected = reader.read_face(source, name="x").pixels
            np.testing.assert_array_equal(decode(file.read_bytes(), name="x"), expected)
        with pytest.raises(NoFaceError):
            reader.read_face(blank, name="x")

    def test_a_model_of_them_is_asked_with_cut_faces(self, folder: Path) -> None:
        """The embedding of a written face is the one that enrolment takes of the photo."""
        here = Here(folder)
        SavedModel.read("model").store_calibration(threshold=1e-4, calibration={})
        assert ask("data", "faces", "enrol", "faces") == 0
        assert ask("enrol", "enrol", *here.model, *CUT) == 0
        assert ask("enrol", "faces", "--gallery", "faces.db", "--model", "model") == 0
        pairs = []
        for where in ("staff.db", "faces.db"):
            with open_gallery(where) as gallery:
                pairs.append({one.person: one.vector for one in gallery.templates(vectors=True)})
        assert pairs[0].keys() == pairs[1].keys()
        for name, vector in pairs[0].items():
            assert vector == pytest.approx(pairs[1][name], abs=1e-6)

    def test_two_photos_of_one_name_are_two_faces(self) -> None:
        photo = next(Path("enrol").glob("*/photo.png"))
        for person in Path("enrol").iterdir():
            (person / "photo.bmp").write_bytes((person / photo.name).read_bytes())
        code, done = document("data", "faces", "enrol", "faces")
        assert code == 0
        names = {file.name for file in Path("faces").glob("*/*")}
        assert names == {"photo.png.png", "photo.bmp.png"}
        assert len(list(Path("faces").glob("*/*"))) == done["photos"]

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["nowhere", "faces"], "nowhere: expected a folder with one sub-folder"),
            (["enrol", "probes"], "probes: expected a new or empty folder."),
            (["enrol", "enrol/faces"], "enrol/faces: expected a folder outside of enrol"),
            (["blank", "faces"], "blank: expected photos of one face each. Found: none among 1."),
            (["enrol", "faces", "--faces", "no.onnx"], "no.onnx: expected an ONNX file"),
            (["enrol", "faces", "--json", "no/x.json"], "--json: expected a file"),
        ],
    )
    def test_what_does_not_fit(self, folder: Path, words: list[str], sentence: str) -> None:
        Path("blank/nobody").mkdir(parents=True)
        Path("blank/nobody/1.png").write_bytes(png_of(np.full((90, 70), 128)))
        refused(run("data", "faces", *words, cwd=folder), sentence)
        assert not Path("faces").exists()
        assert not Path("enrol/faces").exists()
