"""People by their ids, people who must be new, searches by name, and who acted."""

import pytest

from likeness.errors import AlreadyEnrolledError, DataError, SettingError, UnknownPersonError
from likeness.recogniser.gallery import Gallery, acting
from likeness.recogniser.gallery.records import Note

from .conftest import photo_of


def test_everything_takes_an_id(gallery: Gallery) -> None:
    ada = gallery.enrol("Ada", [photo_of("a")]).person.id
    bob = gallery.enrol("Bob", [photo_of("b")]).person.id
    assert gallery.person(ada).name == "Ada"
    assert gallery.enrol(ada, [photo_of("a2")]).person.templates == 2
    assert gallery.approve(ada, photo_of("a3")).added == (4,)
    assert [one.person for one in gallery.templates(bob)] == ["Bob"]
    assert gallery.change_person(ada, new="Ada L.").name == "Ada L."
    assert gallery.change_person(ada, metadata={"room": 7}).metadata == {"room": 7}
    assert gallery.merge(bob, into=ada).templates == 4
    receipt = gallery.forget(ada)
    assert (receipt.name, receipt.person_id) == ("Ada L.", ada)
    assert gallery.count_people() == 0


def test_an_id_is_nobody_elses_after_a_rename(gallery: Gallery) -> None:
    ada = gallery.enrol("Ada", []).person.id
    bob = gallery.enrol("Bob", []).person.id
    gallery.change_person(ada, new="Eve")
    gallery.change_person(bob, new="Ada")
    gallery.forget(ada)
    assert [one.name for one in gallery.people()] == ["Ada"]


def test_nobody_has_that_id(gallery: Gallery) -> None:
    ada = gallery.enrol("Ada", []).person.id
    for ask in (
        lambda: gallery.person(99),
        lambda: gallery.enrol(99, []),
        lambda: gallery.forget(99),
        lambda: gallery.change_person(99, new="Eve"),
        lambda: gallery.merge(99, into=ada),
        lambda: gallery.merge(ada, into=99),
        lambda: gallery.template(99),
    ):
        with pytest.raises(UnknownPersonError, match=r"Received: 99\."):
            ask()
    with pytest.raises(SettingError, match="another person"):
        gallery.merge(ada, into=ada)


def test_a_name_and_what_is_noted_change_together_or_not_at_all(gallery: Gallery) -> None:
    ada = gallery.enrol("Ada", [], metadata={"room": 1}).person.id
    gallery.enrol("Bob", [])
    changed = gallery.change_person(ada, new="Ada L.", metadata={"room": 2})
    assert (changed.name, changed.metadata) == ("Ada L.", {"room": 2})
    with pytest.raises(AlreadyEnrolledError):
        gallery.change_person(ada, new="Bob", metadata={"room": 3})
    with pytest.raises(DataError):
        gallery.change_person(ada, new="Eve", metadata={"room": float("nan")})
    assert gallery.person(ada) == changed
    entries = len(gallery.audit())
    assert gallery.change_person(ada) == changed
    assert len(gallery.audit()) == entries


def test_who_must_be_new(gallery: Gallery) -> None:
    made = gallery.enrol("Ada", [photo_of("a")], new=True)
    assert made.added == (1,)
    with pytest.raises(AlreadyEnrolledError, match="'Ada' is enrolled in"):
        gallery.enrol("Ada", [photo_of("b")], new=True)
    with pytest.raises(AlreadyEnrolledError):
        gallery.enrol(" Ada ", [], new=True)
    assert gallery.counts().templates == 1
    # A client that got no response may retry.
    assert gallery.enrol("Ada", [photo_of("a")], new=True).already == (1,)


def test_nobody_is_left_if_the_photo_is_anothers(gallery: Gallery) -> None:
    gallery.enrol("Ada", [photo_of("a")])
    with pytest.raises(AlreadyEnrolledError):
        gallery.enrol("Bob", [photo_of("a")], new=True)
    assert [one.name for one in gallery.people()] == ["Ada"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["Ada Lovelace"]),
        ("LOVE", ["Ada Lovelace"]),
        ("a", ["Ada Lovelace", "Grace 100%"]),
        ("%", ["Grace 100%"]),
        ("_", []),
        ("nobody", []),
    ],
)
def test_names_are_searched(gallery: Gallery, search: str, found: list[str]) -> None:
    for name in ("Ada Lovelace", "Grace 100%", "Bob"):
        gallery.enrol(name, [])
    assert [one.name for one in gallery.people(search=search)] == found
    assert gallery.count_people(search=search) == len(found)
    after, paged = None, []
    while page := gallery.people(search=search, after=after, limit=1):
        paged += [one.name for one in page]
        after = page[-1].name
    assert paged == found


def test_capital_letters_beyond_ascii(gallery: Gallery) -> None:
    if gallery.store.database.on_server:
        pytest.skip("there it is the database's language that says which letters are one")
    gallery.enrol("Ünal Öztürk", [])
    assert gallery.count_people(search="öZTÜRK") == 1


def test_who_acts_is_in_the_audit_log_and_on_the_receipt(gallery: Gallery) -> None:
    with acting("reception", {"request": "r1", "key": 7}):
        ada = gallery.enrol("Ada", [photo_of("a")]).person.id
        receipt = gallery.forget(ada)
    gallery.enrol("Bob", [])
    entries = gallery.audit()
    assert receipt.by == "reception"
    assert [entry.who for entry in entries] == ["reception"] * 3 + ["operator"]
    assert [entry.detail for entry in entries] == [{"request": "r1", "key": 7}] * 3 + [None]


def test_notes_are_entries_in_one_commit(gallery: Gallery) -> None:
    before = gallery.store.model
    notes = [
        Note(what="identified", by="door", person_id=number, detail={"energy": 0.5})
        for number in (3, None)
    ]
    gallery.note(notes)
    gallery.note([])
    entries = gallery.audit()
    assert [(one.number, one.person_id, one.detail) for one in entries] == [
        (1, 3, {"energy": 0.5}),
        (2, None, {"energy": 0.5}),
    ]
    assert {one.who for one in entries} == {"door"}
    assert gallery.store.model == before
    with pytest.raises(DataError, match="detail: expected JSON values"):
        gallery.note([Note(what="x", by="x", person_id=None, detail={"energy": float("nan")})])
    assert len(gallery.audit()) == 2
