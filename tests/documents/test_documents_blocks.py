"""What the documents tell a reader to run, runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_process import python
from typer.main import get_command

from likeness.cli.app import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.M | re.S)


PYTHON = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document, "python"))
]

COMMANDS = [
    pytest.param(line.split("#")[0].strip(), id=line.split("#")[0].strip())
    for document in DOCUMENTS
    for block in blocks(document, "sh")
    for line in block.splitlines()
    if line.startswith("likeness ")
]


@pytest.mark.parametrize("block", PYTHON)
def test_python_blocks_run(block: str, tmp_path: Path) -> None:
    python("-c", block, cwd=tmp_path)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    """Every command and option exists (what they do is tested elsewhere)."""
    words = shlex.split(line)[1:]
    group = get_command(app)
    command = group
    context = group.make_context("likeness", [], resilient_parsing=True)
    while hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(context, words)
    command.make_context("likeness", words, parent=context)


def test_commands_page_is_the_help(tmp_path: Path) -> None:
    from_help = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "commands.py")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    page = (ROOT / "docs" / "commands.md").read_text()
    assert page == from_help, "run: python docs/commands.py > docs/commands.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("name", ["att_faces", "mnist_digits"])
def test_committed_notebooks_show_no_photograph(name: str) -> None:
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    hidden = [
        cell for cell in notebook["cells"] if "photographs" in cell["metadata"].get("tags", [])
    ]
    assert all(cell["outputs"] == [] for cell in hidden)
    assert any(cell.get("outputs") for cell in notebook["cells"])
    if name == "att_faces":
        assert len(hidden) == 2


@pytest.mark.parametrize("name", ["att_faces", "mnist_digits"])
def test_committed_notebooks_are_built_from_their_sources(name: str) -> None:
    jupytext = pytest.importorskip("jupytext")
    source = jupytext.read(ROOT / "notebooks" / f"{name}.py")
    built = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in built["cells"]]
    assert cells == [(cell.cell_type, cell.source) for cell in source.cells]
