"""Keys of the service: made once, told once, kept as a digest, revoked for good."""

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from likeness.errors import SettingError, UnknownPersonError
from likeness.recogniser.gallery import (
    ROLES,
    ApiKey,
    Gallery,
    check_gallery,
    copy_gallery,
    create_gallery,
    open_gallery,
)

from .conftest import model_of


def test_a_key_opens_and_its_neighbours_do_not(gallery: Gallery) -> None:
    key, text = gallery.api_keys.add(" door ", role="viewer")
    assert (key.id, key.name, key.role, key.revoked) == (1, "door", "viewer", None)
    assert ApiKey.number_in(text) == 1
    assert key.opens(text)
    for other in (text[:-1], text + "x", text[:-1] + ("a" if text[-1] != "a" else "b"), "", "é"):
        assert not key.opens(other)


def test_texts_are_random_and_kept_nowhere(gallery: Gallery) -> None:
    made = [gallery.api_keys.add("door", role=role) for role in ROLES]
    texts = [text for _, text in made]
    assert len({text.split("_", 2)[2] for text in texts}) == 3
    assert [len(text) for text in texts] == [len("lk_1_") + 43] * 3
    for key, text in zip(gallery.api_keys.list(), texts, strict=True):
        assert key.digest == hashlib.sha256(text.encode()).hexdigest()
        assert text not in str(key.as_dict())
        assert key.digest not in str(key.as_dict())


def test_the_text_is_not_in_the_file(file: Path) -> None:
    with create_gallery(file, model_of()) as gallery:
        _, text = gallery.api_keys.add("door", role="admin")
    content = b"".join(part.read_bytes() for part in file.parent.iterdir())
    assert text.rsplit("_", 1)[1].encode() not in content


def test_a_revoked_key_opens_no_more_and_stays_listed(gallery: Gallery) -> None:
    _, text = gallery.api_keys.add("door", role="viewer")
    revoked = gallery.api_keys.revoke(1)
    assert revoked.revoked is not None
    assert not revoked.opens(text)
    assert not gallery.api_keys.list()[0].opens(text)
    assert gallery.api_keys.revoke(1) == revoked
    assert gallery.api_keys.add("door", role="viewer")[0].id == 2
    assert [entry.what for entry in gallery.audit()] == [
        "added a key",
        "revoked a key",
        "added a key",
    ]
    assert gallery.audit()[0].detail == {"key": 1, "role": "viewer"}


@pytest.mark.parametrize("role", ["", "root", "Admin"])
def test_no_such_role(gallery: Gallery, role: str) -> None:
    with pytest.raises(SettingError, match="role: expected one of viewer, operator, admin"):
        gallery.api_keys.add("door", role=role)
    assert gallery.api_keys.list() == ()


def test_no_such_key_and_no_such_name(gallery: Gallery) -> None:
    with pytest.raises(UnknownPersonError, match="likeness keys list"):
        gallery.api_keys.revoke(7)
    with pytest.raises(SettingError, match="name: expected 1 to 200 letters"):
        gallery.api_keys.add("\n", role="viewer")


@pytest.mark.parametrize(
    "text", ["", "lk_", "lk_0_" + "x" * 43, "lk_1_" + "x" * 42, "lk_x_" + "x" * 43, "LK_1_x"]
)
def test_what_has_not_the_form_of_a_key(text: str) -> None:
    assert ApiKey.number_in(text) is None


def test_the_first_key_is_made_once(gallery: Gallery) -> None:
    first = gallery.api_keys.add_first()
    assert first is not None
    assert (first[0].role, first[0].opens(first[1])) == ("admin", True)
    assert gallery.api_keys.add_first() is None
    gallery.api_keys.revoke(1)
    assert gallery.api_keys.add_first() is None


def test_of_several_first_starts_one_makes_it(file: Path) -> None:
    create_gallery(file, model_of()).close()

    def start(_: int) -> bool:
        with open_gallery(file) as gallery:
            return gallery.api_keys.add_first() is not None

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(start, range(4))) == 1


def test_keys_go_along_with_a_copy(file: Path, tmp_path: Path) -> None:
    with create_gallery(file, model_of()) as gallery:
        _, text = gallery.api_keys.add("door", role="viewer")
        assert copy_gallery(gallery, tmp_path / "copy.db").api_keys == 1
    with open_gallery(tmp_path / "copy.db") as copy:
        assert copy.api_keys.list()[0].opens(text)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [("role", "root", "unknown role"), ("digest", "0", "invalid digest")],
)
def test_a_damaged_key_is_found(file: Path, column: str, value: str, problem: str) -> None:
    with create_gallery(file, model_of()) as gallery:
        gallery.api_keys.add("door", role="viewer")
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE api_keys SET {column} = '{value}'")
    connection.close()
    assert check_gallery(file).problems == (f"key 1 of the service: {problem}",)


def test_keys_are_the_same_in_every_process(place: str) -> None:
    if place == ":memory:":
        pytest.skip("a gallery in memory cannot be opened a second time")
    with create_gallery(place, model_of()) as one, open_gallery(place) as other:
        _, text = one.api_keys.add("door", role="operator")
        (key,) = other.api_keys.list()
        assert key.opens(text)
        other.api_keys.revoke(key.id)
        assert not one.api_keys.list()[0].opens(text)


def test_the_digest_is_unique(gallery: Gallery) -> None:
    gallery.api_keys.add("door", role="viewer")
    with pytest.raises(sa.exc.IntegrityError), gallery.store.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO api_keys SELECT 2, name, role, digest, created, revoked FROM api_keys"
        )
