"""A recogniser: photos in, people out. The model is four lines; the gallery is in memory."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from likeness import datasets
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import (
    AlreadyEnrolledError,
    DataError,
    GalleryMismatchError,
    NoEyesError,
    NoFaceError,
    NoThresholdError,
    SettingError,
    SeveralFacesError,
    UnknownPersonError,
)
from likeness.evaluation import fuse, rank_one
from likeness.images.align import EyeAlignment
from likeness.images.faces import Face
from likeness.images.preparation import FixedPreparation
from likeness.model.imported import import_model
from likeness.recogniser import PhotoReader, Recogniser, re_enrol
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery import GalleryModel, create_gallery


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def model_of(
    *, threshold: float | None = 0.5, fusion: str | None = None, name: str = "f" * 12
) -> Any:
    """Embeds a photo as 16 mean grey levels."""

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = [np.array_split(image.mean(axis=2), 4, axis=0) for image in images]
        cells = [
            [c.mean() / 255 for r in one for c in np.array_split(r, 4, axis=1)] for one in rows
        ]
        return np.array(cells, np.float32)

    calibration: dict[str, Any] = {}
    if fusion:
        purpose = {"people": 10, "strangers_accepted": 0.1, "photos_each": 2, "fusion": fusion}
        calibration = {"purpose": purpose, "strangers": {"share": 0.01, "high": 0.1}}
    return SimpleNamespace(
        embed=embed,
        energy="euclidean",
        threshold=threshold,
        calibration=calibration,
        embedding_size=16,
        fingerprint=name,
    )


class Faces:
    """Finds what it is told."""

    def __init__(self, *faces: Face) -> None:
        self.faces = list(faces)

    def find(self, photo: NDArray[np.uint8]) -> list[Face]:
        return self.faces


def finder(*boxes: tuple[int, int, int, int]) -> Faces:
    return Faces(*(Face(box=box, score=1.0) for box in boxes))


def recogniser_of(model: Any = None, **settings: Any) -> Recogniser:
    model = model or model_of()
    return Recogniser(
        model=model, gallery=create_gallery(":memory:", GalleryModel.of(model)), **settings
    )


def enrol_all(recogniser: Recogniser, faces: Dataset, *, each: int = 1, **settings: Any) -> None:
    for code in range(faces.codes.max() + 1):
        for at in np.flatnonzero(faces.codes == code)[:each]:
            recogniser.enrol(faces.identities[at], png(faces.items[at]), **settings)


@pytest.fixture
def enrolled(faces: Dataset) -> Iterator[Recogniser]:
    recogniser = recogniser_of()
    enrol_all(recogniser, faces)
    yield recogniser


def test_an_enrolled_photo_is_recognised(enrolled: Recogniser, faces: Dataset) -> None:
    answer = enrolled.identify(png(faces.items[0]), nearest=3)
    assert answer.nearest[0].name == faces.identities[0]
    assert answer.energy == pytest.approx(0, abs=1e-5)
    assert len(answer.nearest) == 3


@pytest.mark.parametrize("fusion", ["min", "mean", "top2", "centroid"])
def test_energies_are_those_of_a_slow_loop(faces: Dataset, fusion: str) -> None:
    model = model_of(fusion=fusion)
    recogniser = recogniser_of(model)
    enrol_all(recogniser, faces, each=3)
    probe = faces.items[3]
    answer = recogniser.identify(png(probe), nearest=8)
    assert len(answer.nearest) == 8
    for one in answer.nearest:
        own = np.flatnonzero([name == one.name for name in faces.identities])[:3]
        vectors = model.embed(faces.items[own])
        to_photos = energy_matrix("euclidean", model.embed(probe[None]), vectors)
        among = energy_matrix("euclidean", vectors, vectors)
        expected = fuse(to_photos, fusion, energy="euclidean", among=among)[0]
        assert one.energy == pytest.approx(expected, abs=1e-6)
        verified = recogniser.verify(one.name, png(probe))
        assert verified.energy == pytest.approx(expected, abs=1e-6)
        assert verified.accepted == (expected <= 0.5)


def test_nobody_enrolled_is_unknown(faces: Dataset) -> None:
    assert recogniser_of().identify(png(faces.items[0])).status == "unknown"


def test_warnings_count_everybody_not_only_the_nearest(faces: Dataset) -> None:
    model = model_of(fusion="min")
    model.calibration["purpose"]["people"] = 2
    recogniser = recogniser_of(model)
    enrol_all(recogniser, faces)
    (said,) = recogniser.identify(png(faces.items[0]), nearest=1).warnings
    assert said.startswith("8 people are enrolled, and the threshold was calibrated for 2")


def test_the_same_photo_is_no_news_and_never_somebody_elses(
    enrolled: Recogniser, faces: Dataset
) -> None:
    again = enrolled.enrol(faces.identities[0], png(faces.items[0]))
    assert again.enrolled.added == ()
    assert again.look_alike is None
    with pytest.raises(AlreadyEnrolledError, match="is enrolled as"):
        enrolled.enrol("Mallory", png(faces.items[0]))


def test_look_alikes_are_the_nearest_other_person_within_the_threshold(faces: Dataset) -> None:
    recogniser = recogniser_of(model_of(threshold=0.1))
    first, second = faces.items[0].copy(), faces.items[0].copy()
    second[0, 0] ^= 255
    assert recogniser.enrol("Ada", png(first)).look_alike is None
    found = recogniser.enrol("Eve", png(second)).look_alike
    assert found is not None
    assert found.name == "Ada"
    third = first.copy()
    third[1, 1] ^= 255
    assert recogniser_of(model_of(threshold=None)).enrol("Eve", png(third)).look_alike is None


def test_a_model_without_threshold_enrols_but_does_not_answer(faces: Dataset) -> None:
    recogniser = recogniser_of(model_of(threshold=None))
    recogniser.enrol("Ada", png(faces.items[0]))
    with pytest.raises(NoThresholdError, match="likeness calibrate"):
        recogniser.identify(png(faces.items[0]))
    with pytest.raises(NoThresholdError, match="likeness calibrate"):
        recogniser.verify("Ada", png(faces.items[0]))


def test_verify_asks_for_somebody_enrolled(enrolled: Recogniser, faces: Dataset) -> None:
    with pytest.raises(UnknownPersonError):
        enrolled.verify("Mallory", png(faces.items[0]))
    name = faces.identities[0]
    (template,) = enrolled.gallery.templates(name)
    enrolled.gallery.remove_template(template.id)
    with pytest.raises(UnknownPersonError, match="without a photo"):
        enrolled.verify(name, png(faces.items[0]))


def test_approve_and_undo(enrolled: Recogniser, faces: Dataset) -> None:
    name = faces.identities[1]
    (new,) = enrolled.approve(name, png(faces.items[1])).enrolled.added
    assert enrolled.verify(name, png(faces.items[1])).energy == pytest.approx(0, abs=1e-5)
    assert enrolled.gallery.undo(new).template_ids == (new,)
    assert enrolled.verify(name, png(faces.items[1])).energy > 1e-4
    assert enrolled.gallery.forget(name).name == name
    with pytest.raises(UnknownPersonError):
        enrolled.approve(name, png(faces.items[1]))


def test_a_finder_sees_to_one_face_and_cuts_it_out(faces: Dataset) -> None:
    photo = np.full((200, 200, 1), 90, np.uint8)
    photo[20:80, 20:80] = 200
    recogniser = recogniser_of(reader=PhotoReader(finder=finder((20, 20, 80, 80)), cut=True))
    recogniser.enrol("Ada", png(photo))
    (template,) = recogniser.gallery.templates("Ada", vectors=True)
    assert template.vector == pytest.approx(np.full(16, 200 / 255), abs=1e-6)
    assert template.provenance["cut"] is True
    nobody = replace(recogniser, reader=PhotoReader(finder=finder(), cut=True))
    with pytest.raises(NoFaceError):
        nobody.enrol("Bob", png(photo))
    both = finder((0, 0, 60, 60), (20, 20, 80, 80))
    two = replace(recogniser, reader=PhotoReader(finder=both, cut=True))
    with pytest.raises(SeveralFacesError):
        two.enrol("Bob", png(photo))
    found = two.identify_all(png(photo))
    assert [one.box for one in found] == [(0, 0, 60, 60), (20, 20, 80, 80)]
    assert found[1].answer.energy == pytest.approx(0, abs=1e-5)
    with pytest.raises(NoFaceError):
        nobody.identify_all(png(photo))


def test_probes_need_the_capture_settings_of_the_enrolled_photos() -> None:
    photo = np.full((200, 200, 1), 90, np.uint8)
    photo[20:80, 20:80] = 200
    cutting = PhotoReader(finder=finder((20, 20, 80, 80)), cut=True)
    assert cutting.capture() == Capture(cut=True, finder="Faces")
    recogniser = recogniser_of(reader=cutting)
    recogniser.enrol("Ada", png(photo), keep_photo=True)
    whole = replace(recogniser, reader=PhotoReader(finder=cutting.finder))
    assert whole.reader.capture() == Capture(cut=False)
    other = photo.copy()
    other[0, 0] = 0
    for ask in (
        lambda: whole.identify(png(photo)),
        lambda: whole.verify("Ada", png(photo)),
        lambda: whole.enrol("Bob", png(other)),
        lambda: whole.approve("Ada", png(other)),
    ):
        with pytest.raises(GalleryMismatchError, match="faces found by Faces, cut out"):
            ask()
    whole.identify_all(png(photo))  # each face is cut out, as the gallery's were
    re_enrol(recogniser.gallery, recogniser.model, reader=whole.reader)
    assert whole.verify("Ada", png(photo)).accepted
    with pytest.raises(GalleryMismatchError, match="holds embeddings of whole photos"):
        whole.identify_all(png(photo))
    with pytest.raises(GalleryMismatchError):
        recogniser.verify("Ada", png(photo))


def test_a_model_that_asks_for_the_eyes_is_given_them_where_it_wants_them() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (120, 100, 1), np.uint8)
    eyes = ((50.0, 30.0), (54.0, 70.0))
    face = Face(box=(10, 10, 110, 90), score=1.0, eyes=eyes, pose="frontal")
    wanted = (20.0, 24.0, 44.0, 24.0)
    alignment = EyeAlignment(wanted, size=(64, 64))
    reader = PhotoReader(finder=Faces(face), alignment=alignment, cut=True)
    expected = alignment(photo, face)
    (alone, *_) = reader.read_faces(png(photo), name="x")
    for prepared in (reader.read_face(png(photo), name="x"), alone):
        assert prepared.pixels.shape == (64, 64, 1)
        np.testing.assert_array_equal(prepared.pixels, expected)
    blind = PhotoReader(finder=Faces(replace(face, eyes=None)), alignment=alignment)
    with pytest.raises(NoEyesError, match="x: expected two eyes"):
        blind.read_face(png(photo), name="x")
    with pytest.raises(SettingError, match="alignment: expected a face detector"):
        PhotoReader(alignment=alignment)


def test_cutting_asks_for_a_finder() -> None:
    with pytest.raises(SettingError, match="--faces haar"):
        PhotoReader(cut=True)
    with pytest.raises(SettingError, match="--faces haar"):
        PhotoReader().read_faces(b"", name="x")


def test_dark_photos_are_warned_of() -> None:
    found = recogniser_of().enrol("Ada", png(np.full((80, 80, 1), 3, np.uint8)))
    assert any("too dark" in words for words in found.warnings)


def test_re_enrol_gives_the_gallery_to_another_model(faces: Dataset) -> None:
    recogniser = recogniser_of()
    enrol_all(recogniser, faces, keep_photo=True)
    other = model_of(name="e" * 12)
    with pytest.raises(GalleryMismatchError, match="likeness re-enrol"):
        Recogniser(model=other, gallery=recogniser.gallery)
    told: list[tuple[int, int]] = []
    assert re_enrol(recogniser.gallery, other, on_progress=lambda *n: told.append(n)) == 8
    assert told[-1] == (8, 8)
    answer = Recogniser(model=other, gallery=recogniser.gallery).identify(png(faces.items[0]))
    assert answer.energy == pytest.approx(0, abs=1e-5)


def test_re_enrol_asks_for_all_photos(enrolled: Recogniser) -> None:
    with pytest.raises(DataError, match="8 were not kept"):
        re_enrol(enrolled.gallery, model_of(name="e" * 12))
    assert enrolled.gallery.model.fingerprint == "f" * 12


@pytest.mark.real
def test_the_answers_on_att_are_the_evaluations(
    real_data: str, tmp_path: Path, small_onnx: Callable[..., bytes]
) -> None:
    """One photo each of ten people is enrolled; the ninety others are probes."""
    data = datasets.att(real_data)
    (tmp_path / "small.onnx").write_bytes(small_onnx(shape=("n", 1, 56, 46), size=32))
    preparation = FixedPreparation(rows=56, columns=46, colours="grey")
    made = import_model(
        tmp_path / "small.onnx", tmp_path / "model", preparation=preparation, licence="MIT"
    )
    model = replace(made, threshold=1.0)
    people = [f"s{number}" for number in range(1, 41, 4)]
    where = {name: np.flatnonzero([one == name for one in data.identities]) for name in people}
    recogniser = recogniser_of(model)
    for name in people:
        recogniser.enrol(name, png(data.items[where[name][0]]))
    gallery = np.array([where[name][0] for name in people])
    probes = np.concatenate([where[name][1:] for name in people])
    matrix = model.energies(data.items[probes], data.items[gallery])
    right = rank_one(matrix, np.repeat(np.arange(10), 9), np.arange(10))
    for row, probe in enumerate(probes):
        answer = recogniser.identify(png(data.items[probe]), nearest=10)
        found = {one.name: one.energy for one in answer.nearest}
        assert [found[name] for name in people] == pytest.approx(matrix[row], abs=1e-5)
        assert (answer.nearest[0].name == people[row // 9]) == bool(right[row])
    assert 0 < right.mean() < 1
