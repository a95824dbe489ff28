"""What people report of galleries: each kind of fault with several of its members."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from likeness.errors import (
    DataError,
    GalleryDamagedError,
    GalleryError,
    GalleryKeyError,
    SettingError,
)
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    backup_gallery,
    check_gallery,
    create_gallery,
    export_people,
    import_people,
    open_gallery,
)
from likeness.recogniser.gallery.database import APPLICATION_ID
from likeness.recogniser.gallery.schema import people

from ...conftest import Server
from .conftest import model_of, photo_of, vector_of


def filled(file: Path, *, key: GalleryKey | None = None) -> Gallery:
    gallery = create_gallery(file, model_of(), key=key, by="operator")
    gallery.enrol("Ada Lovelace", [photo_of("a", kept=True), photo_of("b")])
    gallery.enrol("Bob", [photo_of("c")])
    return gallery


def sql(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


class TestImportedText:
    @pytest.fixture
    def lines(self, file: Path) -> list[str]:
        with filled(file) as gallery:
            return list(export_people(gallery))

    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[Gallery]:
        with create_gallery(tmp_path / "other.db", model_of()) as gallery:
            yield gallery

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_utf8_is_read_with_or_without_its_mark(
        self, lines: list[str], target: Gallery, encoding: str
    ) -> None:
        lines = [line.replace('"Bob"', '"Ève 空"') for line in lines]
        content = "".join(lines).encode(encoding)
        assert import_people(target, content.splitlines(keepends=True)).people == 2
        assert target.person("Ève 空").templates == 1

    @pytest.mark.parametrize(
        ("encoding", "line"),
        [("latin-1", 3), ("cp1252", 3), ("utf-16", 1), ("utf-32", 1), ("shift-jis", 3)],
    )
    def test_other_encodings_are_named_with_file_and_line(
        self, lines: list[str], target: Gallery, encoding: str, line: int
    ) -> None:
        name = "Ève" if encoding in ("latin-1", "cp1252") else "空"
        content = "".join(lines).replace('"Bob"', f'"{name}"').encode(encoding)
        with pytest.raises(DataError, match=rf"^staff\.jsonl, line {line}: expected text in UTF-8"):
            import_people(target, content.splitlines(keepends=True), name="staff.jsonl")
        assert target.people() == ()

    @pytest.mark.parametrize(
        "change",
        [
            {"person": ""},
            {"person": "a\nb"},
            {"person": "x" * 201},
            {"person": 7},
            {"templates": [{"vector": [1.0], "photo_digest": "0" * 64}]},
            {"templates": [{"vector": [10**400] * 8, "photo_digest": "0" * 64}]},
        ],
    )
    def test_a_value_that_does_not_fit_is_named_with_its_line(
        self, lines: list[str], target: Gallery, change: dict[str, object]
    ) -> None:
        lines[2] = json.dumps(json.loads(lines[2]) | change)
        with pytest.raises(DataError, match=r"^line 3: expected a person with templates"):
            import_people(target, lines)
        assert target.people() == ()

    def test_deep_json_is_no_traceback(self, lines: list[str], target: Gallery) -> None:
        with pytest.raises(DataError, match=r"^line 2: expected JSON"):
            import_people(target, [lines[0], "[" * 100_000])


class TestReadOnlyMedia:
    """As somebody who may only read: for root, permissions do not count."""

    @pytest.fixture
    def media(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="media-"))
        with filled(folder / "staff.db"):
            pass
        folder.chmod(0o555)
        (folder / "staff.db").chmod(0o444)
        yield folder
        folder.chmod(0o700)
        shutil.rmtree(folder)

    @pytest.mark.parametrize(
        ("statement", "answer"),
        [
            ("print([p.name for p in g.people()])", "['Ada Lovelace', 'Bob']"),
            ("print(g.search(v)[0][0].name)", "Bob"),
            ("print(len(list(export_people(g))))", "3"),
            ("print(check_gallery(sys.argv[1]).sound)", "True"),
            ("g.change_person('Bob', new='Eve')", "it is read-only"),
        ],
    )
    def test_a_gallery_there_is_read(self, media: Path, statement: str, answer: str) -> None:
        script = (
            "import os, sys, numpy as np\n"
            "from likeness.recogniser.gallery import *\n"
            f"v = np.array([{vector_of('c').tolist()}], np.float32)\n"
            "m = GalleryModel(fingerprint='f', energy='euclidean', dimensions=8)\n"
            "with create_gallery(':memory:', m) as g: g.search(v)\n"  # everything is imported
            "if os.getuid() == 0: os.setuid(65534)\n"
            "try:\n"
            f"    with open_gallery(sys.argv[1], by='x') as g: {statement}\n"
            "except Exception as error: print(error)\n"
        )
        command = [sys.executable, "-c", script, str(media / "staff.db")]
        read = subprocess.run(command, check=False, capture_output=True, text=True)
        assert answer in read.stdout, read.stderr

    def test_a_backup_is_made_where_hard_links_do_not_work(
        self, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)
        with filled(file) as gallery:
            backup_gallery(gallery, tmp_path / "backup.db")
        assert check_gallery(tmp_path / "backup.db").sound


class TestReplacedFile:
    @pytest.mark.parametrize("how", ["replaced", "deleted", "moved"])
    @pytest.mark.parametrize(
        "work",
        [
            lambda gallery: gallery.people(),
            lambda gallery: gallery.enrol("Eve", [photo_of("e")]),
            lambda gallery: gallery.forget("Bob"),
        ],
    )
    def test_stops_with_a_clear_error(
        self, file: Path, tmp_path: Path, how: str, work: Callable[[Gallery], object]
    ) -> None:
        with filled(file) as gallery:
            backup_gallery(gallery, tmp_path / "backup.db")
            gallery.people()
            if how == "replaced":
                (tmp_path / "backup.db").replace(file)
            elif how == "deleted":
                file.unlink()
            else:
                file.rename(tmp_path / "moved.db")
            with pytest.raises(GalleryError, match="was replaced, moved or deleted while it was"):
                work(gallery)

    def test_a_change_that_is_under_way_is_not_acknowledged(self, file: Path) -> None:
        with (
            filled(file) as gallery,
            pytest.raises(GalleryError, match="Nothing was changed"),
            gallery.store.writing() as writing,
        ):
            writing.audit("tried")
            file.unlink()


class TestOtherProgramsWrote:
    """Rows and entries that this program does not write."""

    @pytest.mark.parametrize("sealed", [False, True])
    @pytest.mark.parametrize(
        "read",
        [
            lambda gallery: gallery.search(vector_of("a")[None]),
            lambda gallery: list(gallery.templates(vectors=True)),
            lambda gallery: list(export_people(gallery)),
        ],
    )
    def test_a_template_that_is_stored_otherwise_is_no_traceback(
        self, file: Path, sealed: bool, read: Callable[[Gallery], object]
    ) -> None:
        key = GalleryKey.generate() if sealed else None
        filled(file, key=key).close()
        other = "vector = zeroblob(32), sealed = NULL, key_id = NULL"
        if not sealed:
            other = "vector = NULL, sealed = zeroblob(60), key_id = 'abc'"
        sql(file, f"UPDATE templates SET {other} WHERE id = 1")
        with (
            open_gallery(file, key=key) as gallery,
            pytest.raises(GalleryDamagedError, match=r"template 1 is stored .*gallery check"),
        ):
            read(gallery)
        assert not check_gallery(file, key=key).sound

    @pytest.mark.parametrize("detail", ["{", "[" * 100_000, "7", '"text"'])
    def test_an_audit_entry_that_is_no_json_is_shown_and_told(
        self, file: Path, detail: str
    ) -> None:
        with filled(file) as gallery:
            sql(
                file,
                "DROP TRIGGER audit_no_update",
                f"UPDATE audit SET detail = '{detail}' WHERE number = 1",
            )
            assert gallery.audit()[0].detail == {"unreadable": detail}
        problems = check_gallery(file).problems
        assert "audit: the detail of entry 1 is not JSON" in problems


def test_a_check_does_not_upgrade_an_old_gallery(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old = Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8")
        connection.executescript(old)
    before = file.read_bytes()
    checked = check_gallery(file)
    assert "schema version 1" in checked.notes[-1]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)
    assert len(file.read_bytes()) == len(before)


@pytest.mark.parametrize("name", ["Ada", "Bo", "Ève"])
def test_a_short_name_is_gone_from_a_file_written_anew(file: Path, name: str) -> None:
    with create_gallery(file, model_of()) as gallery:
        gallery.enrol(name, [photo_of("a")])
        receipt = gallery.forget(name)
        assert receipt.verified_absent
        assert "the file is rewritten" in receipt.checkpoint
        assert any("written anew without it" in sentence for sentence in receipt.remains)


def test_a_short_name_is_not_said_to_be_gone_from_a_file_too_large_to_rewrite(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("likeness.recogniser.gallery.scrub.REWRITTEN", 10)
    with create_gallery(file, model_of()) as gallery:
        gallery.enrol("Ada", [photo_of("a")])
        receipt = gallery.forget("Ada")
        assert not receipt.verified_absent
        assert any("too large" in sentence for sentence in receipt.remains)


def test_an_export_is_in_the_audit_log(file: Path) -> None:
    with filled(file) as gallery:
        list(export_people(gallery))
        last = gallery.audit()[-1]
        assert (last.what, last.who, last.templates) == ("exported people", "operator", 3)


class TestNearNames:
    """Names that look alike are different people; whoever makes one is told, and `forget` too."""

    ALIKE = (
        "ada lovelace",
        "Ada  Lovelace",
        "Ada\u00a0Lovelace",
        "ADA\u2009LOVELACE",
        "\uff21da Lovelace",
    )

    @pytest.mark.parametrize("name", ALIKE)
    def test_are_told_by_enrolling_renaming_and_forgetting(self, file: Path, name: str) -> None:
        with filled(file) as gallery:
            assert gallery.enrol(name, [photo_of("x")]).near_names == ("Ada Lovelace",)
            assert gallery.enrol(name, [photo_of("y")]).near_names == ()  # is known by now
            assert gallery.near_names("Ada Lovelace") == (name,)
            gallery.change_person(name, new="Eve")
            assert gallery.near_names("Ada Lovelace") == ()
            gallery.change_person("Eve", new=name)
            receipt = gallery.forget("Ada Lovelace")
            assert any(repr(name) in sentence for sentence in receipt.remains)

    @pytest.mark.parametrize(
        "letter", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\u2067", "\u00ad", "\u3164"]
    )
    @pytest.mark.parametrize("how", ["enrol", "rename", "import"])
    def test_letters_that_cannot_be_seen_are_refused(
        self, file: Path, letter: str, how: str
    ) -> None:
        name = f"A{letter}da"
        with filled(file) as gallery:
            lines = list(export_people(gallery))
            with pytest.raises((SettingError, DataError), match=f"U\\+{ord(letter):04X}"):
                if how == "enrol":
                    gallery.enrol(name, [])
                elif how == "rename":
                    gallery.change_person("Bob", new=name)
                else:
                    import_people(gallery, [lines[0], lines[2].replace('"Bob"', f'"{name}"')])
            assert [person.name for person in gallery.people()] == ["Ada Lovelace", "Bob"]

    @pytest.mark.parametrize("name", ["علی\u200cرضا", "क्\u200dष"])
    def test_joiners_that_belong_to_a_script_are_letters(self, file: Path, name: str) -> None:
        with filled(file) as gallery:
            assert gallery.enrol(name, []).person.name == name

    @pytest.mark.parametrize("name", ["Zoe\u0308", " Zo\u00eb ", "Zo\u00eb"])
    def test_composed_and_decomposed_letters_are_one_person(self, file: Path, name: str) -> None:
        with filled(file) as gallery:
            gallery.enrol("Zo\u00eb", [photo_of("z")])
            assert gallery.enrol(name, [photo_of("y")]).person.templates == 2
            assert gallery.near_names(name) == ()

    def test_an_old_name_with_such_letters_is_renamed_and_forgotten(self, file: Path) -> None:
        filled(file).close()
        sql(file, "UPDATE people SET name = 'Bo\u200bb' WHERE name = 'Bob'")
        with open_gallery(file) as gallery:
            assert gallery.person("Bo\u200bb").templates == 1
            assert gallery.forget("Bo\u200bb").name == "Bo\u200bb"


class TestAuditChain:
    @pytest.mark.parametrize(
        "edit",
        [
            "UPDATE audit SET who = 'nobody' WHERE number = 2",
            "UPDATE audit SET person_id = 7 WHERE number = 1",
            "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
            "DELETE FROM audit WHERE number = 2",
            "UPDATE audit SET number = number + 1 WHERE number = (SELECT max(number) FROM audit)",
        ],
    )
    @pytest.mark.parametrize("counters", [False, True])
    def test_an_edited_log_is_not_sound(self, file: Path, edit: str, counters: bool) -> None:
        filled(file).close()
        assert check_gallery(file).sound
        sql(file, "DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", edit)
        if counters:
            sql(file, "UPDATE gallery SET last_audit = (SELECT max(number) FROM audit)")
        assert any(problem.startswith("audit: ") for problem in check_gallery(file).problems)

    def test_of_an_old_gallery_begins_when_it_is_brought_up_to_date(self, file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            old = Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8")
            connection.executescript(old)
        with open_gallery(file) as gallery:
            gallery.enrol("ada", [])
            assert gallery.near_names("ada") == ("Ada",)
            gallery.search(vector_of("a", 2)[None])
        assert check_gallery(file).sound
        sql(file, "DROP TRIGGER audit_no_update", "UPDATE audit SET who = 'x' WHERE number = 1")
        assert not check_gallery(file).sound


class TestFlippedBits:
    @pytest.mark.parametrize("bit", [0, 77, 255])
    @pytest.mark.parametrize("sealed", [False, True])
    def test_an_embedding_is_not_searched(self, file: Path, bit: int, sealed: bool) -> None:
        key = GalleryKey.generate() if sealed else None
        filled(file, key=key).close()
        column = "sealed" if sealed else "vector"
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            (stored,) = connection.execute(
                f"SELECT {column} FROM templates WHERE id = 2"
            ).fetchone()
            content = bytearray(stored)
            content[bit // 8] ^= 1 << bit % 8
            connection.execute(f"UPDATE templates SET {column} = ? WHERE id = 2", (bytes(content),))
        with (
            open_gallery(file, key=key) as gallery,
            pytest.raises((GalleryDamagedError, GalleryKeyError)),
        ):
            gallery.search(vector_of("a")[None])

    def test_sound_ones_are_searched_after_every_change(self, file: Path) -> None:
        key = GalleryKey.generate()
        with filled(file) as gallery:
            gallery.remove_template(1)
            gallery.merge("Bob", into="Ada Lovelace")
            gallery.replace_vectors(gallery.model, {n: vector_of(f"new {n}") for n in (2, 3)})
            gallery.rotate_key(key)
            gallery.rotate_key(None)
            gallery.enrol("Eve", [photo_of("e")])
            gallery.forget("Eve")
        with open_gallery(file) as gallery:
            assert gallery.search(vector_of("new 3")[None])[0][0].template_ids == (2, 3)


class TestServer:
    """A PostgreSQL server that holds on to rows, refuses, or is silent."""

    @pytest.fixture
    def address(self, server: Server) -> str:
        address = server.schema()
        with create_gallery(address, model_of(), by="operator") as gallery:
            gallery.enrol("Ada Lovelace", [photo_of("a")])
            gallery.enrol("Bob", [photo_of("b")])
        return address

    def test_a_held_snapshot_is_waited_for_and_told(self, address: str) -> None:
        with open_gallery(address) as reader, open_gallery(address) as gallery:
            gallery.store.patience = 0.3
            with reader.store.reading() as reading:
                assert reading.count(people) == 2
                receipt = gallery.forget("Ada Lovelace")
                assert not receipt.verified_absent
                assert "an older transaction still sees the rows" in receipt.checkpoint
                assert any("deleted bytes" in note for note in check_gallery(address).notes)
        open_gallery(address).close()  # tries again
        assert check_gallery(address).notes == ()

    def test_without_a_reader_it_is_verified(self, address: str) -> None:
        with open_gallery(address) as gallery:
            receipt = gallery.forget("Ada Lovelace")
        assert receipt.verified_absent
        assert receipt.checkpoint == "the server's tables are vacuumed"

    def test_a_role_that_may_not_vacuum_does_not_verify(self, address: str, server: Server) -> None:
        schema = address.split("search_path%3D")[1].split(",", maxsplit=1)[0]
        with server.engine.connect() as connection:
            connection.exec_driver_sql("DROP ROLE IF EXISTS clerk")
            connection.exec_driver_sql("CREATE ROLE clerk")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO clerk")
            # Not ALL: since PostgreSQL 17 that includes MAINTAIN, and so VACUUM.
            granted = f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}"
            connection.exec_driver_sql(f"GRANT {granted} TO clerk")
        try:
            with open_gallery(f"{address}%20-crole%3Dclerk") as gallery:
                receipt = gallery.forget("Ada Lovelace")
            assert not receipt.verified_absent
            assert "the server did not vacuum" in receipt.checkpoint
        finally:
            with server.engine.connect() as connection:
                connection.exec_driver_sql("DROP OWNED BY clerk")
                connection.exec_driver_sql("DROP ROLE clerk")

    def test_samples_of_names_in_statistics_are_not_overlooked(self, address: str) -> None:
        with open_gallery(address) as gallery:
            engine = gallery.store.database.engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE people")
            assert gallery.forget("Ada Lovelace").verified_absent  # none are kept by default
            with engine.connect() as connection:
                connection.exec_driver_sql("ALTER TABLE people ALTER name SET STATISTICS 100")
                connection.exec_driver_sql("ANALYZE people")
            receipt = gallery.forget("Bob")
        assert not receipt.verified_absent
        assert "the planner's statistics" in receipt.checkpoint

    def test_nothing_is_waited_for_without_end(
        self, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("likeness.recogniser.gallery.database.BUSY_MS", 200)
        with open_gallery(address) as gallery, open_gallery(address) as other:
            with gallery.store.reading() as reading:
                driver = reading.connection.connection.driver_connection
                assert driver is not None
                given = driver.info.get_parameters()
                assert {given[n] for n in ("connect_timeout", "keepalives_idle")} == {"10", "5"}
                for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    shown = reading.connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                    assert shown == "2min"
            with gallery.store.writing(), pytest.raises(GalleryError, match="holds the write lock"):
                other.enrol("Eve", [])

    def test_forgotten_templates_hide_nobody_from_an_approximate_search(self, address: str) -> None:
        near = vector_of("near")
        with open_gallery(address) as reader, open_gallery(address) as gallery:
            gallery.store.patience = 0
            many = [
                replace(photo_of(f"many {n}"), vector=near + np.float32(1e-4 * n))
                for n in range(120)
            ]
            gallery.enrol("Many Photos", many)
            gallery.enrol("Neighbour", [replace(photo_of("n"), vector=near + np.float32(0.1))])
            gallery.build_index()

            def search() -> list[str]:
                (answer,) = gallery.search(near[None], k=2, approximate=20)
                return [person.name for person in answer]

            assert search() == ["Many Photos", "Neighbour"]  # is not crowded out
            with reader.store.reading() as reading:
                reading.count(people)
                gallery.forget("Many Photos")
                assert search()[0] == "Neighbour"
