"""The commands as a person types them: in a process of their own, or in this one."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fresh_process import python

from likeness.cli import main
from likeness.cli.app import app
from likeness.errors import LikenessError

WITHOUT_KERAS = {
    "--help",
    "--version",
    "audit",
    "data",
    "enrol",
    "forget",
    "gallery",
    "identify",
    "keys",
    "people",
    "verify",
}
"""Commands that do not need it."""


def run(
    *words: str, cwd: Path, code: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``likeness`` in a process of its own.

    Args:
        words: the command and its arguments.
        cwd: where.
        code: what Python runs instead, with the words as its arguments.
        environment: variables to add.
    """
    variables = {"COLUMNS": "100", "NO_COLOR": "1"} | environment
    if code is None:
        learning = words[0] not in WITHOUT_KERAS
        return python(
            *("-m", "likeness", *words), cwd=cwd, learning=learning, check=False, **variables
        )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def run_here(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``likeness`` in this process: soon done, where a sentence is all that is asked for.

    Args:
        words: the command and its arguments.
        cwd: where.
        environment: variables to add.
    """
    code: Any = 0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ({"COLUMNS": "100", "NO_COLOR": "1"} | environment).items():
            patch.setenv(name, value)
        patch.chdir(cwd)
        patch.setattr("sys.argv", ["likeness", *words])
        streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8") for name in ("stdout", "stderr")}
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        try:
            main()
        except SystemExit as left:
            code = left.code
    printed = {}
    for name, stream in streams.items():
        stream.flush()
        printed[name] = stream.buffer.getvalue().decode("utf-8")
    return subprocess.CompletedProcess(words, int(code or 0), **printed)


def refused(result: subprocess.CompletedProcess[str], sentence: str) -> None:
    """Assert that a command could not try, and said why in one sentence."""
    assert result.returncode == 2, result.stdout + result.stderr
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def ask(*words: str) -> int:
    """Run a command in this process; returns its exit code."""
    try:
        app(list(words), standalone_mode=True)
    except SystemExit as left:
        return int(left.code or 0)
    except LikenessError:
        return 2
    return 0


def document(*words: str, name: str = "out.json") -> tuple[int, dict[str, Any]]:
    """Run a command in this process; returns its exit code and its JSON."""
    code = ask(*words, "--json", name)
    return code, json.loads(Path(name).read_text())
