"""A real `likeness serve`, on a gallery of its own."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from browsing.film import framed, jpeg

PATIENCE = 30
"""Seconds that a busy machine may take before a test gives up."""


@dataclass
class Service:
    """A running `likeness serve`.

    Args:
        origin: ``http://127.0.0.1:PORT``.
        gallery: its file.
        keys: one of each role; empty where it asks for none.
    """

    origin: str
    gallery: Path
    keys: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, kind: str = "image/jpeg"
    ) -> Any:
        """Ask as an administrator; returns the JSON of the answer."""
        request = urllib.request.Request(self.origin + path, body, method=method)
        request.add_header("Content-Type", kind)
        if self.keys:
            request.add_header("Authorization", f"Bearer {self.keys['admin']}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def enrol(self, name: str, photo: np.ndarray) -> int:
        """Enrol somebody; returns their number."""
        quoted = urllib.request.quote(name)
        answer = self.ask("POST", f"/api/v1/enrol?name={quoted}", jpeg(framed(photo)))
        return int(answer["person"]["id"])

    def forget_everybody(self) -> None:
        while people := self.ask("GET", "/api/v1/people")["people"]:
            for person in people:
                self.ask("DELETE", f"/api/v1/people/{person['id']}")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "likeness", *words]


@contextlib.contextmanager
def serving(model: Path, folder: Path, *options: str, keyed: bool = True) -> Iterator[Service]:
    """Run `likeness serve` on a gallery of its own in a folder, and stop it at the end."""
    gallery = folder / "people.db"
    keys = {}
    if keyed:
        for role in ("viewer", "operator", "admin"):
            words = ("keys", "add", f"the {role}", "--role", role, "--gallery", str(gallery))
            made = subprocess.run(
                command(*words, "--model", str(model)), capture_output=True, text=True, check=True
            )
            keys[role] = re.findall(r"lk_\w+_[\w-]+", made.stdout)[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("serve", "--model", str(model), "--gallery", str(gallery), "--port", str(port))
    log = folder / "service.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            command(*words, "--faces", "haar", "--cut-faces", *options), stdout=said, stderr=said
        )
    try:
        service = Service(f"http://127.0.0.1:{port}", gallery, keys)
        wait_until_ready(service, process, log)
        yield service
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until_ready(service: Service, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{service.origin}/health/ready", timeout=PATIENCE):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"the service was not ready: {log.read_text()}")
