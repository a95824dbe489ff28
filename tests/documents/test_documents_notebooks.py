"""The notebooks run from the first cell to the last, at reduced size, on drawn faces."""

import json
from pathlib import Path

import pytest
from fresh_process import python

# The environments of the other backends come without them.
jupytext = pytest.importorskip("jupytext")
pytest.importorskip("IPython")

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

QUICK = {
    "att_faces": """
SEED = 0
LAB_EPOCHS = 1
UNSEEN = {
    "schedule": {"epochs": 1, "steps": 2},
    "encoder": {"width": 2, "kind": "convnet"},
    "preparation": {"rows": 28, "columns": 23},
}
ONE_SHOT_EPISODES = 10
from likeness import datasets
datasets.att = lambda: datasets.drawn_faces(identities=40, photos_each=4)
""",
    "mnist_digits": """
SEED = 0
PER_DIGIT = 12
SCHEDULE = {"epochs": 1, "steps": 2}
CLASSIFIER_STEPS = 2
""",
    "questions": """
SEED = 0
PAIRS = 200
SETTINGS = {"epochs": 2, "embedding_size": 16, "buckets": 512, "batch_size": 64}
""",
    "signatures": """
WRITERS = 18
NAMES = 2
SCHEDULE = {"epochs": 1, "steps": 2, "held_out": 0.4}
""",
    "tracking": """
SEED = 0
FRAMES = 12
SETTINGS = {"width": 2, "channels": 4, "steps": 4, "pairs": 3, "search": 79}
""",
}

SAYS = {
    "att_faces": "drawn faces",
    "mnist_digits": "unseen digits",
    "questions": "synthetic questions",
    "signatures": "drawn signatures",
    "tracking": "drawn sequence",
}


RUNS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for source in json.load(open(sys.argv[1])):
    shell.run_cell(source).raise_error()
"""
"""What a notebook's kernel does with its cells, in a process that is quick to begin."""


@pytest.mark.parametrize("name", QUICK)
def test_runs(name: str, without_data: Path) -> None:
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    (parameters,) = (
        cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    )
    parameters.source = QUICK[name]
    # The bundled digits take MNIST's place: the download must not be tried in a test.
    offline = (
        "import likeness.tasks.characters.digits as _d; _d.MNIST_URL = "
        "'http://127.0.0.1:9/mnist.npz'"
    )
    cells = [offline, *(cell.source for cell in notebook.cells if cell.cell_type == "code")]
    (without_data / "cells.json").write_text(json.dumps(cells))
    folder = str(without_data / "ipython")
    done = python("-c", RUNS, "cells.json", cwd=without_data, IPYTHONDIR=folder)
    assert SAYS[name] in done.stdout
