"""``likeness gallery ...`` as a person types it."""

import json
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from likeness.recogniser.gallery import (
    GalleryKey,
    GalleryModel,
    NewTemplate,
    create_gallery,
    open_gallery,
    photo_digest,
)

from .conftest import refused, run, run_here

command = partial(run, "gallery")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gallery of three people."""
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    model = GalleryModel(fingerprint="8524c4c431a3", energy="cosine", dimensions=4)
    with create_gallery(tmp_path / "staff.db", model) as gallery:
        for number, name in enumerate(("Ada", "Bob", "Carl")):
            vector = np.eye(4)[number]
            gallery.enrol(
                name, [NewTemplate(vector=vector, photo_digest=photo_digest(name.encode()))]
            )
    return tmp_path


def test_copy_says_what_it_verified(place: Path) -> None:
    result = command("copy", "staff.db", "moved.db", "--json", "copy.json", cwd=place)
    assert result.returncode == 0, result.stderr
    assert "Copied 3 people with 3 templates and 0 photos" in result.stdout
    document = json.loads((place / "copy.json").read_text())
    assert document["format"] == "likeness.gallery-copy/1"
    assert document["digest"][:12] in result.stdout
    with open_gallery(place / "moved.db") as gallery:
        assert gallery.counts().people == 3
    refused(command("copy", "staff.db", "moved.db", cwd=place), "path or address without a gallery")


def test_check_ends_with_one_where_something_is_damaged(place: Path) -> None:
    sound = command("check", "staff.db", cwd=place)
    assert (sound.returncode, sound.stdout) == (
        0,
        "Sound: 3 people, 3 templates, 0 photos.\n",
    )
    connection = sqlite3.connect(place / "staff.db")
    connection.executescript("UPDATE people SET name = 'Mallory' WHERE id = 2")
    connection.close()
    damaged = command("check", "staff.db", "--json", "-", cwd=place)
    assert damaged.returncode == 1
    document = json.loads(damaged.stdout)
    assert not document["sound"]
    assert document["problems"] == ["person 2: the row does not match its digest"]
    assert "Damaged: person 2" in command("check", "staff.db", cwd=place).stdout


def test_backup_is_a_gallery_and_replaces_nothing(place: Path) -> None:
    result = command("backup", "staff.db", "backup.db", cwd=place)
    assert result.stdout == "Backed up 3 people with 3 templates to backup.db.\n"
    assert command("check", "backup.db", cwd=place).returncode == 0
    refused(command("backup", "staff.db", "backup.db", cwd=place), "expected a new file")


def test_rotate_key_from_plain_to_sealed_and_back(place: Path) -> None:
    result = command("rotate-key", "staff.db", "--new-key-file", "first", cwd=place)
    assert result.returncode == 0, result.stderr
    assert "Made a key in first." in result.stderr
    with open_gallery(place / "staff.db", key=GalleryKey.read(place / "first")) as gallery:
        assert gallery.search(np.eye(4)[:1], k=1)[0][0].name == "Ada"
    refused(command("rotate-key", "staff.db", "--new-key-file", "second", cwd=place), "no key")
    assert not (place / "second").exists()
    key = (place / "first").read_text().strip()
    again = command(
        "rotate-key", "staff.db", "--new-key-file", "second", cwd=place, LIKENESS_GALLERY_KEY=key
    )
    assert again.returncode == 0, again.stderr
    refused(command("check", "staff.db", "--key-file", "first", cwd=place), "Received: the key")
    assert command("check", "staff.db", "--key-file", "second", cwd=place).returncode == 0
    without = command("check", "staff.db", cwd=place)
    assert without.returncode == 0
    assert "there is no key" in without.stderr
    plain = command("rotate-key", "staff.db", "--decrypt", "--key-file", "second", cwd=place)
    assert "is not encrypted any more" in plain.stdout
    assert command("check", "staff.db", cwd=place).stderr == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "nothing.db"], "nothing.db: expected a gallery. Found nothing."),
        (["check", "."], "expected a file. Received: a folder."),
        (["check", "mysql://host/staff"], "gallery: expected a path"),
        (["check", "staff.db", "--key-file", "no"], "--key-file: no cannot be read"),
        (["check", "staff.db", "--json", "no/x.json"], "--json: expected a file in an existing"),
        (["copy", "staff.db", "no/moved.db"], "expected a path in an existing folder"),
        (["copy", "staff.db", "postgresql://127.0.0.1:9/x"], "the server cannot be reached"),
        (["backup", "staff.db", "no/backup.db"], "cannot be written"),
        (["rotate-key", "staff.db"], "expected either --new-key-file FILE or --decrypt."),
        (["rotate-key", "staff.db", "--decrypt"], "key: expected a new key."),
        (["rotate-key", "staff.db", "--decrypt", "--new-key-file", "k"], "expected either"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    place: Path, words: list[str], sentence: str
) -> None:
    refused(run_here("gallery", *words, cwd=place), sentence)
    assert [path.name for path in place.iterdir()] == ["staff.db"]


def test_starts_without_what_learning_needs(place: Path) -> None:
    code = (
        "import sys, likeness.recogniser.gallery as g; g.open_gallery('staff.db').people(); "
        "print([m for m in ('keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib', 'psycopg', "
        "'pgvector', 'sqlalchemy.orm') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=place
    )
    assert result.stdout.strip() == "[]"
