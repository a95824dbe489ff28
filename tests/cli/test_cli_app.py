"""The table of commands: what ``--help`` lists, and what is imported when."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from likeness.cli.app import app, commands

from .conftest import run

COMMANDS = list(commands())
HEAVY = ("numpy", "sqlalchemy", "cv2", "onnxruntime", "PIL", "cryptography", "keras", "sklearn")


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["people", "--help"], ["nothing"]])
def test_help_and_version_load_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from likeness.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "loaded += [name for name in sys.modules if name.startswith('likeness.evaluation')]\n"
        "print('\\n' + json.dumps(loaded))"
    )
    result = run(*words, cwd=tmp_path, code=code)
    assert json.loads(result.stdout.splitlines()[-1]) == [], result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_the_line_in_the_list_is_the_commands_own(command: Any) -> None:
    summary = (inspect.getdoc(command.function()) or "").split("\n\n")[0]
    assert command.help == " ".join(summary.split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_help_shows_no_type_for_a_flag_and_whole_sentences(command: Any) -> None:
    result = CliRunner().invoke(app, [*command.words.split(), "--help"])
    assert result.exit_code == 0, result.output
    assert "<bool>" not in result.output
    assert "BOOLEAN" not in result.output
    parser = command.parser()
    assert all("\n" not in paragraph for paragraph in parser.help.split("\n\n"))
    assert all(parameter.help for parameter in parser.params)


def test_every_command_is_listed_under_a_heading() -> None:
    result = CliRunner().invoke(app, ["--help"], terminal_width=100)
    at = [
        result.output.index(f"─ {panel} ─")
        for panel in ("Faces", "Measure", "Gallery", "Service", "Other tasks")
    ]
    assert at == sorted(at)
    assert "─ Commands ─" not in result.output
    for command in COMMANDS:
        assert command.words.split()[0] in result.output


def test_an_unknown_command_ends_with_two() -> None:
    assert CliRunner().invoke(app, ["enroll"]).exit_code == 2
    assert CliRunner().invoke(app, ["people", "liste"]).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("likeness enr", "enrol"), ("likeness people ex", "export"), ("likeness export --ov", "--ov")],
)
def test_the_shell_completes_commands_and_their_options(
    typed: str, offered: str, tmp_path: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['likeness']\n"
         "from likeness.cli import main; main()"],
        env=os.environ
        | {
            "_LIKENESS_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert result.stdout.startswith(offered), result.stderr
