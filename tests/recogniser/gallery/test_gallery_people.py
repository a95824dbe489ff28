"""What can be done with people, the same in every store."""

import numpy as np
import pytest

from likeness.errors import AlreadyEnrolledError, DataError, SettingError, UnknownPersonError
from likeness.recogniser.gallery import Gallery, NewTemplate, check_gallery

from .conftest import DIMENSIONS, photo_of, vector_of


def nearest(gallery: Gallery, name: str) -> tuple[str, float]:
    """Who is nearest to the photo of that name."""
    (answer,) = gallery.search(vector_of(name)[None], k=1)
    return (answer[0].name, answer[0].energy) if answer else ("", 0.0)


class TestEnrol:
    def test_a_person_is_found_by_their_photo(self, gallery: Gallery) -> None:
        enrolled = gallery.enrol("Ada", [photo_of("a"), photo_of("b")], metadata={"room": 7})
        assert (enrolled.added, enrolled.already) == ((1, 2), ())
        assert enrolled.person.name == "Ada"
        assert enrolled.person.templates == 2
        assert gallery.person("Ada").metadata == {"room": 7}
        assert nearest(gallery, "a") == ("Ada", pytest.approx(0, abs=2e-6))

    def test_the_same_photo_again_is_no_news(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        before = gallery.audit()
        again = gallery.enrol("Ada", [photo_of("a"), photo_of("b"), photo_of("b")])
        assert (again.added, again.already) == ((2,), (1,))
        assert gallery.enrol("Ada", [photo_of("a")]).added == ()
        assert gallery.counts().templates == 2
        assert len(gallery.audit()) == len(before) + 1

    def test_the_same_photo_under_a_second_name_is_an_error(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        with pytest.raises(
            AlreadyEnrolledError,
            match=r"^photo: expected one that is not .* 'Bob' is enrolled as 'Ada'\. If both",
        ):
            gallery.enrol("Bob", [photo_of("b"), photo_of("a")])
        assert [person.name for person in gallery.people()] == ["Ada"]
        assert gallery.counts().templates == 1

    def test_several_people_or_none(self, gallery: Gallery) -> None:
        with pytest.raises(AlreadyEnrolledError):
            gallery.enrol_many({"Ada": [photo_of("a")], "Bob": [photo_of("a")]})
        assert gallery.counts().people == 0
        made = gallery.enrol_many({"Ada": [photo_of("a")], "Bob": [photo_of("b")], "Eve": []})
        assert {name: len(each.added) for name, each in made.items()} == {
            "Ada": 1,
            "Bob": 1,
            "Eve": 0,
        }

    def test_names_have_one_spelling(self, gallery: Gallery) -> None:
        gallery.enrol(" Zoe\u0308 ", [photo_of("a")])
        assert gallery.enrol("Zo\u00eb", [photo_of("b")]).person.templates == 2

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "x" * 201, "\ud800", None])
    def test_a_name_must_be_one(self, gallery: Gallery, name: str) -> None:
        with pytest.raises(SettingError, match=r"^name: expected 1 to 200 letters, .* Received: "):
            gallery.enrol(name, [photo_of("a")])

    @pytest.mark.parametrize(
        ("vector", "sentence"),
        [
            (np.zeros(3), "vector: expected 8 floating numbers. Received: float64 of shape"),
            (np.zeros(8, int), "vector: expected 8 floating numbers. Received: int64"),
            (np.full(8, np.nan), "vector: expected finite numbers"),
            (np.full(8, np.inf), "vector: expected finite numbers"),
            (np.full(8, 1e300), "vector: expected finite numbers"),
        ],
    )
    def test_an_embedding_must_fit(
        self, gallery: Gallery, vector: np.ndarray, sentence: str
    ) -> None:
        with pytest.raises(DataError) as error:
            gallery.enrol("Ada", [NewTemplate(vector=vector, photo_digest="0" * 64)])
        assert str(error.value).startswith(sentence)
        assert gallery.counts().people == 0

    @pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64, None])
    def test_a_digest_must_be_one(self, gallery: Gallery, digest: str) -> None:
        with pytest.raises(DataError, match=r"^photo_digest: expected a SHA-256"):
            gallery.enrol("Ada", [NewTemplate(vector=vector_of("a"), photo_digest=digest)])

    def test_a_photo_must_be_the_one_of_its_digest(self, gallery: Gallery) -> None:
        wrong = NewTemplate(vector=vector_of("a"), photo_digest="0" * 64, photo=b"other")
        with pytest.raises(DataError, match="expected the SHA-256 of the photo"):
            gallery.enrol("Ada", [wrong])

    def test_metadata_must_be_json(self, gallery: Gallery) -> None:
        with pytest.raises(DataError, match=r"^metadata: expected JSON values only\."):
            gallery.enrol("Ada", [], metadata={"x": object()})
        with pytest.raises(DataError, match=r"^metadata: expected JSON values only\."):
            gallery.enrol("Ada", [], metadata={"x": float("nan")})

    def test_the_photo_is_kept_if_asked(self, gallery: Gallery) -> None:
        kept, loose = photo_of("a", kept=True), photo_of("b")
        gallery.enrol("Ada", [kept, loose])
        assert gallery.photo(1) == kept.photo
        assert gallery.photo(2) is None
        assert [template.photo_kept for template in gallery.templates("Ada")] == [True, False]
        assert gallery.counts().photos == 1


class TestList:
    def test_pages_of_people_in_the_order_of_their_names(self, gallery: Gallery) -> None:
        names = ["Ada", "Zoë", "bob", "Ärmel", "_x", "Bob"]
        gallery.enrol_many({name: [] for name in names})
        pages, after = [], None
        while page := gallery.people(after=after, limit=2):
            pages += [person.name for person in page]
            after = pages[-1]
        assert pages == sorted(names)

    def test_templates_say_what_they_are(self, gallery: Gallery) -> None:
        gallery.enrol_many({"Ada": [photo_of("a")], "Bob": [photo_of("b"), photo_of("c")]})
        templates = list(gallery.templates(vectors=True))
        assert [template.person for template in templates] == ["Ada", "Bob", "Bob"]
        for template, name in zip(templates, "abc", strict=True):
            assert template.vector is not None
            assert template.vector.tobytes() == vector_of(name).tobytes()
            assert template.photo_digest == photo_of(name).photo_digest
            assert template.provenance == {"file": "a camera", "how": "enrolled"}
            assert template.quality == {"sharpness": 0.5}
            assert template.model == gallery.model.fingerprint
        assert [template.id for template in gallery.templates("Bob")] == [2, 3]
        assert next(gallery.templates()).vector is None

    def test_nobody_and_nothing(self, gallery: Gallery) -> None:
        assert gallery.people() == ()
        assert list(gallery.templates()) == []
        assert gallery.search(np.zeros((2, DIMENSIONS))) == [(), ()]
        with pytest.raises(
            UnknownPersonError, match=r"^name: expected an enrolled person of .*'Ada'"
        ):
            gallery.person("Ada")
        with pytest.raises(UnknownPersonError, match=r"^template: expected the number of one in"):
            gallery.photo(1)


class TestRenameAndMerge:
    def test_rename(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        assert gallery.change_person("Ada", new="Ada Lovelace").name == "Ada Lovelace"
        assert gallery.change_person("Ada Lovelace", new="Ada Lovelace").templates == 1
        assert nearest(gallery, "a")[0] == "Ada Lovelace"
        with pytest.raises(UnknownPersonError):
            gallery.change_person("Ada", new="Eve")

    def test_a_name_that_is_taken(self, gallery: Gallery) -> None:
        gallery.enrol_many({"Ada": [], "Bob": []})
        with pytest.raises(AlreadyEnrolledError, match=r"^new: 'Bob' is another person in .*merge"):
            gallery.change_person("Ada", new="Bob")

    def test_merge_gives_all_templates_to_the_other(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a"), photo_of("c")], metadata={"room": 1, "floor": 2})
        gallery.enrol("Bob", [photo_of("b")], metadata={"room": 9})
        nearest(gallery, "a")
        merged = gallery.merge("Ada", into="Bob")
        assert (merged.name, merged.templates) == ("Bob", 3)
        assert merged.metadata == {"room": 9, "floor": 2}
        assert nearest(gallery, "a")[0] == "Bob"
        assert [person.name for person in gallery.people()] == ["Bob"]
        with pytest.raises(SettingError, match=r"^into: expected another person\."):
            gallery.merge("Bob", into="Bob")
        with pytest.raises(UnknownPersonError):
            gallery.merge("Ada", into="Bob")

    def test_describe(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [], metadata={"room": 1})
        assert gallery.change_person("Ada", metadata={"room": 2}).metadata == {"room": 2}
        gallery.enrol("Ada", [photo_of("a")])
        assert gallery.person("Ada").metadata == {"room": 2}


class TestForget:
    def test_a_person_with_a_receipt(self, gallery: Gallery) -> None:
        gallery.enrol("Ada Lovelace", [photo_of("a", kept=True), photo_of("c")])
        gallery.enrol("Bob", [photo_of("b")])
        nearest(gallery, "a")
        receipt = gallery.forget("Ada Lovelace")
        assert nearest(gallery, "a")[0] == "Bob"
        assert receipt.name == "Ada Lovelace"
        assert receipt.person_removed
        assert receipt.template_ids == (1, 2)
        assert receipt.photos == 1
        assert receipt.by == "operator"
        assert receipt.verified_absent
        assert receipt.searched and receipt.remains
        assert "Forgot Ada Lovelace: 2 templates and 1 kept photo removed" in receipt.sentences()[0]
        with pytest.raises(UnknownPersonError):
            gallery.forget("Ada Lovelace")

    def test_the_audit_log_proves_the_receipt_and_names_nobody(self, gallery: Gallery) -> None:
        gallery.enrol("Ada Lovelace", [photo_of("a")])
        gallery.change_person("Ada Lovelace", new="Countess of Lovelace")
        receipt = gallery.forget("Countess of Lovelace")
        entry = gallery.audit()[-1]
        assert entry.what == "forgot"
        assert entry.receipt == receipt.id
        assert entry.receipt_digest == receipt.digest
        log = repr(gallery.audit())
        assert "Lovelace" not in log
        assert receipt.secret not in log
        assert photo_of("a").photo_digest not in log

    def test_a_photo(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        nearest(gallery, "a")
        receipt = gallery.remove_template(1)
        assert not receipt.person_removed
        assert receipt.verified_absent
        assert nearest(gallery, "a") == ("", 0.0)
        assert gallery.person("Ada").templates == 0
        with pytest.raises(UnknownPersonError):
            gallery.remove_template(1)

    def test_ids_are_never_given_again(self, gallery: Gallery) -> None:
        first = gallery.enrol("Ada", [photo_of("a")])
        gallery.forget("Ada")
        second = gallery.enrol("Ada", [photo_of("a")])
        assert second.person.id > first.person.id
        assert second.added > first.added


class TestApprove:
    def test_an_approval_can_be_undone(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        (number,) = gallery.approve("Ada", photo_of("probe")).added
        approved = list(gallery.templates("Ada"))[-1]
        assert approved.provenance["how"] == "approved"
        assert nearest(gallery, "probe")[0] == "Ada"
        assert gallery.undo(number).template_ids == (number,)
        assert nearest(gallery, "probe")[1] > 0.1

    def test_an_enrolment_cannot_be_undone(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a")])
        with pytest.raises(SettingError, match=r"^template: expected an approved one\. .*enrolled"):
            gallery.undo(1)
        assert gallery.counts().templates == 1

    def test_nobody_is_made_by_an_approval(self, gallery: Gallery) -> None:
        with pytest.raises(UnknownPersonError):
            gallery.approve("Ada", photo_of("a"))
        assert gallery.counts().people == 0


class TestAudit:
    def test_says_who_did_what(self, gallery: Gallery) -> None:
        gallery.enrol("Ada", [photo_of("a"), photo_of("b")])
        gallery.enrol("Bob", [photo_of("c")])
        gallery.merge("Bob", into="Ada")
        entries = gallery.audit()
        assert [(entry.what, entry.person_id, entry.templates) for entry in entries] == [
            ("added", 1, 0),
            ("enrolled", 1, 2),
            ("added", 2, 0),
            ("enrolled", 2, 1),
            ("merged into another", 2, 1),
            ("merged with another", 1, 1),
        ]
        assert {entry.who for entry in entries} == {"operator"}
        assert gallery.audit(after=4, limit=1)[0].number == 5

    @pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET who = 'x'"])
    def test_is_append_only(self, gallery: Gallery, change: str) -> None:
        gallery.enrol("Ada", [])
        with (
            pytest.raises(Exception, match="append-only"),
            gallery.store.database.engine.begin() as connection,
        ):
            connection.exec_driver_sql(change)
        assert len(gallery.audit()) == 1


class TestReplaceVectors:
    def test_a_new_model(self, gallery: Gallery) -> None:
        gallery.enrol_many({"Ada": [photo_of("a")], "Bob": [photo_of("b")]})
        nearest(gallery, "a")
        other = type(gallery.model)(fingerprint="cf13e0cc060a", energy="cosine", dimensions=3)
        with pytest.raises(DataError, match=r"^vectors: expected an embedding for each of the 2"):
            gallery.replace_vectors(other, {1: np.ones(3)})
        gallery.replace_vectors(other, {1: np.array([1.0, 0, 0]), 2: np.array([0, 1.0, 0])})
        (answer,) = gallery.search(np.array([[0.1, 2.0, 0.0]]))
        assert [candidate.name for candidate in answer] == ["Bob", "Ada"]
        assert {template.model for template in gallery.templates()} == {"cf13e0cc060a"}


def test_after_everything_the_gallery_is_sound(gallery: Gallery, place: str) -> None:
    if place == ":memory:":
        pytest.skip("a gallery in memory cannot be opened a second time")
    gallery.enrol("Ada", [photo_of("a", kept=True)])
    gallery.enrol("Bob", [photo_of("b")])
    gallery.approve("Bob", photo_of("c"))
    gallery.merge("Ada", into="Bob")
    gallery.change_person("Bob", new="Eve")
    gallery.undo(3)
    gallery.enrol("Carl", [photo_of("d")])
    gallery.forget("Carl")
    found = check_gallery(place)
    assert found.problems == ()
    assert (found.people, found.templates, found.photos) == (1, 2, 1)
