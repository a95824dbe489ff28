"""A gallery somewhere else: copies, backups, exports; and what a check finds."""

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from likeness.errors import (
    AlreadyEnrolledError,
    DataError,
    GalleryError,
    GalleryMismatchError,
    OutputError,
)
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    GalleryModel,
    backup_gallery,
    check_gallery,
    copies,
    copy_gallery,
    create_gallery,
    export_people,
    import_people,
    open_gallery,
)

from ...conftest import Server
from .conftest import model_of, photo_of, vector_of


def content(gallery: Gallery) -> list[object]:
    """All that a gallery says of people, templates and history."""
    return [
        gallery.people(limit=1000),
        [
            vars(entry) | {"vector": vector_bytes(entry)}
            for entry in gallery.templates(vectors=True)
        ],
        gallery.audit(limit=1000),
        [gallery.photo(template.id) for template in gallery.templates()],
    ]


def vector_bytes(template: object) -> bytes:
    return template.vector.tobytes()  # type: ignore[attr-defined]


def fill(gallery: Gallery) -> None:
    awkward = np.array([0.1, -0.0, 1e-42, 3.4e-12, 1 / 3, 1e14, -1e-7, 5], np.float32)
    gallery.enrol("Ada", [photo_of("a", kept=True), photo_of("a2")], metadata={"größe": "«1»"})
    gallery.enrol("Bob", [type(photo_of("b"))(vector=awkward, photo_digest="1" * 64)])
    gallery.approve("Bob", photo_of("b2"))
    gallery.enrol("Gone", [photo_of("g")])
    gallery.forget("Gone")
    gallery.enrol("Nobody's photo", [])


@pytest.fixture(params=["plain", "sealed"])
def source(request: pytest.FixtureRequest, file: Path) -> Gallery:
    key = GalleryKey(bytes(32)) if request.param == "sealed" else None
    gallery = create_gallery(file, model_of(), key=key)
    fill(gallery)
    return gallery


def reopened(place: str | Path, source: Gallery) -> Gallery:
    return open_gallery(place, key=GalleryKey(bytes(32)) if source.key_id else None)


class TestCopy:
    def test_there_and_back(self, source: Gallery, server: Server, tmp_path: Path) -> None:
        place = server.schema()
        there = copy_gallery(source, place)
        assert (there.people, there.templates, there.photos) == (3, 4, 1)
        with reopened(place, source) as copied:
            assert content(copied) == content(source)
            assert copied.search(vector_of("a")[None])[0] == source.search(vector_of("a")[None])[0]
            back = copy_gallery(copied, tmp_path / "back.db")
            assert back == there
            # It goes on as the first would have: no id is given twice.
            assert copied.enrol("Eve", [photo_of("e")]).added == (6,)
            assert check_gallery(place, key=copied.store.sealing.require()).sound
        with reopened(tmp_path / "back.db", source) as again:
            assert content(again) == content(source)
            assert check_gallery(again.where, key=again.store.sealing.require()).sound

    def test_nothing_is_written_over(self, source: Gallery, tmp_path: Path) -> None:
        other = tmp_path / "other.db"
        create_gallery(other, model_of()).close()
        before = other.read_bytes()
        for place in (other, source.where):
            with pytest.raises(GalleryError, match="expected a path or address without a gallery"):
                copy_gallery(source, place)
        assert other.read_bytes() == before
        assert source.counts().people == 3

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE templates SET vector = zeroblob(8) WHERE id = 1",
            "UPDATE people SET name = x'41ff' WHERE id = 1",
            "UPDATE photos SET content = x'00'",
        ],
    )
    def test_what_is_damaged_is_not_copied(
        self, file: Path, tmp_path: Path, statement: str
    ) -> None:
        with create_gallery(file, model_of()) as gallery:
            fill(gallery)
        connection = sqlite3.connect(file)
        connection.executescript(statement)
        connection.close()
        with (
            open_gallery(file) as gallery,
            pytest.raises(GalleryError, match=r"does not match its digest\. Nothing was"),
        ):
            copy_gallery(gallery, tmp_path / "other.db")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["staff.db"]
        assert not check_gallery(file).sound

    def test_a_copy_that_lost_something_does_not_come_to_be(
        self, source: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = copies.pages

        def without_the_last(connection: sa.Connection, table: sa.Table, *, size: int):  # type: ignore[no-untyped-def]
            for rows in whole(connection, table, size=size):
                ours = "other.db" in str(connection.engine.url)
                yield rows[:-1] if ours and table.name == "templates" else rows

        monkeypatch.setattr(copies, "pages", without_the_last)
        with pytest.raises(
            GalleryError, match=r"expected a copy equal to its source\. Received: 3 p"
        ):
            copy_gallery(source, tmp_path / "other.db")
        assert not (tmp_path / "other.db").exists()


class TestBackup:
    def test_is_a_gallery(self, source: Gallery, tmp_path: Path) -> None:
        made = backup_gallery(source, tmp_path / "backup.db")
        with reopened(made, source) as opened:
            assert content(opened) == content(source)
        assert check_gallery(made, key=source.store.sealing.require()).sound

    def test_of_a_gallery_that_is_written_to(self, file: Path, tmp_path: Path) -> None:
        with create_gallery(file, model_of()) as gallery:
            stop = threading.Event()

            def write() -> None:
                with open_gallery(file) as writer:
                    number = 0
                    while not stop.is_set():
                        writer.enrol(f"{number}", [photo_of(f"{number}"), photo_of(f"{number}b")])
                        number += 1

            thread = threading.Thread(target=write)
            thread.start()
            try:
                for number in range(4):
                    found = check_gallery(backup_gallery(gallery, tmp_path / f"b{number}.db"))
                    assert found.sound
                    assert found.templates == 2 * found.people
            finally:
                stop.set()
                thread.join()

    def test_nothing_is_written_over(self, source: Gallery, tmp_path: Path) -> None:
        place = tmp_path / "there"
        place.write_text("mine")
        with pytest.raises(OutputError, match=r"expected a new file\."):
            backup_gallery(source, place)
        with pytest.raises(OutputError, match="cannot be written"):
            backup_gallery(source, tmp_path / "no" / "backup.db")
        assert place.read_text() == "mine"
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_is_for_files(self) -> None:
        with (
            create_gallery(":memory:", model_of()) as gallery,
            pytest.raises(GalleryError, match="expected a gallery in a SQLite file"),
        ):
            backup_gallery(gallery, "backup.db")


class TestExport:
    def test_comes_back_as_it_was(self, source: Gallery, place: str) -> None:
        lines = list(export_people(source))
        with create_gallery(place, model_of()) as other:
            found = import_people(other, lines)
            assert (found.people, found.new_people, found.added, found.already) == (3, 3, 4, 0)
            again = import_people(other, lines)
            assert (again.new_people, again.added, again.already) == (0, 0, 4)
            for ours, theirs in zip(
                source.templates(vectors=True), other.templates(vectors=True), strict=True
            ):
                for name in ("person", "photo_digest", "quality", "provenance", "created"):
                    assert getattr(ours, name) == getattr(theirs, name)
                assert vector_bytes(ours) == vector_bytes(theirs)
            assert other.photo(1) == photo_of("a", kept=True).photo
            assert other.person("Ada").metadata == {"größe": "«1»"}
            assert other.person("Ada").created == source.person("Ada").created

    def test_photos_can_stay(self, source: Gallery) -> None:
        lines = "".join(export_people(source, with_photos=False))
        assert '"photo":' not in lines
        assert '"photo":' in "".join(export_people(source))

    def test_is_of_one_model(self, source: Gallery) -> None:
        other = GalleryModel(fingerprint="cf13", energy="euclidean", dimensions=8)
        with (
            create_gallery(":memory:", other) as gallery,
            pytest.raises(GalleryMismatchError, match=r"^line 1: the embeddings are of model 8524"),
        ):
            import_people(gallery, export_people(source))

    def test_all_of_it_or_nothing(self, source: Gallery) -> None:
        with create_gallery(":memory:", model_of()) as gallery:
            gallery.enrol("Eve", [photo_of("a2")])
            with pytest.raises(AlreadyEnrolledError):
                import_people(gallery, export_people(source))
            assert gallery.counts().people == 1

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("hello", r"line 2: expected JSON\."),
            ("[]", r"line 2: expected an object\."),
            ("{}", "line 2: expected a person with templates. 'templates' is missing"),
            ('{"templates": [], "person": "A", "metadata": 7}', "line 2: .*expected an object"),
            ('{"templates": 7, "person": "A"}', "line 2: expected a person"),
            ('{"templates": [{"vector": "x", "photo_digest": "0"}], "person": "A"}', "line 2"),
            (
                '{"templates": [{"vector": [1], "photo_digest": "0", "photo": "?"}], "person": ""}',
                "line 2",
            ),
            ('{"templates": [], "person": "A", "created": 7}', "line 2: .*expected a time"),
            ('{"templates": [{"vector": [1, 2], "photo_digest": "0"}], "person": "A"}', "vector"),
        ],
    )
    def test_lines_must_fit(self, source: Gallery, line: str, sentence: str) -> None:
        head = next(iter(export_people(source)))
        with create_gallery(":memory:", model_of()) as gallery:
            with pytest.raises(DataError, match=sentence):
                import_people(gallery, [head, line])
            assert gallery.counts().people == 0

    @pytest.mark.parametrize("lines", [[], ["{}"], [json.dumps({"format": "other"})]])
    def test_the_first_line_says_what_it_is(self, lines: list[str]) -> None:
        with (
            create_gallery(":memory:", model_of()) as gallery,
            pytest.raises(DataError, match=r"^line 1: expected"),
        ):
            import_people(gallery, lines)


DAMAGE: list[tuple[str, str]] = [
    ("UPDATE people SET name = 'Mallory' WHERE id = 1", "person 1: the row does not match"),
    ("UPDATE people SET name = '' WHERE id = 1", "person 1: invalid name"),
    ("UPDATE templates SET vector = zeroblob(12) WHERE id = 2", "template 2: has 3 numbers"),
    ("UPDATE templates SET vector = zeroblob(5) WHERE id = 2", "template 2: the embedding is cut"),
    (
        f"UPDATE templates SET vector = x'0000c07f{'00' * 28}' WHERE id = 2",
        "template 2: holds NaN or infinity",
    ),
    ("UPDATE templates SET model = 'x' WHERE id = 1", "template 1: is of another model"),
    ("UPDATE templates SET person_id = 99 WHERE id = 1", "template 1 has no person"),
    ("UPDATE templates SET person_id = 2 WHERE id = 1", "template 1: the row does not match"),
    ("UPDATE templates SET quality = '{}' WHERE id = 1", "template 1: the row does not match"),
    ("UPDATE photos SET content = x'00'", "photo of template 1: the row does not match"),
    ("UPDATE photos SET content = x'00'", "photo of template 1: does not match its digest"),
    ("UPDATE photos SET template_id = 77", "a kept photo belongs to template 77, which does not"),
    ("DELETE FROM changes WHERE number = 2", "changes: 1 entries are missing"),
    ("DELETE FROM changes WHERE number = 5", "changes: the last entry is"),
    ("UPDATE gallery SET last_change = 99", "changes: the last entry is"),
    ("UPDATE gallery SET next_template = 2", "templates: number 4 was never assigned"),
    ("UPDATE gallery SET next_person = 2", "people: number 4 was never assigned"),
    (
        "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE number = 3",
        "audit: 1 entries are missing",
    ),
    (
        "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE number < 3",
        "audit: the entries before 3 are missing",
    ),
]


class TestCheck:
    @pytest.mark.parametrize(("statement", "problem"), DAMAGE)
    def test_finds_the_damage(self, file: Path, statement: str, problem: str) -> None:
        with create_gallery(file, model_of()) as gallery:
            fill(gallery)
        assert check_gallery(file).sound
        connection = sqlite3.connect(file)
        connection.executescript(statement)
        connection.close()
        found = check_gallery(file)
        assert not found.sound
        assert any(sentence.startswith(problem) for sentence in found.problems), found.problems

    def test_finds_flipped_bytes_in_the_file(self, file: Path) -> None:
        with create_gallery(file, model_of()) as gallery:
            gallery.enrol_many({f"person {n}": [photo_of(f"{n}")] for n in range(40)})
        content = bytearray(file.read_bytes())
        place = content.find(vector_of("7").tobytes())
        content[place] ^= 1
        file.write_bytes(content)
        assert any("does not match its digest" in text for text in check_gallery(file).problems)

    def test_finds_damage_on_a_server(self, server: Server) -> None:
        place = server.schema()
        with create_gallery(place, model_of()) as gallery:
            fill(gallery)
            assert check_gallery(place).problems == ()
            with gallery.store.database.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE templates SET vector = '[1,2]' WHERE id = 1")
        problems = check_gallery(place).problems
        assert "template 1: has 2 numbers, and should have 8" in problems

    def test_notes_what_is_not_of_unit_length(self, file: Path) -> None:
        with create_gallery(file, model_of()) as gallery:
            fill(gallery)
        assert check_gallery(file).notes == ("1 of 4 embeddings are not of unit length",)

    def test_tells_of_many_problems_only_the_first(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("likeness.recogniser.gallery.check.MOST", 3)
        with create_gallery(file, model_of()) as gallery:
            gallery.enrol_many({f"person {n}": [] for n in range(40)})
        connection = sqlite3.connect(file)
        connection.executescript("UPDATE people SET metadata = '[]'")
        connection.close()
        assert len(check_gallery(file).problems) == 3

    @pytest.mark.parametrize("ask", [check_gallery, open_gallery])
    def test_needs_a_gallery(self, tmp_path: Path, ask: Callable[[Path], object]) -> None:
        with pytest.raises(GalleryError, match="Found nothing"):
            ask(tmp_path / "staff.db")

    @pytest.mark.parametrize("kind", ["flipped", "cut", "overwritten"])
    def test_of_a_broken_file_says_so_and_nothing_raises(self, file: Path, kind: str) -> None:
        with create_gallery(file, model_of()) as gallery:
            gallery.enrol_many({f"person {n}": [photo_of(f"{n}")] for n in range(150)})
        good = file.read_bytes()
        rng = np.random.default_rng(len(kind))
        for _ in range(8):
            content = bytearray(good)
            if kind == "flipped":
                for place in rng.integers(100, len(content), 40):
                    content[place] ^= int(rng.integers(1, 255))
            elif kind == "cut":
                content = content[: int(rng.integers(100, len(content)))]
            else:
                # Whole pages: in half of one may be nothing but unused space.
                place = int(rng.integers(1, len(content) // 8192)) * 8192
                content[place : place + 8192] = rng.bytes(8192)
            for end in ("-wal", "-shm"):
                file.with_name(file.name + end).unlink(missing_ok=True)
            file.write_bytes(content)
            assert not check_gallery(file).sound
            try:
                with open_gallery(file) as gallery:
                    gallery.search(vector_of("7")[None])
                    gallery.people()
            except GalleryError as error:
                assert str(file) in str(error)
