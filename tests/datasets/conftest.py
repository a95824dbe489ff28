"""Drawn copies of «the AT&T faces», and a mirror on this machine that behaves as told."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import drawn_faces

PEOPLE = 3


@dataclass(frozen=True)
class Faces:
    """Drawn people s1 … s3, ten photos each, and the digests that verify them."""

    photos: dict[str, np.ndarray]
    items: np.ndarray
    digests: dict[str, str]

    def files(self) -> dict[str, bytes]:
        """What lies in a copy: the name and the bytes of every photo."""
        return {
            f"{name}.pgm": b"P5\n92 112\n255\n" + photo.tobytes()
            for name, photo in self.photos.items()
        }


@pytest.fixture(scope="session")
def faces() -> Faces:
    data = drawn_faces(identities=PEOPLE, photos_each=10, seed=7)
    blocks = data.items.reshape(PEOPLE, 10, 112, 92, 1)
    return Faces(
        photos={f"s{p + 1}/{k + 1}": blocks[p, k] for p in range(PEOPLE) for k in range(10)},
        items=data.items,
        digests={
            f"s{number}": hashlib.sha256(block.tobytes()).hexdigest()
            for number, block in enumerate(blocks, start=1)
        },
    )


def zipped(files: dict[str, bytes], *, prefix: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(prefix + name, data)
    return stream.getvalue()


@pytest.fixture(scope="session")
def zip_of() -> Callable[..., bytes]:
    return zipped


@dataclass
class Mirror:
    """A local server: what it answers under each path, and what it was asked for."""

    url: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    breaks_off: set[str] = field(default_factory=set)
    stalls: threading.Event | None = None
    asked: list[str] = field(default_factory=list)

    def serve(self, path: str, data: bytes, *, breaks_off: bool = False) -> str:
        """Answer ``path`` with the data, or with its first half and a closed connection."""
        self.answers[path] = data
        (self.breaks_off.add if breaks_off else self.breaks_off.discard)(path)
        return self.url + path


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    told = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            data = told.answers.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            half = self.path in told.breaks_off
            self.wfile.write((data or b"")[: len(data or b"") // 2 if half else None])
            if half and told.stalls:
                told.stalls.wait(20)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own, and no other place to look at."""
    place = tmp_path / "cache"
    monkeypatch.setenv("LIKENESS_CACHE", str(place))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("LIKENESS_DATA", raising=False)
    monkeypatch.delenv("LIKENESS_MIRRORS", raising=False)
    return place
