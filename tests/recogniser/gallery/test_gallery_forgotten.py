"""After forgetting, no byte is left in any file of the gallery, and the receipt says the truth."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    NewTemplate,
    check_gallery,
    create_gallery,
    open_gallery,
    photo_digest,
)
from likeness.recogniser.gallery.scrub import files_with

from .conftest import model_of, photo_of, vector_of


def traces(name: str, *photos: NewTemplate) -> list[bytes]:
    """What must not be found of a person."""
    found = [name.encode(), name.encode("utf-16-le")]
    for photo in photos:
        found += [photo.photo_digest.encode(), bytes.fromhex(photo.photo_digest)]
        found += [np.asarray(photo.vector, kind).tobytes() for kind in ("<f4", ">f4", "<f8")]
        if photo.photo is not None:
            found += [photo.photo[start : start + 40] for start in range(0, 4000, 400)]
    return found


def left(folder: Path, patterns: list[bytes]) -> dict[int, list[str]]:
    """Look through every file of the folder, in another process: locks are POSIX locks."""
    return files_with(sorted(folder.iterdir()), patterns)


def crowd(gallery: Gallery, count: int, *, seed: int = 0) -> None:
    """Enrol others around, so that pages split and fill."""
    gallery.enrol_many({f"other {seed}/{n}": [photo_of(f"{seed}/{n}")] for n in range(count)})


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("dimensions", [8, 1500])
def test_nothing_is_left_in_any_file(file: Path, sealed: bool, dimensions: int) -> None:
    key = GalleryKey.generate() if sealed else None
    model = model_of(dimensions=dimensions)
    with create_gallery(file, model, key=key, by="operator") as gallery:
        vectors = [vector_of(f"{n}", dimensions) for n in range(12)]
        photos = [
            NewTemplate(
                vector=vector,
                photo_digest=photo_digest(bytes([n]) * 5000),
                photo=bytes([n]) * 5000,
            )
            for n, vector in enumerate(vectors)
        ]
        gallery.enrol("Somebody Else", photos[:4])
        gallery.enrol("Ada Lovelace", photos[4:8], metadata={"note": "Ada Lovelace herself"})
        gallery.enrol("Third Person", photos[8:])
        gallery.search(vectors[4][None])
        patterns = [
            piece
            for photo in photos[4:8]
            for piece in (
                photo.photo_digest.encode(),
                bytes.fromhex(photo.photo_digest),
                np.asarray(photo.vector, "<f4").tobytes()[:400],
                np.asarray(photo.vector, "<f4").tobytes()[-32:],
            )
        ]
        patterns.append(b"Ada Lovelace")
        before = left(file.parent, patterns)
        assert len(patterns) - 1 in before  # the search finds what is there
        assert sealed or len(before) >= 5
        receipt = gallery.forget("Ada Lovelace")
        assert receipt.verified_absent
        assert left(file.parent, patterns) == {}
    assert left(file.parent, patterns) == {}
    assert check_gallery(file, key=key).sound


def test_nothing_is_left_after_a_long_life(file: Path) -> None:
    """Pages split, people come, are merged, renamed and go; then all who went are looked for."""
    rng = np.random.default_rng(0)
    gone: list[bytes] = []
    here: dict[str, list[NewTemplate]] = {}
    with create_gallery(file, model_of(), by="operator") as gallery:
        crowd(gallery, 200)
        for step in range(60):
            name = f"passer-by number {step}"
            here[name] = [photo_of(f"own {step}/{n}", kept=n == 0) for n in range(3)]
            gallery.enrol(name, here[name])
            if step % 10 == 0:
                crowd(gallery, 40, seed=step + 1)
            if step % 3 == 2:
                name = sorted(here)[rng.integers(len(here))]
                photos = here.pop(name)
                receipt = gallery.forget(name)
                assert receipt.verified_absent, receipt
                gone += traces(name, *photos)
            if step % 7 == 6:
                old = sorted(here)[rng.integers(len(here))]
                new = f"renamed number {step}"
                here[new] = here.pop(old)
                gallery.change_person(old, new=new)
                gone += traces(old)
            if step % 9 == 8:
                first, second = sorted(here)[:2]
                here[second] += here.pop(first)
                gallery.merge(first, into=second)
                gone += traces(first)
        # A name may be a part of a longer one that is still here.
        names = [name.encode() for name in here]
        gone = [piece for piece in gone if not any(piece in name for name in names)]
        assert len(gone) > 300
        assert left(file.parent, gone) == {}
    assert left(file.parent, gone) == {}
    assert check_gallery(file).sound


def test_a_photo_that_is_forgotten_leaves_nothing_either(file: Path) -> None:
    photo = photo_of("a", kept=True)
    with create_gallery(file, model_of()) as gallery:
        gallery.enrol("Ada Lovelace", [photo, photo_of("b")])
        assert gallery.remove_template(1).verified_absent
        assert left(file.parent, traces("Nobody Of That Name", photo)) == {}


def test_a_long_reader_is_waited_for_and_then_told(file: Path) -> None:
    with create_gallery(file, model_of(), by="operator") as made:
        made.enrol("Ada Lovelace", [photo_of("a")])
    patterns = traces("Ada Lovelace", photo_of("a"))
    reader = sqlite3.connect(file, isolation_level=None)
    gallery = open_gallery(file)
    gallery.store.patience = 0.2
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM people").fetchone()
        receipt = gallery.forget("Ada Lovelace")
        assert not receipt.verified_absent
        assert "a reader holds the write-ahead log" in receipt.checkpoint
        assert "Not verified" in " ".join(receipt.sentences())
        assert gallery.people() == ()
        assert "deleted bytes may still be in the files" in check_gallery(file).notes[0]
        reader.execute("COMMIT")
    finally:
        reader.close()
    with open_gallery(file):  # the next opening does what was left
        assert left(file.parent, patterns) == {}
    assert check_gallery(file).notes == ()
    gallery.close()


def test_a_process_that_is_killed_leaves_the_files_to_the_next(file: Path) -> None:
    with create_gallery(file, model_of()) as made:
        made.enrol("Ada Lovelace", [photo_of("a")])
    script = (
        "import os, sys\n"
        "from likeness.recogniser.gallery.scrub import Traces\n"
        "Traces.scrub = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "from likeness.recogniser.gallery import open_gallery\n"
        "open_gallery(sys.argv[1]).forget('Ada Lovelace')\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert killed.returncode == -9
    patterns = traces("Ada Lovelace", photo_of("a"))
    assert left(file.parent, patterns)
    with open_gallery(file) as gallery:
        assert gallery.people() == ()
        assert left(file.parent, patterns) == {}


def test_a_twin_that_stays_is_not_taken_for_a_trace(file: Path) -> None:
    """Two photos with one embedding, two people whose names contain each other."""
    with create_gallery(file, model_of()) as gallery:
        twin = NewTemplate(vector=photo_of("a").vector, photo_digest="1" * 64)
        gallery.enrol("Ada Lovelace", [photo_of("a")])
        gallery.enrol("Ada Lovelace II", [twin])
        receipt = gallery.forget("Ada Lovelace")
        assert receipt.verified_absent
        assert any("same letters" in sentence for sentence in receipt.remains)


def test_encrypting_leaves_no_plain_embedding(file: Path) -> None:
    with create_gallery(file, model_of()) as gallery:
        crowd(gallery, 300)
        plain = [vector_of(f"0/{n}").tobytes() for n in range(300)]
        assert len(left(file.parent, plain)) == 300
        gallery.rotate_key(GalleryKey.generate())
        assert left(file.parent, plain) == {}


def test_a_copy_that_another_program_left_behind_is_found_and_removed(file: Path) -> None:
    """Somebody's tool wrote and deleted without zeroing: the search finds it, and the file is
    written anew."""
    with create_gallery(file, model_of()) as gallery:
        gallery.enrol("Ada Lovelace", [photo_of("a")])
        crowd(gallery, 20)
    careless = sqlite3.connect(file, isolation_level=None)
    careless.execute("PRAGMA secure_delete = OFF")
    careless.execute("CREATE TABLE notes (content)")
    careless.execute("INSERT INTO notes VALUES (?)", (b"Ada Lovelace" + vector_of("a").tobytes(),))
    careless.execute("DROP TABLE notes")
    careless.close()
    assert left(file.parent, [b"Ada Lovelace" + vector_of("a").tobytes()])
    with open_gallery(file) as gallery:
        receipt = gallery.forget("Ada Lovelace")
        assert "the file is rewritten" in receipt.checkpoint
        assert receipt.verified_absent
        assert left(file.parent, traces("Ada Lovelace", photo_of("a"))) == {}
    assert check_gallery(file).sound


def test_what_was_forgotten_stays_so_if_the_files_cannot_be_looked_at(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_gallery(file, model_of()) as gallery:
        gallery.enrol("Ada Lovelace", [photo_of("a")])
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        receipt = gallery.forget("Ada Lovelace")
        assert not receipt.verified_absent
        assert "not checked completely" in receipt.checkpoint
        assert gallery.people() == ()
        assert receipt.digest == gallery.audit()[-1].receipt_digest
    monkeypatch.undo()
    open_gallery(file).close()
    assert left(file.parent, traces("Ada Lovelace", photo_of("a"))) == {}
