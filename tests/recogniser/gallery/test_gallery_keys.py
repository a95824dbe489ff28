"""Encryption at rest: keys, and ciphertexts that stay in their rows."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import GalleryKeyError, OutputError, SettingError
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    check_gallery,
    create_gallery,
    open_gallery,
)

from .conftest import model_of, photo_of, vector_of

KEY = GalleryKey(bytes(range(32)))
OTHER = GalleryKey(bytes(32))


class TestKey:
    @given(content=st.binary(max_size=200), row=st.text(max_size=20))
    def test_opens_what_it_sealed(self, content: bytes, row: str) -> None:
        sealed = KEY.seal(content, row.encode())
        assert KEY.open(sealed, row.encode()) == content
        assert KEY.seal(content, row.encode()) != sealed

    @given(place=st.integers(0, 39), bit=st.integers(0, 7))
    def test_a_changed_bit_is_refused(self, place: int, bit: int) -> None:
        sealed = bytearray(KEY.seal(b"twelve bytes", b"row"))
        sealed[place % len(sealed)] ^= 1 << bit
        with pytest.raises(
            GalleryKeyError, match=r"cannot be decrypted with the key .*damaged, or was"
        ):
            KEY.open(bytes(sealed), b"row")

    @pytest.mark.parametrize("sealed", [b"", b"short"])
    def test_what_is_cut_off_is_refused(self, sealed: bytes) -> None:
        with pytest.raises(GalleryKeyError):
            KEY.open(sealed, b"row")

    def test_another_row_or_key_is_refused(self) -> None:
        sealed = KEY.seal(b"content", b"row 1")
        for key, row in ((KEY, b"row 2"), (OTHER, b"row 1")):
            with pytest.raises(GalleryKeyError):
                key.open(sealed, row)

    def test_does_not_show_itself(self) -> None:
        assert KEY.as_text() not in repr(KEY)
        assert KEY.secret.hex()[:8] not in repr(KEY)
        assert KEY.id != OTHER.id

    def test_has_32_bytes(self) -> None:
        with pytest.raises(GalleryKeyError, match=r"^key: expected 32 bytes\. Received: 16;"):
            GalleryKey(bytes(16))
        assert GalleryKey.generate() != GalleryKey.generate()


class TestFile:
    def test_is_for_its_owner_and_never_written_over(self, tmp_path: Path) -> None:
        KEY.write(tmp_path / "key")
        assert GalleryKey.read(tmp_path / "key") == KEY
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
        with pytest.raises(OutputError, match="expected a new file"):
            OTHER.write(tmp_path / "key")
        assert GalleryKey.read(tmp_path / "key") == KEY

    def test_goes_before_the_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
        assert GalleryKey.read() is None
        monkeypatch.setenv("LIKENESS_GALLERY_KEY", OTHER.as_text())
        assert GalleryKey.read() == OTHER
        KEY.write(tmp_path / "key")
        assert GalleryKey.read(tmp_path / "key") == KEY

    @pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"AAAA", b"A" * 44])
    def test_holds_a_key(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(GalleryKeyError, match="is 32 random bytes in Base64"):
            GalleryKey.read(tmp_path / "key")

    def test_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(GalleryKeyError, match=r"^--key-file: .*No such file"):
            GalleryKey.read(tmp_path / "key")
        monkeypatch.setenv("LIKENESS_GALLERY_KEY", "hello")
        with pytest.raises(GalleryKeyError, match=r"^LIKENESS_GALLERY_KEY: expected a key\."):
            GalleryKey.read()


@pytest.fixture
def sealed(file: Path) -> Gallery:
    gallery = create_gallery(file, model_of(), key=KEY)
    gallery.enrol("Ada", [photo_of("a", kept=True)])
    gallery.enrol("Bob", [photo_of("b", kept=True)])
    return gallery


def stored(gallery: Gallery) -> list[bytes]:
    with gallery.store.database.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT sealed FROM templates").scalars())


class TestGallery:
    def test_is_used_as_a_plain_one(self, sealed: Gallery) -> None:
        assert sealed.key_id == KEY.id
        assert sealed.search(vector_of("a")[None], k=1)[0][0].name == "Ada"
        assert sealed.photo(1) == photo_of("a", kept=True).photo
        sealed.merge("Bob", into="Ada")
        assert sealed.search(vector_of("b")[None], k=1)[0][0].name == "Ada"
        assert check_gallery(sealed.where, key=KEY).sound

    def test_without_the_key_people_can_be_listed_and_forgotten(self, sealed: Gallery) -> None:
        with open_gallery(sealed.where) as opened:
            assert [person.name for person in opened.people()] == ["Ada", "Bob"]
            assert [template.person for template in opened.templates()] == ["Ada", "Bob"]
            sentence = rf"is encrypted with the key {KEY.id}\. Received: no key\. Give it with"
            for ask in (
                lambda: opened.search(vector_of("a")[None]),
                lambda: opened.energies(vector_of("a")[None]),
                lambda: list(opened.templates(vectors=True)),
                lambda: opened.photo(1),
                lambda: opened.enrol("Eve", [photo_of("e")]),
                lambda: opened.merge("Ada", into="Bob"),
                lambda: opened.rotate_key(OTHER),
            ):
                with pytest.raises(GalleryKeyError, match=sentence):
                    ask()
            assert opened.forget("Ada").verified_absent
            assert opened.counts().people == 1

    def test_the_wrong_key(self, sealed: Gallery) -> None:
        with pytest.raises(
            GalleryKeyError,
            match=rf"with the key {KEY.id}\. Received: the key {OTHER.id}\. Give the right one",
        ):
            open_gallery(sealed.where, key=OTHER)

    def test_a_key_for_a_plain_one(self, file: Path) -> None:
        create_gallery(file, model_of()).close()
        with pytest.raises(GalleryKeyError, match=r"is not encrypted; it was opened with the key"):
            open_gallery(file, key=KEY)

    @pytest.mark.parametrize("column", ["sealed", "person_id", "photo_digest"])
    def test_ciphertexts_cannot_be_swapped(self, sealed: Gallery, column: str) -> None:
        with sealed.store.database.engine.begin() as connection:
            execute = connection.exec_driver_sql
            rows = execute(f"SELECT {column} FROM templates ORDER BY id").scalars().all()
            execute("UPDATE templates SET photo_digest = id")  # a moment without its uniqueness
            if column != "photo_digest":
                execute(f"UPDATE templates SET {column} = ? WHERE id = 1", (rows[1],))
                execute(f"UPDATE templates SET {column} = ? WHERE id = 2", (rows[0],))
                for number, name in ((1, "a"), (2, "b")):
                    digest = photo_of(name, kept=True).photo_digest
                    execute("UPDATE templates SET photo_digest = ? WHERE id = ?", (digest, number))
            else:
                execute("UPDATE templates SET photo_digest = ? WHERE id = 1", (rows[1],))
                execute("UPDATE templates SET photo_digest = ? WHERE id = 2", (rows[0],))
        with (
            open_gallery(sealed.where, key=KEY) as opened,
            pytest.raises(GalleryKeyError, match="damaged, or was moved from another row"),
        ):
            opened.search(vector_of("a")[None])
        problems = " ".join(check_gallery(sealed.where, key=KEY).problems)
        assert "template 1: the ciphertext cannot be decrypted in its row" in problems


class TestRotation:
    def test_everything_is_sealed_anew(self, sealed: Gallery) -> None:
        before = stored(sealed)
        sealed.rotate_key(OTHER)
        assert not set(before) & set(stored(sealed))
        assert sealed.search(vector_of("a")[None], k=1)[0][0].name == "Ada"
        assert sealed.photo(2) == photo_of("b", kept=True).photo
        assert check_gallery(sealed.where, key=OTHER).sound
        assert sealed.audit()[-1].what == "encrypted with another key"
        with pytest.raises(GalleryKeyError):
            open_gallery(sealed.where, key=KEY)

    def test_from_plain_and_back(self, gallery: Gallery, place: str) -> None:
        gallery.enrol("Ada", [photo_of("a", kept=True)])
        exact = [list(answer) for answer in gallery.search(vector_of("c")[None])]
        gallery.rotate_key(KEY)
        assert [list(answer) for answer in gallery.search(vector_of("c")[None])] == exact
        gallery.rotate_key(None)
        assert gallery.key_id is None
        assert [list(answer) for answer in gallery.search(vector_of("c")[None])] == exact
        assert gallery.photo(1) == photo_of("a", kept=True).photo

    def test_to_the_same_key(self, sealed: Gallery) -> None:
        with pytest.raises(SettingError, match=r"^key: expected a new key\."):
            sealed.rotate_key(KEY)
