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
from pathlib import Path

import pytest

from likeness.errors import DataError, GalleryDamagedError, GalleryError
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
