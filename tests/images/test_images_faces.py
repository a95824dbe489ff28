"""Faces: found on drawn and on real photos, none where there is none, errors in sentences."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness import datasets
from likeness.datasets import drawn_faces
from likeness.errors import (
    DataError,
    FaceError,
    FaceTooSmallError,
    MissingExtraError,
    NoFaceError,
    SettingError,
    SeveralFacesError,
)
from likeness.images.faces import Face, HaarFaceFinder, YuNetFaceFinder, only_face
from likeness.images.quality import PhotoCheck

cv2 = pytest.importorskip("cv2")

FINDER = HaarFaceFinder()
PEOPLE = drawn_faces(identities=6, photos_each=2, seed=1)
NOISE = np.random.default_rng(0).integers(0, 256, (120, 100, 1), np.uint8)


class Finder:
    """Finds what it was given."""

    def __init__(self, *boxes):
        self.faces = [Face(box=box, score=1.0) for box in boxes]

    def find(self, photo):
        return self.faces


class TestFace:
    def test_size_and_cut(self) -> None:
        face = Face(box=(2, 3, 7, 11), score=1.0)
        photo = np.arange(400, dtype=np.uint16).reshape(20, 20, 1)
        assert face.size == (5, 8)
        assert face.cut(photo).shape == (5, 8, 1)
        assert face.cut(photo)[0, 0, 0] == 2 * 20 + 3

    @pytest.mark.parametrize(
        ("eyes", "roll"),
        [
            (((10, 0), (10, 20)), 0.0),
            (((10, 0), (30, 20)), 45.0),
            (((10, 0), (0, 10)), -45.0),
            (None, None),
        ],
    )
    def test_roll(self, eyes, roll) -> None:
        assert Face(box=(0, 0, 9, 9), score=1.0, eyes=eyes).roll == roll


class TestOnlyFace:
    def test_one_is_returned(self) -> None:
        finder = Finder((0, 0, 60, 50))
        assert only_face(finder, NOISE) is finder.faces[0]

    def test_none(self) -> None:
        with pytest.raises(NoFaceError, match=r"^ada/1: expected one face\. Found: none\. Take"):
            only_face(Finder(), NOISE, name="ada/1")

    def test_several(self) -> None:
        two = Finder((0, 0, 60, 50), (0, 50, 50, 99))
        with pytest.raises(SeveralFacesError, match=r"expected one face\. Found: 2\. Crop"):
            only_face(two, NOISE)

    def test_too_small(self) -> None:
        with pytest.raises(FaceTooSmallError, match=r"at least 48 pixels each way\. Found: 47×80"):
            only_face(Finder((0, 0, 80, 47)), NOISE)


class TestHaar:
    def test_drawn_faces_are_found_where_they_are(self) -> None:
        found = [(photo, faces) for photo in PEOPLE.items if (faces := FINDER.find(photo))]
        assert len(found) >= 10  # of 12: drawn, not real
        for photo, faces in found:
            top, left, bottom, right = faces[0].box
            rows, columns = photo.shape[:2]
            assert 0 <= top < bottom <= rows
            assert 0 <= left < right <= columns
            assert top <= rows // 2 <= bottom
            assert left <= columns // 2 <= right

    def test_two_beside_each_other_are_two(self) -> None:
        one = PEOPLE.items[0]
        assert len(FINDER.find(one)) == 1
        two = np.concatenate([one, one[:, ::-1]], axis=1)
        faces = sorted(FINDER.find(two), key=lambda face: face.box[1])
        assert len(faces) == 2
        assert faces[0].box[3] - 92 < 20 < faces[1].box[1]

    @pytest.mark.parametrize("photo", [NOISE, np.full((90, 90, 3), 128, np.uint8)])
    def test_nothing_in_noise_and_flat_photos(self, photo) -> None:
        assert FINDER.find(photo) == []

    @pytest.mark.parametrize("shape", [(1, 1, 1), (1, 300, 3), (30, 24, 1), (3000, 40, 1)])
    def test_odd_shapes_are_looked_at(self, shape) -> None:
        assert FINDER.find(np.zeros(shape, np.uint8)) == []

    def test_a_large_photo_gives_the_box_in_its_own_pixels(self) -> None:
        photo = PEOPLE.items[0]
        large = np.asarray(Image.fromarray(photo[..., 0]).resize((920, 1120)))[..., None]
        small_box, large_box = (np.array(FINDER.find(one)[0].box) for one in (photo, large))
        assert np.abs(large_box / 10 - small_box).max() < 12

    def test_colour_and_grey_are_alike(self) -> None:
        photo = PEOPLE.items[0]
        assert FINDER.find(np.repeat(photo, 3, axis=2)) == FINDER.find(photo)

    def test_what_is_no_photo_is_refused(self) -> None:
        with pytest.raises(DataError, match="expected uint8"):
            FINDER.find(np.zeros((20, 20, 1)))

    def test_settings_are_checked(self) -> None:
        with pytest.raises(SettingError, match="neighbours: expected a whole number from 1 to 20"):
            HaarFaceFinder(neighbours=0)

    def test_opencv_without_cascades_is_a_missing_extra(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
        with pytest.raises(
            MissingExtraError,
            match=r"OpenCV 4 with its face cascades\. Found: OpenCV .* without "
            r"haarcascade_frontalface_default\.xml\. .*model get yunet.*<5",
        ):
            HaarFaceFinder()


@pytest.mark.real
@pytest.mark.skipif("LIKENESS_DATA" not in os.environ, reason="needs the AT&T faces")
class TestOnRealPhotos:
    def test_every_att_photo_shows_one_face_and_nothing_wrong(self, real_data) -> None:
        photos = datasets.att(real_data).items[::10]
        checks = [PhotoCheck.of(photo, finder=FINDER) for photo in photos]
        assert [len(check.faces or ()) for check in checks] == [1] * 40
        assert [check.warnings for check in checks] == [()] * 40
        frontal = sum(check.face is not None and check.face.pose == "frontal" for check in checks)
        assert frontal >= 36

    @pytest.mark.slow
    def test_all_400(self, real_data) -> None:
        photos = datasets.att(real_data).items
        assert [len(FINDER.find(photo)) for photo in photos] == [1] * 400

    @pytest.mark.parametrize("degrees", [-10, 10])
    def test_the_tilt_follows_the_photo(self, real_data, degrees) -> None:
        turned, seen = [], 0
        for photo in datasets.att(real_data).items[::40]:
            padded = np.pad(photo[..., 0], 20, mode="edge")
            picture = Image.fromarray(padded).rotate(-degrees, Image.Resampling.BILINEAR)
            rolls = [
                faces[0].roll
                for one in (photo, np.asarray(picture)[20:-20, 20:-20, None])
                if (faces := FINDER.find(np.ascontiguousarray(one)))
            ]
            if len(rolls) == 2 and None not in rolls:
                seen += 1
                turned.append(rolls[1] - rolls[0])
        assert seen >= 7
        assert np.median(turned) == pytest.approx(degrees, abs=1.5)


class TestCheckPhoto:
    def test_without_a_finder_faces_are_not_judged(self) -> None:
        check = PhotoCheck.of(PEOPLE.items[0])
        assert check.faces is None
        assert check.face is None
        assert check.size == (112, 92)

    def test_the_quality_is_that_of_the_only_face(self) -> None:
        photo = PEOPLE.items[0]
        check = PhotoCheck.of(photo, finder=Finder((10, 10, 70, 80)))
        assert (check.quality.rows, check.quality.columns) == (60, 70)
        assert check.size == (112, 92)

    @pytest.mark.parametrize(
        ("boxes", "expected"),
        [
            ((), "no face"),
            (((0, 0, 60, 60), (20, 30, 80, 90)), "several faces"),
            (((40, 30, 80, 70),), "small face"),
        ],
    )
    def test_faces_are_warned_of(self, boxes, expected) -> None:
        check = PhotoCheck.of(PEOPLE.items[0], finder=Finder(*boxes))
        assert expected in [warning.kind for warning in check.warnings]

    def test_a_profile_is_warned_of(self) -> None:
        finder = Finder()
        finder.faces = [Face(box=(0, 0, 90, 90), score=1.0, pose="turned")]
        check = PhotoCheck.of(PEOPLE.items[0], finder=finder)
        assert [warning.kind for warning in check.warnings] == ["turned face"]

    def test_a_tiny_photo_with_a_face_is_small_as_well(self) -> None:
        tiny = np.ascontiguousarray(PEOPLE.items[0][::4, ::4])
        check = PhotoCheck.of(tiny, finder=Finder((0, 0, 20, 20)))
        assert {"small", "small face"} <= {warning.kind for warning in check.warnings}


def detector_file(path):
    """A network that takes a white 8×8 block for a face: what OpenCV asks of a YuNet, no more."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes, weights, outputs = [], [], []
    white = np.full((1, 3, 8, 8), 1 / (3 * 64 * 255), np.float32)
    eyes = np.array([-0.25, 0, 0.25, 0, 0, 0, 0, 0, 0, 0], np.float32)
    for stride in (8, 16, 32):
        for head, channels in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            name = f"{head}_{stride}"
            kernel = np.zeros((channels, 3, stride, stride), np.float32)
            bias = eyes if head == "kps" else np.zeros(channels, np.float32)
            if channels == 1 and stride == 8:
                kernel = white
            shape = np.array([1, -1, channels], np.int64)
            for part, value in (("w", kernel), ("b", bias), ("s", shape)):
                weights.append(numpy_helper.from_array(value, f"{part}_{name}"))
            nodes += [
                helper.make_node(
                    "Conv",
                    ["input", f"w_{name}", f"b_{name}"],
                    [f"c_{name}"],
                    kernel_shape=[stride, stride],
                    strides=[stride, stride],
                ),
                helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{name}", f"s_{name}"], [name]),
            ]
            cells = (320 // stride) ** 2
            kind = onnx.TensorProto.FLOAT
            outputs.append(helper.make_tensor_value_info(name, kind, [1, cells, channels]))
    source = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, 320, 320])
    outputs.sort(key=lambda out: ("cls", "obj", "bbox", "kps").index(out.name.split("_")[0]))
    graph = helper.make_graph(nodes, "stand-in", [source], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def group_photo(photos, *, wide: int, size: tuple[int, int]) -> tuple[np.ndarray, list]:
    """Photos of people, so many pixels wide, far apart on grey; and the box of each."""
    scene = Image.new("L", size, 128)
    boxes = []
    for number, photo in enumerate(photos):
        small = Image.fromarray(photo[..., 0]).resize((wide, round(wide * 112 / 92)))
        x, y = 150 + number % 3 * size[0] // 3, 150 + number // 3 * size[1] // 2
        scene.paste(small, (x, y))
        boxes.append((y, x, y + small.height, x + small.width))
    return np.asarray(scene)[..., None], boxes


def seen(faces: list[Face], boxes: list[tuple[int, int, int, int]]) -> list[bool]:
    """Of each box, whether a face has its middle in it."""
    middles = [((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in faces]
    return [any(t <= y <= b and left <= x <= r for y, x in middles) for t, left, b, r in boxes]


def test_small_faces_of_a_large_photo_are_found() -> None:
    alone = [photo for photo in PEOPLE.items if len(FINDER.find(photo)) == 1][:6]
    scene, boxes = group_photo(alone, wide=72, size=(2600, 1950))
    faces = FINDER.find(scene)
    assert sum(seen(faces, boxes)) >= 5 and len(faces) <= 6
    assert all(40 <= face.size[0] <= 80 for face in faces)


def test_who_is_small_behind_a_portrait_is_not_meant() -> None:
    scene, _ = group_photo([PEOPLE.items[0]], wide=900, size=(2000, 1500))
    behind, _ = group_photo([PEOPLE.items[0]], wide=72, size=(2000, 1500))
    both = np.where(np.roll(behind, 1000, axis=1) != 128, np.roll(behind, 1000, axis=1), scene)
    assert len(FINDER.find(both)) == len(FINDER.find(scene)) == 1


@pytest.mark.real
@pytest.mark.skipif("LIKENESS_DATA" not in os.environ, reason="needs the AT&T faces")
@pytest.mark.parametrize("kind", ["haar", "yunet"])
def test_real_faces_of_48_pixels_in_12_megapixels(real_data: str, kind: str) -> None:
    network = Path(real_data, "face_detection_yunet_2023mar.onnx")
    if kind == "yunet" and not network.is_file():
        pytest.skip("needs YuNet's file")
    finder = FINDER if kind == "haar" else YuNetFaceFinder(path=network)
    people = datasets.att(real_data).items[:60:10]
    scene, boxes = group_photo(people, wide=71, size=(4000, 3000))  # the face is two thirds of it
    faces = finder.find(scene)
    assert sum(seen(faces, boxes)) >= 5 and len(faces) <= 6


class TestYuNet:
    def test_no_file(self, tmp_path) -> None:
        with pytest.raises(FaceError, match=r"expected an ONNX file .* Found: nothing\. OpenCV's"):
            YuNetFaceFinder(path=tmp_path / "none.onnx")

    def test_a_folder(self, tmp_path) -> None:
        with pytest.raises(FaceError, match=r"Found: a folder\."):
            YuNetFaceFinder(path=tmp_path)

    def test_no_network(self, tmp_path) -> None:
        path = tmp_path / "broken.onnx"
        path.write_bytes(b"no network " * 50)
        with pytest.raises(FaceError, match=r"broken\.onnx: .*OpenCV rejects it: "):
            YuNetFaceFinder(path=path).find(NOISE)

    def test_the_score_is_checked(self, tmp_path) -> None:
        with pytest.raises(SettingError, match="least_score: expected a number from 0 to 1"):
            YuNetFaceFinder(path=tmp_path / "any.onnx", least_score=2)

    def test_a_stand_in_network_finds_its_block(self, tmp_path) -> None:
        finder = YuNetFaceFinder(path=detector_file(tmp_path / "blocks.onnx"), least_score=0.9)
        photo = np.zeros((320, 320, 1), np.uint8)
        photo[80:88, 160:168] = 255
        (face,) = finder.find(photo)
        assert face.box == (76, 156, 84, 164)
        assert face.score > 0.9
        assert face.eyes == ((80, 158), (80, 162))
        assert face.roll == 0
        assert face.pose == "not judged"
        assert finder.find(np.zeros((320, 320, 1), np.uint8)) == []

    def test_a_large_photo_is_shrunk_and_the_box_grown_back(self, tmp_path) -> None:
        finder = YuNetFaceFinder(path=detector_file(tmp_path / "blocks.onnx"), least_score=0.9)
        photo = np.zeros((2048, 2048, 1), np.uint8)
        photo[512:528, 1024:1040] = 255
        face, *_ = finder.find(photo)  # the network sees blocks of 8 pixels, four at full size
        assert face.box == (504, 1016, 520, 1032)
