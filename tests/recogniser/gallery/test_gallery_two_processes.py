"""Two processes with one gallery: each answers from what is there at that moment."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from likeness.errors import GalleryKeyError, GalleryMismatchError
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    GalleryModel,
    create_gallery,
    open_gallery,
)
from likeness.recogniser.gallery.matrix import TemplateMatrix

from ...conftest import Server
from .conftest import model_of, photo_of, vector_of

OTHER = """
import json, sys
import numpy as np
from likeness.recogniser.gallery import GalleryKey, GalleryModel, open_gallery
gallery = open_gallery(sys.argv[1])
for line in sys.stdin:
    (answer,) = gallery.search(np.array([json.loads(line)]), k=1)
    print(json.dumps([answer[0].name, answer[0].energy] if answer else None), flush=True)
"""


class Other:
    """A second process that has the gallery open and answers who is nearest."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def nearest(self, name: str) -> tuple[str, float] | None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(vector_of(name).tolist()) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return None if answer is None else (answer[0], answer[1])


@contextmanager
def other_process(place: str) -> Iterator[Other]:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Other(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(params=["sqlite", "sealed in sqlite", "postgresql", "sealed in postgresql"])
def shared(request: pytest.FixtureRequest, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place that two processes can open, with Bob in it."""
    key = GalleryKey.generate() if "sealed" in request.param else None
    if key is not None:
        monkeypatch.setattr(f"{__name__}.OTHER", sealed_with(key))
    place = str(file)
    if "postgresql" in request.param:
        server: Server = request.getfixturevalue("server")
        place = server.schema()
    with create_gallery(place, model_of(), key=key) as gallery:
        gallery.enrol("Bob", [photo_of("b")])
    if key is not None:
        monkeypatch.setenv("LIKENESS_GALLERY_KEY", key.as_text())
    return place


def sealed_with(key: GalleryKey) -> str:
    return OTHER.replace(
        "open_gallery(sys.argv[1])",
        f"open_gallery(sys.argv[1], key=__import__('likeness.recogniser.gallery', fromlist=['x'])"
        f".GalleryKey(bytes.fromhex({key.secret.hex()!r})))",
    )


def opened(place: str) -> Gallery:

    return open_gallery(place, key=GalleryKey.read())


def test_every_change_is_seen_at_the_next_question(shared: str) -> None:
    with opened(shared) as gallery, other_process(shared) as other:
        assert other.nearest("a") != ("Ada", pytest.approx(0, abs=1e-5))
        gallery.enrol("Ada", [photo_of("a"), photo_of("a2")])
        assert other.nearest("a") == ("Ada", pytest.approx(0, abs=2e-6))
        gallery.change_person("Ada", new="Ada Lovelace")
        assert other.nearest("a2") == ("Ada Lovelace", pytest.approx(0, abs=2e-6))
        gallery.merge("Ada Lovelace", into="Bob")
        assert other.nearest("a") == ("Bob", pytest.approx(0, abs=2e-6))
        gallery.remove_template(2)
        found = other.nearest("a")
        assert found is not None and found[1] > 0.1
        gallery.forget("Bob")
        assert other.nearest("a2") is None


def test_a_newcomer_is_picked_up_without_reloading_all(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_gallery(file, model_of()) as writer, open_gallery(file) as reader:
        writer.enrol_many({f"person {n}": [photo_of(f"{n}")] for n in range(30)})
        reader.search(vector_of("a")[None])
        read = []
        append = TemplateMatrix.append

        def counted(matrix: TemplateMatrix, ids, people, vectors) -> None:  # type: ignore[no-untyped-def]
            read.append(len(ids))
            append(matrix, ids, people, vectors)

        monkeypatch.setattr(TemplateMatrix, "append", counted)
        writer.enrol("Ada", [photo_of("a")])
        assert reader.search(vector_of("a")[None])[0][0].name == "Ada"
        assert read == [1]
        writer.forget("Ada")
        assert reader.search(vector_of("a")[None])[0][0].name != "Ada"
        assert read == [1]


def test_a_reader_that_slept_through_the_log_loads_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("likeness.recogniser.gallery.store.CHANGES_KEPT", 3)
    with create_gallery(file, model_of()) as writer, open_gallery(file) as reader:
        writer.enrol("Bob", [photo_of("b")])
        reader.search(vector_of("a")[None])
        for number in range(8):
            writer.enrol(f"person {number}", [photo_of(f"{number}")])
        writer.forget("Bob")
        (answer,) = reader.search(vector_of("b")[None], k=20)
        assert sorted(one.name for one in answer) == [f"person {number}" for number in range(8)]


def test_another_model_or_key_is_told_to_all(file: Path) -> None:
    with create_gallery(file, model_of()) as writer, open_gallery(file) as reader:
        writer.enrol("Ada", [photo_of("a")])
        reader.search(vector_of("a")[None])
        writer.rotate_key(GalleryKey.generate())
        with pytest.raises(GalleryKeyError, match=r"is encrypted with the key .* no key"):
            reader.search(vector_of("a")[None])
        with pytest.raises(GalleryKeyError):
            reader.enrol("Bob", [photo_of("b")])
        other = GalleryModel(fingerprint="cf13e0cc060a", energy="cosine", dimensions=8)
        writer.replace_vectors(other, {1: vector_of("a")})
        with pytest.raises(
            GalleryMismatchError, match=r"was moved to the model cf13e0cc060a after"
        ):
            reader.search(vector_of("a")[None])


def test_threads_share_one_gallery(place: str) -> None:
    with create_gallery(place, model_of()) as gallery:
        wrong: list[object] = []

        def work(number: int) -> None:
            try:
                for step in range(4):
                    name = f"{number}/{step}"
                    gallery.enrol(name, [photo_of(name)])
                    found = gallery.search(vector_of(name)[None], k=1)[0][0].name
                    if found != name:
                        wrong.append((name, found))
                gallery.forget(f"{number}/0")
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert gallery.counts().people == 12
