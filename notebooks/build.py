"""Run the notebooks and keep their tables and plots: ``python notebooks/build.py [NAME ...]``.

Each ``.py`` in percent format becomes an ``.ipynb``. Cells tagged «photographs» are kept
without their output: the photos are not ours to pass on.
"""

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def build(source: Path, target: Path, *, timeout: int = 1800) -> None:
    """Execute one notebook and write it.

    Args:
        source: the ``.py``.
        target: the ``.ipynb``.
        timeout: seconds that a cell may take.
    """
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=timeout, kernel_name="python3").execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [] if hidden(cell) else [o for o in cell.outputs if kept(o)]
    nbformat.write(notebook, target)


def hidden(cell: nbformat.NotebookNode) -> bool:
    """Say whether a cell shows photographs."""
    return "photographs" in cell.metadata.get("tags", [])


def kept(output: nbformat.NotebookNode) -> bool:
    """Say whether an output is for readers: standard error holds libraries' notes only."""
    return not (output.output_type == "stream" and output.name == "stderr")


if __name__ == "__main__":
    names = sys.argv[1:] or ["att_faces", "mnist_digits", "questions", "signatures", "tracking"]
    for name in names:
        print(f"Running {name} ...", flush=True)
        build(HERE / f"{name}.py", HERE / f"{name}.ipynb")
