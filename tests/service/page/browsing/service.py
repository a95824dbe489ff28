"""A real `likeness serve`, on a gallery of its own."""

import contextlib
import json
import os
import re
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

PATIENCE = 180
"""Seconds that a busy machine may take for one thing before a test gives up."""

UNHURRIED = {"LIKENESS_KEYS_SECONDS": "0", "LIKENESS_TIME_LIMIT": str(PATIENCE)}
"""A key is valid as soon as it is made, and a slow machine is no reason to answer 504."""

KEY = re.compile(r"lk_\w+?_[\w-]{43}")


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
def serving(
    model: Path, folder: Path, *options: str, keyed: bool = True, core: int | None = None
) -> Iterator[Service]:
    """Run `likeness serve` on a gallery of its own in a folder, and stop it at the end.

    Args:
        model: its folder.
        folder: for the gallery and what the service says.
        options: further words on the command line.
        keyed: whether keys of the other roles are made, too.
        core: the one core that it may run on; None for all.
    """
    gallery = folder / "people.db"
    words = ["serve", "--model", str(model), "--gallery", str(gallery), "--port", "0"]
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    log = folder / "service.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [*pinned, *command(*words, "--faces", "haar", "--cut-faces", *options)],
            stdout=said,
            stderr=said,
            env=os.environ | UNHURRIED,
        )
    try:
        service = Service(origin_of(process, log), gallery)
        if keyed:
            service.keys["admin"] = KEY.findall(log.read_text())[0]
            for role in ("viewer", "operator"):
                add = ("keys", "add", f"the {role}", "--role", role, "--gallery", str(gallery))
                made = subprocess.run(command(*add), capture_output=True, text=True, check=True)
                service.keys[role] = KEY.findall(made.stdout)[0]
        yield service
    finally:
        process.terminate()
        process.wait(PATIENCE)


def origin_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the service is ready; returns where it listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        if found := re.search(r"Serving on (http://[\d.:]+)", log.read_text()):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{found[1]}/health/ready", timeout=PATIENCE).close()
                return found[1]
        time.sleep(0.1)
    raise AssertionError(f"the service was not ready: {log.read_text()}")
