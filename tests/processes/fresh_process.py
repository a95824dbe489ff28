"""Python in a process of its own, without waiting for other people's packages each time.

Importing Keras with TensorFlow costs six seconds of computing. A server imports such packages
once, and nothing of `likeness`; each call is a fork of it. What runs there starts as
``python -c`` and ``python -m`` do, and loads `likeness` freshly. Tests of what a start loads or
how long it takes start Python themselves.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import traceback
import types
from functools import cache
from pathlib import Path
from signal import SIGKILL
from typing import Any

LIGHT = ("numpy", "PIL.Image", "typer", "rich.console", "sqlalchemy", "cryptography.fernet")
LEARNING = (*LIGHT, "onnxruntime", "keras", "sklearn.base", "matplotlib.pyplot", "jinja2")

AT_IMPORT = ("KERAS_BACKEND", "MPLBACKEND")
"""Variables that the packages read when they are imported, and that matter here: with other values
another server is needed. (Keras reads KERAS_HOME then, too, but only for downloads of its own.)"""


def python(
    *arguments: str,
    cwd: Path,
    learning: bool = True,
    check: bool = True,
    timeout: float = 1200,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -c CODE …`` or ``python -m MODULE …``, and return what it printed.

    Args:
        arguments: "-c" or "-m", the code or module, and its arguments.
        cwd: where.
        learning: whether Keras, scikit-learn and Matplotlib are at hand, too.
        check: whether an exit code other than 0 fails the test.
        timeout: seconds.
        variables: to add to those of this process.
    """
    env = dict(os.environ) | variables
    if hasattr(os, "fork"):
        packages = LEARNING if learning else LIGHT
        values = tuple(env.get(name, "") for name in AT_IMPORT)
        done = _server(packages, values).run(arguments, cwd, env, timeout)
    else:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    assert not (check and done.returncode), done.stdout + done.stderr
    return done


STREAMS = ("out", "err")


class _Server:
    """A process that forks itself for every call."""

    def __init__(self, packages: tuple[str, ...], values: tuple[str, ...]) -> None:
        given = {name: value for name, value in zip(AT_IMPORT, values, strict=True) if value}
        others = {name: value for name, value in os.environ.items() if name not in AT_IMPORT}
        self._process = subprocess.Popen(
            [sys.executable, __file__, *packages],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=others | given,
        )

    def run(
        self, arguments: tuple[str, ...], cwd: Path, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as folder:
            request: dict[str, Any] = {"arguments": arguments, "cwd": str(cwd), "env": env}
            request |= {name: str(Path(folder, name)) for name in STREAMS}
            assert self._process.stdin is not None
            print(json.dumps(request), file=self._process.stdin, flush=True)
            child = self._number()
            timer = threading.Timer(timeout, os.kill, (child, SIGKILL))
            timer.start()
            code = self._number()
            timer.cancel()
            printed = [Path(folder, name).read_text("utf-8") for name in STREAMS]
            return subprocess.CompletedProcess(arguments, code, *printed)

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@cache
def _server(packages: tuple[str, ...], values: tuple[str, ...]) -> _Server:
    return _Server(packages, values)


def _serve(packages: list[str]) -> dict[str, Any] | None:
    """Answer requests; returns in each child with its request, and with None at the end."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError:  # it is optional: who needs it says so
            continue
    gc.freeze()  # or every child copies all of it
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return dict(json.loads(line))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def _become(request: dict[str, Any]) -> None:
    """Take the request's folder, variables, arguments and files, and run its code."""
    files = (os.devnull, os.O_RDONLY), *((request[n], os.O_WRONLY | os.O_CREAT) for n in STREAMS)
    for number, (name, flags) in enumerate(files):
        file = os.open(name, flags)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    kind, code, *words = request["arguments"]
    added = request["env"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = ["" if kind == "-c" else request["cwd"], *filter(None, added)]
    sys.argv = [kind, *words]
    if kind == "-m":
        runpy.run_module(code, run_name="__main__", alter_sys=True)
        return
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(code, "<string>", "exec"), main.__dict__)


def _end_of(request: dict[str, Any]) -> int:
    """Run a request to its end as Python does; returns the exit code."""
    code = 0
    try:
        _become(request)
    except SystemExit as left:
        if isinstance(left.code, int | None):
            code = left.code or 0
        else:
            code = 1
            print(left.code, file=sys.stderr)
    except BaseException:
        code = 1
        traceback.print_exc()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    answered = _serve(sys.argv[1:])
    if answered is not None:
        # Clearing up all packages would take longer than most of what is run here.
        os._exit(_end_of(answered))
