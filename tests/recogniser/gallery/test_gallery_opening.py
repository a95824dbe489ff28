"""Opening and making galleries: addresses, versions, models, and what is not a gallery."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from likeness.errors import GalleryError, GalleryMismatchError, LikenessError, SettingError
from likeness.recogniser.gallery import (
    Gallery,
    GalleryModel,
    check_gallery,
    copy_gallery,
    create_gallery,
    open_gallery,
)
from likeness.recogniser.gallery.database import APPLICATION_ID, Database
from likeness.recogniser.gallery.opening import migrate
from likeness.recogniser.gallery.schema import schema_version, version_of

from ...conftest import Server
from .conftest import model_of, photo_of


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("staff.db", ("sqlite", "staff.db")),
            ("/a b/staff.db", ("sqlite", "/a b/staff.db")),
            ("sqlite:///staff.db", ("sqlite", "staff.db")),
            (":memory:", ("sqlite", ":memory:")),
            ("sqlite://", ("sqlite", ":memory:")),
            ("postgres://ada@host/staff", ("postgresql+psycopg", "staff")),
            ("postgresql://host/staff", ("postgresql+psycopg", "staff")),
        ],
    )
    def test_is_a_path_or_a_url(self, text: str, expected: tuple[str, str]) -> None:
        url = Database.at(text).url
        assert (url.drivername, url.database) == expected

    @pytest.mark.parametrize(
        "text", ["", "mysql://host/x", "sqlite:///", "x://", "postgresql+a://"]
    )
    def test_is_nothing_else(self, text: str) -> None:
        with pytest.raises(SettingError, match=r"^gallery: expected a path"):
            Database.at(text)

    def test_is_shown_without_its_password(self) -> None:
        assert "secret" not in Database.at("postgresql://ada:secret@host/staff").where

    @pytest.mark.parametrize("kind", [str, Path])
    def test_a_path_is_a_path(self, tmp_path: Path, kind: type) -> None:
        place = kind(tmp_path / "sta%20ff #1?.db")
        create_gallery(place, model_of()).close()
        assert [file.name for file in tmp_path.iterdir()] == ["sta%20ff #1?.db"]
        open_gallery(place).close()


class TestMaking:
    def test_keeps_what_it_is(self, place: str) -> None:
        if place == ":memory:":
            pytest.skip("a gallery in memory cannot be opened a second time")
        model = GalleryModel(fingerprint="cf13", energy="cosine", dimensions=3)
        create_gallery(place, model).close()
        with open_gallery(place, model=model) as opened:
            gallery: Gallery = opened
            assert gallery.model == model
            assert gallery.key_id is None
        create_gallery(place, model).close()
        assert check_gallery(place).sound

    def test_on_a_server_without_the_extension(self, server: Server) -> None:
        with create_gallery(server.database(), model_of()) as gallery:
            assert gallery.enrol("Ada", [photo_of("a")]).added == (1,)

    def test_is_for_the_owners_eyes(self, file: Path) -> None:
        create_gallery(file, model_of()).close()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_every_connection_is_set_up(self, file: Path) -> None:
        with create_gallery(file, model_of()) as gallery:
            connections = [gallery.store.database.engine.connect() for _ in range(3)]
            for connection in connections:
                found = {
                    name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                    for name in (
                        "journal_mode",
                        "synchronous",
                        "secure_delete",
                        "foreign_keys",
                        "application_id",
                    )
                }
                assert found == {
                    "journal_mode": "wal",
                    "synchronous": 2,
                    "secure_delete": 1,
                    "foreign_keys": 1,
                    "application_id": APPLICATION_ID,
                }
                assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 5000
                connection.close()

    @pytest.mark.parametrize(
        ("fingerprint", "energy", "dimensions", "sentence"),
        [
            ("", "cosine", 3, "fingerprint: expected"),
            ("x", "other", 3, "energy: expected one of"),
            ("x", "cosine", 0, "dimensions: expected a whole number"),
            ("x", "cosine", 20_000, "dimensions: expected a whole number"),
        ],
    )
    def test_a_model_must_be_one(
        self, fingerprint: str, energy: str, dimensions: int, sentence: str
    ) -> None:
        with pytest.raises(SettingError, match=f"^{sentence}"):
            GalleryModel(fingerprint=fingerprint, energy=energy, dimensions=dimensions)


class TestRefused:
    def test_another_model(self, file: Path) -> None:
        create_gallery(file, model_of()).close()
        other = GalleryModel(fingerprint="cf13e0cc060a5", energy="euclidean", dimensions=8)
        for opening in (
            lambda: open_gallery(file, model=other),
            lambda: create_gallery(file, other),
        ):
            with pytest.raises(GalleryMismatchError) as error:
                opening()
            assert str(error.value) == (
                f"{file} was enrolled with model 8524c4c431a3; this recogniser uses cf13e0cc060a. "
                "Open it with the old model, or run `likeness re-enrol`."
            )
        with pytest.raises(GalleryMismatchError, match="embeddings of 8 numbers compared by eucl"):
            open_gallery(file, model=model_of("cosine"))

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(GalleryError, match=r"expected a gallery\. Found nothing\."):
            open_gallery(tmp_path / "staff.db")
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(GalleryError, match=r"expected a path in an existing folder\."):
            create_gallery(tmp_path / "no" / "staff.db", model_of())
        for opening in (open_gallery, lambda place: create_gallery(place, model_of())):
            with pytest.raises(GalleryError, match=r"expected a file\. Received: a folder\."):
                opening(tmp_path)

    @pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0", bytes(5000)])
    def test_a_file_of_another_kind(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        for opening in (open_gallery, lambda place: create_gallery(place, model_of())):
            with pytest.raises(GalleryError, match=r"staff\.db"):
                opening(file)
        assert file.read_bytes() == content

    def test_another_sqlite_file_is_not_changed(self, file: Path) -> None:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE people (name)")
        other.close()
        before = file.read_bytes()
        for opening in (open_gallery, lambda place: create_gallery(place, model_of())):
            with pytest.raises(GalleryError, match="Received: another SQLite database"):
                opening(file)
        assert file.read_bytes() == before

    def test_an_empty_file_becomes_one_only_if_asked(self, file: Path) -> None:
        file.touch()
        with pytest.raises(GalleryError, match="Received: an empty file"):
            open_gallery(file)
        create_gallery(file, model_of()).close()

    def test_an_empty_database_on_a_server(self, server: Server) -> None:
        with pytest.raises(GalleryError, match=r"expected a gallery\. Found none\."):
            open_gallery(server.schema())

    def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(GalleryError, match=r"^postgresql\+psycopg://.*cannot be reached"):
            open_gallery(f"postgresql://ada:secret@/x?host={tmp_path}")

    def test_a_damaged_file_is_said_in_a_sentence(self, file: Path) -> None:
        with create_gallery(file, model_of()) as gallery:
            gallery.enrol_many({f"person {n}": [photo_of(f"{n}")] for n in range(50)})
        content = bytearray(file.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        file.write_bytes(content)
        with pytest.raises(LikenessError, match=r"staff\.db: "):
            open_gallery(file)


class TestMigrations:
    """The machinery with steps that are made up, and the real steps on what old versions wrote."""

    def connected(self, file: Path) -> sa.Engine:
        create_gallery(file, model_of()).close()
        engine = sa.create_engine(f"sqlite:///{file}")
        as_version_1(engine)
        return engine

    def test_a_newer_gallery_is_refused(self, place: str) -> None:
        if place == ":memory:":
            pytest.skip("a gallery in memory cannot be opened a second time")
        with (
            create_gallery(place, model_of()) as gallery,
            gallery.store.database.engine.begin() as connection,
        ):
            connection.execute(schema_version.update().values(version=9))
        with pytest.raises(
            GalleryMismatchError,
            match=r"has schema version 9; this version of likeness knows up to 3\. Nothing was",
        ):
            open_gallery(place)

    def test_an_older_one_is_brought_up_step_by_step(self, file: Path) -> None:
        done: list[int] = []
        steps = {1: lambda _: done.append(1), 2: lambda _: done.append(2)}
        with self.connected(file).begin() as connection:
            assert migrate(connection, where="x", version=3, steps=steps)
            assert version_of(connection) == 3
            assert not migrate(connection, where="x", version=3, steps=steps)
        assert done == [1, 2]

    def test_a_step_that_fails_leaves_everything(self, gallery: object, place: str) -> None:
        engine = gallery.store.database.engine  # type: ignore[attr-defined]
        as_version_1(engine)

        def first(connection: sa.Connection) -> None:
            connection.exec_driver_sql("ALTER TABLE people ADD COLUMN shoe INTEGER")

        def second(connection: sa.Connection) -> None:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError), engine.begin() as connection:
            migrate(connection, where="x", version=3, steps={1: first, 2: second})
        with engine.begin() as connection:
            assert version_of(connection) == 1
            columns = {column["name"] for column in sa.inspect(connection).get_columns("people")}
        assert "shoe" not in columns

    def test_one_that_is_too_old(self, file: Path) -> None:
        with (
            self.connected(file).begin() as connection,
            pytest.raises(GalleryMismatchError, match="which is too old for this version"),
        ):
            migrate(connection, where="x", version=3, steps={2: lambda _: None})

    def test_a_file_of_version_1_opens(self, file: Path) -> None:
        written_by_version_1(file)
        with open_gallery(file) as opened:
            assert [one.name for one in opened.people()] == ["Ada", "Bob"]
            assert opened.person("Ada").metadata == {"room": "7"}
            assert opened.photo(1) == b"the photo a"
            (found,) = opened.search(np.array([[0.6, 0.8]]))
            assert found[0].name == "Ada"
            entries = opened.audit()
            assert [entry.what for entry in entries][-1] == "forgot"
            assert {entry.detail for entry in entries} == {None}
            assert opened.api_keys.list() == ()
            key, text = opened.api_keys.add("door", role="viewer")
            assert key.opens(text)
            opened.forget("Bob")
        assert check_gallery(file).sound

    def test_a_file_of_version_1_is_checked_and_copied(self, file: Path, tmp_path: Path) -> None:
        written_by_version_1(file)
        assert check_gallery(file).sound
        with open_gallery(file) as opened:
            copied = copy_gallery(opened, tmp_path / "copy.db")
        assert (copied.people, copied.audit, copied.api_keys) == (2, 7, 0)

    def test_a_server_of_version_1_opens(self, server: Server) -> None:
        place = server.schema()
        with create_gallery(place, model_of()) as gallery:
            gallery.enrol("Ada", [photo_of("a")])
            as_version_1(gallery.store.database.engine)
        with open_gallery(place) as opened:
            assert opened.api_keys.add("door", role="viewer")[0].id == 1
            assert [entry.what for entry in opened.audit()] == ["added", "enrolled", "added a key"]
        assert check_gallery(place).sound

    def test_several_may_migrate_at_once(self, file: Path) -> None:
        written_by_version_1(file)
        with ThreadPoolExecutor(4) as threads:
            opened = list(threads.map(lambda _: open_gallery(file), range(4)))
        for one in opened:
            one.close()
        assert check_gallery(file).sound


def as_version_1(engine: sa.Engine) -> None:
    """Take away what versions 2 and 3 added."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE api_keys")
        connection.exec_driver_sql("DROP INDEX ix_people_look")
        for table, column in (
            ("audit", "detail"),
            ("audit", "chain"),
            ("people", "look"),
            ("gallery", "audit_chain"),
            ("gallery", "checksum"),
        ):
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute(schema_version.update().values(version=1))


def written_by_version_1(file: Path) -> None:
    """Make a gallery of what `likeness` wrote before there were keys of the service."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(Path(__file__).with_name("version_1.sql").read_text())
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
