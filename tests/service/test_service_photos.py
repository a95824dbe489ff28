"""Photos and answers over HTTP: enrolled, identified, verified, compared, audited."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from likeness.energies import energy_matrix
from likeness.errors import NoThresholdError
from likeness.images.faces import Face
from likeness.recogniser.gallery import check_gallery
from likeness.recogniser.photo_reader import PhotoReader
from likeness.service import documents
from likeness.service.access import NOBODY

from .conftest import THRESHOLD, Asking, Serving, png


class Finder:
    """Finds what it is told."""

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        self.faces = [Face(box=box, score=1.0) for box in boxes]

    def find(self, photo: np.ndarray) -> list[Face]:
        return self.faces


def with_finder(asking: Asking, *boxes: tuple[int, int, int, int], cut: bool = True) -> None:
    reader = PhotoReader(finder=Finder(*boxes), cut=cut)
    asking.service.give(replace(asking.service.recogniser, reader=reader))


def test_enrol_identify_verify_compare(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        made = await asking.post("/enrol", asking.photos[0], params={"name": "Ada"})
        document = made.json()
        documents.EnrolledPersonDocument.model_validate(document)
        assert (made.status_code, document["added"]) == (201, True)
        assert made.headers["location"] == "/api/v1/people/1"
        assert document["person"]["photos"] == 1
        assert any("has one photo" in words for words in document["advice"])
        eve = await asking.enrol("Eve", 4)

        found = (await asking.post("/identify?top_k=1", asking.photos[0])).json()
        documents.IdentifiedDocument.model_validate(found)
        (face,) = found["faces"]
        assert (face["status"], face["name"], face["person_id"]) == ("known", "Ada", 1)
        assert face["energy"] == pytest.approx(0, abs=1e-6)
        assert face["threshold"] == THRESHOLD
        assert [one["name"] for one in face["nearest"]] == ["Ada"]
        assert face["runner_up"]["person_id"] == eve
        assert face["box"] is None
        size = Image.open(io.BytesIO(asking.photos[0])).size
        assert (found["width"], found["height"]) == size

        verified = (await asking.post("/verify?person=1", asking.photos[0])).json()
        documents.VerifiedDocument.model_validate(verified)
        assert (verified["accepted"], verified["name"]) == (True, "Ada")
        other = (await asking.post(f"/verify?person={eve}", asking.photos[0])).json()
        assert other["energy"] == pytest.approx(face["runner_up"]["energy"], abs=1e-6)

        both = {"left": asking.photos[0], "right": asking.photos[4]}
        compared = (await asking.ask("POST", "/compare", files=both)).json()
        documents.ComparedDocument.model_validate(compared)
        assert compared["energy"] == pytest.approx(other["energy"], abs=1e-6)
        assert compared["same"] is (compared["energy"] <= THRESHOLD)

    serving(use)


def test_answers_are_those_of_the_recogniser(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        for person in range(8):
            await asking.enrol(f"person {person}", 4 * person)
        recogniser = asking.service.recogniser
        for at in (1, 6, 31):
            (face,) = (await asking.post("/identify", asking.photos[at])).json()["faces"]
            answer = recogniser.identify(asking.photos[at])
            assert face["reason"] == answer.reason
            assert face["status"] == answer.status
            assert [one["energy"] for one in face["nearest"]] == [
                one.energy for one in answer.nearest
            ]

    serving(use)


def test_the_three_ways_to_send_a_photo_are_one(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)
        photo = asking.photos[1]
        raw = await asking.post("/identify", photo)
        octets = {"Content-Type": "application/octet-stream"}
        plain = await asking.post("/identify", photo, headers=octets)
        form = await asking.ask("POST", "/identify", files={"photo": ("x.png", photo)})
        faces = [answer.json()["faces"] for answer in (raw, plain, form)]
        assert faces[0] == faces[1] == faces[2]

    serving(use)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "image/png", 422, "invalid"),
        (b"no photo", "image/png", 422, "image"),
        (b"GIF89a" + bytes(50), "image/gif", 422, "image"),
        (b"x" * 2000, "image/png", 413, "too-large"),
        (b"x", "text/plain", 415, "media-type"),
        (b"x", "", 415, "media-type"),
        (b'{"path": "/etc/passwd"}', "application/json", 415, "media-type"),
        (b"url=http://127.0.0.1/", "application/x-www-form-urlencoded", 415, "media-type"),
        (b"x", "multipart/form-data", 400, "malformed"),
        (b"x", "multipart/form-data; boundary=y", 400, "malformed"),
        (b"--y\r\nx\r\n", "multipart/form-data; boundary=y", 400, "malformed"),
    ],
)
@pytest.mark.parametrize("path", ["/identify", "/enrol?name=Eve", "/verify?person=1"])
def test_a_body_that_is_no_photo(  # noqa: PLR0917
    serving: Serving, path: str, content: bytes, kind: str, status: int, code: str
) -> None:
    async def use(asking: Asking) -> None:
        asking.gallery.enrol("Ada", [])
        headers = {"Content-Type": kind} if kind else {}
        answer = await asking.ask("POST", path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert asking.gallery.count_people() == 1

    serving(use, max_bytes=1024)


@pytest.mark.parametrize(
    "files",
    [
        {"left": b"x"},
        {"left": b"x", "right": b"y", "third": b"z"},
        {"left": b"", "right": b""},
        [("left", b"x"), ("left", b"y")],
    ],
)
def test_a_form_of_other_fields(serving: Serving, files: object) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask("POST", "/compare", files=files)
        assert answer.status_code in (400, 422)
        assert answer.json()["code"] in ("invalid", "malformed")

    serving(use)


def test_a_field_with_an_address_instead_of_a_photo(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask(
            "POST",
            "/compare",
            files={"left": (None, "/etc/passwd"), "right": (None, "http://127.0.0.1/")},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    serving(use)


def test_a_photo_of_too_many_pixels(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.post("/identify", png(np.zeros((50, 50, 1), np.uint8)))
        assert (answer.status_code, answer.json()["code"]) == (422, "image")
        assert "at most 0.002 megapixels" in answer.json()["detail"]

    serving(use, max_pixels=2000)


def test_words_are_truth_values_as_they_are_meant(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        for number, (word, kept) in enumerate([("false", False), ("true", True), ("0", False)]):
            params = {"name": f"person {number}", "keep": word}
            answer = await asking.post("/enrol", asking.photos[4 * number], params=params)
            assert answer.json()["photo"]["kept"] is kept
        assert asking.gallery.counts().photos == 1
        wrong = await asking.post("/enrol?name=Eve&keep=perhaps", asking.photos[30])
        assert wrong.status_code == 422

    serving(use)


def test_enrolment_is_of_both_or_nobody_and_may_be_repeated(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        bad = await asking.post("/enrol?name=Ada", b"no photo")
        assert (bad.status_code, asking.gallery.count_people()) == (422, 0)
        ada = await asking.enrol("Ada", 0)
        again = await asking.post("/enrol?name=Ada", asking.photos[0])
        assert (again.status_code, again.json()["added"]) == (200, False)
        taken = await asking.post("/enrol?name=Ada", asking.photos[1])
        assert (taken.status_code, taken.json()["code"]) == (409, "already-enrolled")
        theirs = await asking.post("/enrol?name=Eve", asking.photos[0])
        assert (theirs.status_code, asking.gallery.count_people()) == (409, 1)

        more = await asking.post(f"/people/{ada}/photos?keep=true", asking.photos[1])
        assert (more.status_code, more.json()["photo"]["how"]) == (201, "enrolled")
        assert not any("has one photo" in words for words in more.json()["advice"])
        known = await asking.post(f"/people/{ada}/photos", asking.photos[1])
        assert (known.status_code, known.json()["photo"]["id"]) == (200, more.json()["photo"]["id"])
        approved = await asking.post(f"/people/{ada}/photos?approved=true", asking.photos[2])
        assert approved.json()["photo"]["how"] == "approved"
        nobody = await asking.post("/people/99/photos", asking.photos[3])
        assert nobody.status_code == 404

        listed = (await asking.ask("GET", f"/people/{ada}/photos")).json()
        documents.PhotosDocument.model_validate(listed)
        assert [one["kept"] for one in listed["photos"]] == [False, True, False]
        receipt = (await asking.ask("DELETE", f"/photos/{listed['photos'][1]['id']}")).json()
        documents.ReceiptDocument.model_validate(receipt)
        assert (receipt["person_removed"], receipt["photos"]) == (False, 1)
        assert asking.gallery.person(ada).templates == 2

    serving(use)


def test_a_look_alike_is_told_at_once(serving: Serving, faces: object) -> None:
    async def use(asking: Asking) -> None:
        ada = await asking.enrol("Ada", 0)
        twin = np.asarray(Image.open(io.BytesIO(asking.photos[0])))[..., None].copy()
        twin[0, 0] ^= 1
        document = (await asking.post("/enrol?name=Eve", png(twin))).json()
        assert document["look_alike"]["person_id"] == ada
        assert document["look_alike"]["energy"] <= THRESHOLD
        assert any("merge them" in words for words in document["advice"])

    serving(use)


def test_every_face_or_one(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        with_finder(asking, (0, 0, 60, 60))
        await asking.enrol("Ada", 0)
        with_finder(asking, (0, 0, 60, 60), (0, 5, 50, 55))
        both = (await asking.post("/identify", asking.photos[0])).json()
        assert [face["box"] for face in both["faces"]] == [[0, 0, 60, 60], [0, 5, 50, 55]]
        assert (await asking.ask("GET", "/model")).json()["finder"] is True
        one = await asking.post("/identify?all_faces=false", asking.photos[0])
        assert (one.status_code, one.json()["code"]) == (422, "several-faces")
        with_finder(asking)
        for words in ("true", "false"):
            nobody = await asking.post(f"/identify?all_faces={words}", asking.photos[0])
            assert (nobody.status_code, nobody.json()["faces"]) == (200, [])
        enrolled = await asking.post("/enrol?name=Eve", asking.photos[4])
        assert (enrolled.status_code, enrolled.json()["code"]) == (422, "no-face")
        assert asking.gallery.audit()[-1].detail["status"] == "no face"
        with_finder(asking, (0, 0, 20, 20))
        small = await asking.post("/verify?person=1", asking.photos[0])
        assert small.json()["code"] == "face-too-small"

    serving(use)


def test_where_faces_are_not_cut_out_a_photo_is_of_one_person(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)  # the whole photo
        with_finder(asking, (0, 0, 60, 60), cut=False)
        found = await asking.post("/identify?all_faces=true", asking.photos[0])
        assert (found.status_code, found.json()["faces"][0]["name"]) == (200, "Ada")
        with_finder(asking, (0, 0, 60, 60), (0, 5, 50, 55), cut=False)
        several = await asking.post("/identify?all_faces=true", asking.photos[0])
        assert (several.status_code, several.json()["code"]) == (422, "several-faces")
        with_finder(asking, (0, 0, 60, 60))
        other = await asking.post("/identify", asking.photos[0])
        assert (other.status_code, other.json()["code"]) == (503, "gallery-mismatch")

    serving(use)


def test_whom_nothing_can_be_said_about(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        nobody = (await asking.post("/identify", asking.photos[0])).json()
        assert nobody["faces"][0]["reason"] == "Nobody is enrolled."
        assert (await asking.post("/verify?person=9", asking.photos[0])).status_code == 404
        empty = asking.gallery.enrol("Ada", []).person.id
        answer = await asking.post(f"/verify?person={empty}", asking.photos[0])
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-person")

    serving(use)


def test_every_answer_is_in_the_audit_log_and_no_name_is(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        ada = await asking.enrol("Ada Lovelace", 0)
        ids = {"headers": {"X-Request-Id": "r-7"}}
        await asking.post("/identify", asking.photos[0], role="viewer", **ids)
        await asking.post(f"/verify?person={ada}", asking.photos[0], role="operator")
        both = {"left": asking.photos[0], "right": asking.photos[1]}
        await asking.ask("POST", "/compare", files=both)
        answer = await asking.ask("GET", "/audit", params={"limit": 3})
        first = answer.json()
        documents.AuditDocument.model_validate(first)
        assert first["next"] == 3
        assert [one["what"] for one in first["entries"]] == ["added a key"] * 3
        rest = (await asking.ask("GET", "/audit", params={"after": 3})).json()
        assert rest["next"] is None
        assert [one["what"] for one in rest["entries"]] == [
            "added",
            "enrolled",
            "identified",
            "verified",
            "compared",
        ]
        asked = rest["entries"][2]
        assert (asked["who"], asked["person_id"]) == ("the viewer", ada)
        assert asked["detail"]["request"] == "r-7"
        assert asked["detail"]["key"] == 1
        assert asked["detail"]["status"] == "known"
        assert "Lovelace" not in str(rest)
        assert check_gallery(asking.service.settings.gallery).sound

    serving(use)


def test_an_answer_is_not_given_before_it_is_audited(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        gallery = asking.gallery

        def broken(notes: object) -> None:
            raise OSError("the disk is gone")

        gallery.note = broken  # type: ignore[method-assign]
        answer = await asking.post("/identify", asking.photos[0])
        assert (answer.status_code, answer.json()["code"]) == (500, "failed")
        assert "disk" not in answer.text

    serving(use)


def test_without_a_threshold_it_enrols_and_does_not_answer(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        recogniser = asking.service.recogniser
        asking.service.give(
            replace(recogniser, model=replace(recogniser.model, threshold=None))  # type: ignore
        )
        assert (await asking.post("/enrol?name=Ada", asking.photos[0])).status_code == 201
        for path in ("/identify", "/verify?person=1"):
            answer = await asking.post(path, asking.photos[0])
            assert (answer.status_code, answer.json()["code"]) == (503, "no-threshold")
        ready = await asking.ask("GET", "/health/ready", role=None)
        assert (ready.status_code, ready.json()["code"]) == (503, "no-threshold")
        with pytest.raises(NoThresholdError):
            await asking.service.identify(NOBODY, asking.photos[0], all_faces=True, top_k=1)

    serving(use)


def test_photos_of_several_sizes_in_one_batch(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        recogniser = asking.service.recogniser
        photos = [png(np.full((rows, 30, 1), rows, np.uint8)) for rows in (40, 50, 40)]
        faces = [recogniser.reader.read_face(photo, name="x") for photo in photos]
        together = recogniser.embed_faces(faces)
        alone = np.concatenate([recogniser.embed_faces([face]) for face in faces])
        np.testing.assert_allclose(together, alone, atol=1e-6)
        assert energy_matrix("cosine", together, alone).shape == (3, 3)

    serving(use)


def test_the_model_and_its_card(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        document = (await asking.ask("GET", "/model", role="viewer")).json()
        documents.ModelDocument.model_validate(document)
        assert document["fingerprint"] == asking.service.recogniser.model.fingerprint
        assert (document["threshold"], document["runtime"]) == (THRESHOLD, "onnx")
        assert document["card_text"].startswith("# ")
        assert (document["finder"], document["energies"]) == (False, None)

    serving(use)
