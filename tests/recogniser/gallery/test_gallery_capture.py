"""A gallery has one set of capture settings; a photo that is known can be kept later."""

from dataclasses import replace
from pathlib import Path

import pytest

from likeness.errors import AlreadyEnrolledError, GalleryMismatchError
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    NewTemplate,
    check_gallery,
    copy_gallery,
    create_gallery,
    export_people,
    import_people,
    open_gallery,
)

from .conftest import model_of, photo_of, vector_of

WHOLE = {"cut": False}
CUT = {"cut": True, "finder": "haar"}
OTHER = {"cut": True, "finder": "detector 012345"}


def captured(name: str, provenance: dict[str, object]) -> NewTemplate:
    return replace(photo_of(name), provenance=provenance)


def test_the_newest_template_speaks_for_all(gallery: Gallery) -> None:
    assert gallery.capture() is None
    gallery.enrol("Ada", [photo_of("a")])
    assert gallery.capture() is None  # it does not say
    gallery.enrol("Ada", [captured("b", CUT)])
    assert gallery.capture() == Capture(cut=True, finder="haar")


@pytest.mark.parametrize("other", [WHOLE, OTHER, {"cut": False, "eyes": True, "finder": "haar"}])
def test_other_settings_are_refused_by_every_method(
    gallery: Gallery, other: dict[str, object]
) -> None:
    gallery.enrol("Ada", [captured("a", CUT)])
    before = gallery.counts()
    with pytest.raises(GalleryMismatchError, match="Add `--faces haar --cut-faces`"):
        gallery.enrol("Bob", [captured("b", other)])
    with pytest.raises(GalleryMismatchError):
        gallery.approve("Ada", captured("b", other))
    with pytest.raises(GalleryMismatchError):
        gallery.enrol_many({"Bob": [captured("b", CUT), captured("c", other)]})
    with create_gallery(":memory:", model_of()) as source:
        source.enrol("Bob", [captured("b", other)])
        lines = list(export_people(source))
    with pytest.raises(GalleryMismatchError):
        import_people(gallery, lines)
    assert gallery.counts() == before


def test_an_empty_gallery_takes_one_capture_of_a_batch(gallery: Gallery) -> None:
    with pytest.raises(GalleryMismatchError):
        gallery.enrol("Ada", [captured("a", WHOLE), captured("b", CUT)])
    assert gallery.people() == ()


@pytest.mark.parametrize(
    ("known", "given"),
    [
        (None, CUT),
        (WHOLE, None),
        (CUT, CUT),
        (CUT, {"cut": True}),  # what found it was not always noted
        (WHOLE, {"cut": False, "finder": None}),
    ],
)
def test_what_is_not_said_is_not_held_against_it(
    gallery: Gallery, known: dict[str, object] | None, given: dict[str, object] | None
) -> None:
    gallery.enrol("Ada", [captured("a", known or {})])
    assert gallery.enrol("Bob", [captured("b", given or {})]).added


@pytest.mark.parametrize(
    ("known", "advice"),
    [
        (WHOLE, "Omit --cut-faces and --all-faces, or"),
        (OTHER, "Add `--faces FILE --cut-faces`, or"),
        ({"cut": False, "eyes": True, "finder": "haar"}, "Use the same detector, `--faces haar`"),
    ],
)
def test_the_sentence_says_how_to_put_it_right(known: dict[str, object], advice: str) -> None:
    given = Capture(cut=True, finder="haar")
    with pytest.raises(GalleryMismatchError) as raised:
        Capture.from_provenance({"cut": False, **known}).check(given, where="staff.db")
    assert str(raised.value).startswith("staff.db holds embeddings of ")
    assert advice in str(raised.value)
    assert "likeness re-enrol" in str(raised.value)


def test_new_vectors_come_with_new_settings(gallery: Gallery) -> None:
    gallery.enrol("Ada", [captured("a", CUT)])
    gallery.approve("Ada", captured("b", CUT))
    vectors = {one.id: vector_of("other") for one in gallery.templates()}
    whole = Capture(cut=False)
    gallery.replace_vectors(gallery.model, vectors, capture=whole)
    assert gallery.capture() == whole
    assert [one.provenance["how"] for one in gallery.templates()] == ["enrolled", "approved"]
    gallery.enrol("Ada", [captured("c", WHOLE)])


def test_new_vectors_of_the_same_model_are_searched_by_at_once(file: Path) -> None:
    with create_gallery(file, model_of()) as gallery, open_gallery(file) as other:
        gallery.enrol("Ada", [photo_of("a")])
        for one in (gallery, other):
            assert one.search(vector_of("a")[None])[0][0].energy < 0.01
        gallery.replace_vectors(gallery.model, {1: vector_of("other")})
        for one in (gallery, other):
            assert one.search(vector_of("other")[None])[0][0].energy < 0.01


def test_a_template_is_found_by_its_photo(gallery: Gallery) -> None:
    gallery.enrol("Ada", [photo_of("a"), photo_of("b", kept=True)])
    found = gallery.template_of(photo_of("b").photo_digest)
    assert found is not None
    assert (found.person, found.id, found.photo_kept, found.vector) == ("Ada", 2, True, None)
    assert gallery.template_of(photo_of("c").photo_digest) is None


@pytest.mark.parametrize("sealed", [False, True])
def test_a_known_photo_is_kept_from_now_on(file: Path, tmp_path: Path, sealed: bool) -> None:
    key = GalleryKey.generate() if sealed else None
    with create_gallery(file, model_of(), key=key) as gallery:
        gallery.enrol("Ada", [photo_of("a"), photo_of("b", kept=True)])
        entries = len(gallery.audit())
        again = gallery.enrol("Ada", [photo_of("a", kept=True), photo_of("b", kept=True)])
        assert (again.added, again.already, again.kept) == ((), (1, 2), (1,))
        assert gallery.photo(1) == photo_of("a", kept=True).photo
        (entry,) = gallery.audit()[entries:]
        assert (entry.what, entry.templates, entry.person_id) == ("kept photos", 0, 1)
        third = gallery.enrol("Ada", [photo_of("a", kept=True), photo_of("a")])
        assert third.kept == ()
        assert len(gallery.audit()) == entries + 1
        with pytest.raises(AlreadyEnrolledError):
            gallery.enrol("Mallory", [photo_of("a", kept=True)])
        copied = copy_gallery(gallery, tmp_path / "copy.db")
        assert copied.photos == 2
        assert gallery.forget("Ada").photos == 2
    for place in (file, tmp_path / "copy.db"):
        assert check_gallery(place, key=key).sound


def test_a_photo_that_comes_twice_in_one_enrolment_is_kept_once(gallery: Gallery) -> None:
    twice = gallery.enrol("Ada", [photo_of("a"), photo_of("a", kept=True)])
    assert (twice.added, twice.already, twice.kept) == ((1,), (), ())
    assert gallery.photo(1) == photo_of("a", kept=True).photo
