"""The service as a process: its first key, a request in work when it is stopped, a second start."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from likeness.model.opening import open_model
from likeness.recogniser.gallery import GalleryModel, check_gallery, create_gallery, open_gallery
from likeness.service.client import Client, ServiceError

PATIENCE = 300
"""Seconds that a busy machine may take for one thing before a test gives up."""

UNHURRIED = {"LIKENESS_TIME_LIMIT": str(PATIENCE), "LIKENESS_STOP_SECONDS": str(PATIENCE)}
"""Nothing is broken off because the machine is slow."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def client_of(address: str, key: str) -> Client:
    return Client(address, key=key, seconds=PATIENCE)


@contextmanager
def running(
    folder: Path, *words: str, **variables: str
) -> Iterator[tuple[str, str, subprocess.Popen]]:
    """Start `likeness serve`; yields its address, what it said first, and the process."""
    command = [sys.executable, "-m", "likeness", "serve", "--port", "0", *words]
    environment = {name: text for name, text in os.environ.items() if "LIKENESS_" not in name}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | UNHURRIED | variables,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.startswith("Serving on "):
                break
        else:
            raise AssertionError(f"it ended: {said} {(folder / 'log').read_text()}")
        address = said.rsplit("Serving on ", 1)[1].split()[0]

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"{address}/health/live", verify=False).is_success
            return False

        until(answers)
        yield address, said, process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def key_in(said: str) -> str:
    return said.split("shown this once: ")[1].split(maxsplit=1)[0]


def test_a_first_start_a_stop_and_a_second_start(model: Path, photos: list[bytes]) -> None:
    folder = model.parent
    with running(folder, "--model", "model", "--gallery", "door.db") as (address, said, process):
        with client_of(address, key_in(said)) as client:
            assert client.ready()["people"] == 0
            assert client.enrol("Ada", photos[0])["person"]["id"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    assert lines[0]["event"] == "started"
    assert lines[-1]["event"] == "stopped"
    key = key_in(said)
    with running(folder, LIKENESS_GALLERY="door.db", LIKENESS_MODEL="model") as second:
        assert "lk_" not in second[1]
        with client_of(second[0], key) as client:
            assert [one["name"] for one in client.people()] == ["Ada"]
    assert check_gallery(folder / "door.db").sound  # it was killed


def test_a_request_in_work_is_answered_before_it_stops(model: Path, photos: list[bytes]) -> None:
    folder = model.parent
    with running(folder, "--model", "model", "--gallery", "door.db") as (address, said, process):
        host, port = address.removeprefix("http://").split(":")
        head = (
            "POST /api/v1/enrol?name=Ada HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            f"Authorization: Bearer {key_in(said)}\r\nContent-Length: {len(photos[0])}\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + photos[0][:100])
            bearer = {"Authorization": f"Bearer {key_in(said)}"}

            def in_work() -> bool:
                metrics = httpx.get(f"{address}/metrics", headers=bearer, timeout=PATIENCE).text
                return "likeness_requests_in_progress 2.0" in metrics

            def refuses_others() -> bool:
                try:
                    socket.create_connection((host, int(port))).close()
                except ConnectionError:
                    return True
                return False

            until(in_work)
            process.send_signal(signal.SIGTERM)
            until(refuses_others)
            connection.sendall(photos[0][100:])
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 201")
        assert process.wait(PATIENCE) == 0
    with open_gallery(folder / "door.db") as gallery:
        assert gallery.counts().templates == 1


def test_what_was_acknowledged_outlives_a_kill(model: Path, photos: list[bytes]) -> None:
    folder = model.parent
    done: list[str] = []
    with running(folder, "--model", "model", "--gallery", "door.db") as (address, said, process):

        def enrol() -> None:
            with client_of(address, key_in(said)) as client:
                for at, photo in enumerate(photos):
                    try:
                        client.enrol(f"person {at}", photo)
                    except ServiceError:
                        return
                    done.append(f"person {at}")

        thread = threading.Thread(target=enrol)
        thread.start()
        until(lambda: len(done) >= 5 or not thread.is_alive())
        process.kill()
        thread.join()
    assert len(done) >= 5
    assert check_gallery(folder / "door.db").sound
    with open_gallery(folder / "door.db") as gallery:
        assert {one.name for one in gallery.people(limit=1000)} >= set(done)


def test_a_signal_has_the_model_read_again(model: Path) -> None:
    folder = model.parent
    words = ("--model", "model", "--gallery", "door.db", "--no-keys")
    with running(folder, *words, LIKENESS_RELOAD_SECONDS="0") as (_, said, process):
        assert said.startswith("NO KEYS")
        process.send_signal(signal.SIGHUP)
        until(lambda: "model taken" in (folder / "log").read_text())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--gallery", "door.db"), "expected a folder with model.json"),
        (("--model", "model", "--gallery", "nowhere/door.db"), "expected a path in an existing"),
        (("--model", "model", "--no-keys", "--host", "0.0.0.0"), "expected keys where other"),
        (("--model", "model", "--tls-key", "x.pem"), "expected both files or none"),
        (("--model", "model", "--log", "xml"), "expected json or text"),
        (("--model", "model", "--settings", "none.toml"), "expected a TOML file"),
        (("--model", "model", "--host", "203.0.113.9"), "expected a free address"),
    ],
)
def test_what_cannot_start_says_why(model: Path, words: tuple[str, ...], sentence: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "likeness", "serve", "--port", "0", *words],
        cwd=model.parent if "model" in words else model.parent.parent,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    )
    assert found.returncode == 2
    assert sentence in found.stderr
    assert "Traceback" not in found.stderr
    assert not (model.parent / "people.db").exists()


def test_keys_of_another_process_open_the_service(model: Path) -> None:
    folder = model.parent
    with create_gallery(folder / "door.db", GalleryModel.of(open_model(model))):
        pass
    keys = [sys.executable, "-m", "likeness", "keys"]
    of = ["--gallery", "door.db"]

    def do(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*keys, *words, *of], cwd=folder, capture_output=True, text=True, check=False
        )

    text = do("add", "door", "--role", "viewer").stdout.strip()
    with running(folder, "--model", "model", *of, LIKENESS_KEYS_SECONDS="0") as (address, said, _):
        assert "lk_" not in said
        with client_of(address, text) as client:
            assert client.session() == {
                "name": "door",
                "role": "viewer",
                "permissions": client.session()["permissions"],
            }
            assert do("revoke", "1").returncode == 0
            with pytest.raises(ServiceError) as refused:
                client.session()
            assert (refused.value.status, refused.value.code) == (401, "wrong-key")
    assert "revoked" in do("list").stdout
    assert do("add", "door", "--role", "root").returncode == 2
    with open_gallery(folder / "door.db") as gallery:
        assert len(gallery.api_keys.list()) == 1
