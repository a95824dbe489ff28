"""`likeness serve` as a process of its own: started, watched, stopped, killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMITS = {"LIKENESS_RATE_LIMIT": "1000000/second"}
"""All clients have one key, and its rate is not what is measured."""

PATIENCE = 60.0
"""Seconds after which a server that is not ready is given up."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running service.

    Args:
        process: its process.
        port: on the loopback address.
        ready_s: seconds from the start of the process until it said that it is ready.
        log: the file that it writes to.
    """

    process: subprocess.Popen[bytes]
    port: int
    ready_s: float
    log: Path

    def resident_mb(self) -> float:
        """Return the memory that it holds, in MB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


def start(model: Path, gallery: Path, *, port: int, log: Path) -> Server:
    """Start the service and wait until it is ready.

    Raises:
        RuntimeError: it ended, or was not ready in time; with the end of its log.
    """
    command = [sys.executable, "-m", "likeness", "serve", "--model", str(model)]
    command += ["--gallery", str(gallery), "--port", str(port)]
    begun = time.perf_counter()
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | LIMITS)
    while time.perf_counter() - begun < PATIENCE and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
            ready = time.perf_counter() - begun
            return Server(process=process, port=port, ready_s=ready, log=log)
        time.sleep(0.01)
    process.kill()
    raise RuntimeError(f"likeness serve is not ready:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def running(model: Path, gallery: Path, *, log: Path) -> Iterator[Server]:
    """Start the service on a free port, and stop it at the end if it still runs."""
    server = start(model, gallery, port=free_port(), log=log)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def admin_key(gallery: Path) -> str:
    """Return a new API key that may do everything."""
    words = ["keys", "add", "benchmark", "--role", "admin", "--gallery", str(gallery)]
    done = subprocess.run(
        [sys.executable, "-m", "likeness", *words, "--json", "-"],
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(done.stdout)["key"])


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
