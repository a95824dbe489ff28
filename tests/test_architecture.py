"""The architecture: imports go down, Keras stays where learning is, and nothing is code on disk."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_tree import (
    FRONT_DOOR,
    LAYERS,
    MODULES,
    ROOT,
    at_import_time,
    closure,
    given_late,
    imported,
    imports,
    named_in_calls,
    nodes,
    part_of,
    rank,
    relative,
    text,
    tree,
)

HEAVY = {
    "cv2",
    "jax",
    "keras",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "tensorflow",
    "tf2onnx",
    "torch",
}

SERVER = {"fastapi", "limits", "prometheus_client", "pydantic", "starlette", "uvicorn"}

WITH_KERAS = ("encoders/", "training/")
"""Folders whose modules may import Keras."""

TASKS_WITH_KERAS = {
    "tasks/sentences/bag_of_pieces.py",
    "tasks/sentences/training.py",
    "tasks/tracking/training.py",
}

WITH_SKLEARN = {"tasks/sklearn/classifier.py", "tasks/sklearn/embedder.py"}
"""Estimators derive from scikit-learn's classes: who asks for one has asked for it."""

FACE_CODE = (
    "likeness.datasets.att",
    "likeness.images.align",
    "likeness.images.faces",
    "likeness.recogniser.photo_reader",
)
"""What reads photos of faces, finds faces, or aligns them."""

TASKS = sorted(path.name for path in (ROOT / "tasks").iterdir() if (path / "__init__.py").exists())

LIGHT = (
    "likeness",
    "likeness.cli",
    "likeness.cli.app",
    "likeness.model.siamese_model",
    "likeness.evaluation",
    "likeness.reports",
    "likeness.datasets",
    "likeness.recogniser",
    "likeness.recogniser.gallery",
    "likeness.model.opening",
    "likeness.service.client",
    "likeness.tasks.sentences.commands",
    "likeness.tasks.sentences.questions",
    "likeness.tasks.sentences.sentence_pairs",
    "likeness.tasks.sentences.preparation",
    "likeness.model.shipped",
    "likeness.tasks.tracking",
    "likeness.tasks.tracking.film",
    "likeness.tasks.tracking.pairs",
)
"""What is imported without a heavy package."""

LIGHT_NAMES = ("Dataset", "OnnxModel", "TrainingRecipe", "load_model", "open_model")


def external(module: str) -> set[str]:
    """The packages that a module's import statements name."""
    return {name.split(".")[0] for name in imported(nodes(module))}


def loaded_by(*statements: str, folder: Path) -> dict[str, set[str]]:
    """Statement → the modules that are newly loaded after it, in one fresh process."""
    lines = ["import sys", "before = set()"]
    for statement in statements:
        lines += [statement, "print(*(set(sys.modules) - before)); before = set(sys.modules)"]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    loaded = [set(line.split()) for line in result.stdout.splitlines()]
    return dict(zip(statements, loaded, strict=True))


class TestLayers:
    def test_every_part_has_its_rank(self) -> None:
        parts = {part_of(module) for module in MODULES} - FRONT_DOOR
        assert parts == set().union(*LAYERS)

    def test_imports_go_down(self) -> None:
        upward = [
            f"{relative(module)} imports {other}"
            for module in MODULES
            for other in sorted(imports(module))
            if other.startswith("likeness.")
            and not {part_of(module), part_of(other)} & FRONT_DOOR
            and part_of(module) != part_of(other)
            and rank(part_of(other)) <= rank(part_of(module))
        ]
        assert not upward

    def test_nobody_imports_the_front_door(self) -> None:
        offenders = [
            relative(module)
            for module in MODULES
            if part_of(module) not in FRONT_DOOR
            and "likeness" in imported(node for node in nodes(module) if not is_version(node))
        ]
        assert not offenders

    def test_no_import_cycles(self) -> None:
        below = {
            module: (imported(at_import_time(tree(module))) & set(MODULES)) - {module}
            for module in MODULES
        }
        while below:
            free = {module for module, needed in below.items() if not needed}
            assert free, f"these import each other: {sorted(below)}"
            below = {
                module: needed - free for module, needed in below.items() if module not in free
            }

    def test_a_task_is_imported_by_itself_and_by_commands_alone(self) -> None:
        offenders = [
            f"{relative(module)} imports {other}"
            for module in MODULES
            if part_of(module) not in {"__init__", "cli", "tasks"}
            for other in sorted(imports(module))
            if part_of(other) == "tasks"
        ]
        assert not offenders


def is_version(node: ast.AST) -> bool:
    """``from likeness import __version__``, which stands before everything else there."""
    return isinstance(node, ast.ImportFrom) and [a.name for a in node.names] == ["__version__"]


class TestTasks:
    """What is no face has no line of face code in its way."""

    @pytest.mark.parametrize("task", TASKS)
    def test_no_task_reaches_face_code(self, task: str) -> None:
        starts = {
            module
            for module in MODULES
            if module.startswith(f"likeness.tasks.{task}.") and part_of(module) == "tasks"
        }
        reached = closure(starts)
        assert {"likeness.arrays", "likeness.errors"} <= reached
        assert not [module for module in sorted(reached) if module.startswith(FACE_CODE)]

    def test_face_code_would_be_seen(self) -> None:
        reached = closure(module for module in MODULES if part_of(module) == "cli")
        # The command line has readers of data sets as attributes of their package.
        reached.add(given_late("likeness.datasets")["att"])
        assert not [face for face in FACE_CODE if not any(m.startswith(face) for m in reached)]

    def test_the_engine_is_what_the_tasks_use(self) -> None:
        assert {
            "likeness.training.fitting",
            "likeness.encoders",
            "likeness.datasets.items",
        } <= closure(["likeness.tasks.sklearn.classifier"])
        assert "likeness.model.folder" in closure(["likeness.tasks.tracking"])

    def test_the_signatures_benchmark_uses_no_face_code(self) -> None:
        folder = ROOT.parents[1] / "benchmarks" / "signatures"
        trees = [ast.parse(path.read_text()) for path in folder.glob("*.py")]
        starts = {name for tree in trees for name in imported(ast.walk(tree))} & set(MODULES)
        assert starts
        assert not [module for module in closure(starts) if module.startswith(FACE_CODE)]

    def test_tracking_loads_no_faces(self, tmp_path: Path) -> None:
        statements = [
            f"import likeness.tasks.{name}"
            for name in ("tracking", "tracking.pairs", "tracking.film")
        ]
        loaded = set().union(*loaded_by(*statements, folder=tmp_path).values())
        assert "likeness.tasks.tracking.pairs" in loaded
        assert not [module for module in loaded if module.startswith(FACE_CODE)]

    def test_the_road_does_not_ask_which_task_it_works_for(self) -> None:
        offenders = [
            f"{relative(module)}: {ast.unparse(node)}"
            for module in MODULES
            if part_of(module) not in {"cli", "service", "tasks"}
            for node in nodes(module)
            if isinstance(node, ast.Compare) and "task" in ast.unparse(node)
        ]
        assert not offenders


class TestHeavyPackages:
    def test_keras_is_imported_where_learning_is_and_nowhere_else(self) -> None:
        offenders = []
        for module in MODULES:
            path = relative(module)
            allowed = (
                {"keras"} if path.startswith(WITH_KERAS) or path in TASKS_WITH_KERAS else set()
            )
            allowed |= {"sklearn"} if path in WITH_SKLEARN else set()
            offenders += [f"{path} imports {name}" for name in external(module) & HEAVY - allowed]
        assert not offenders

    def test_optional_packages_are_asked_for_when_they_are_needed(self) -> None:
        offenders = {
            relative(module): names
            for module in MODULES
            if (names := named_in_calls(at_import_time(tree(module))))
        }
        assert not offenders

    def test_what_starts_without_them(self, tmp_path: Path) -> None:
        statements = [f"import {module}" for module in LIGHT]
        statements += [f"likeness.{name}" for name in LIGHT_NAMES]
        loaded = loaded_by(*statements, folder=tmp_path)
        assert not {
            statement: heavy for statement in loaded if (heavy := loaded[statement] & HEAVY)
        }

    def test_the_service_starts_without_keras_and_opencv(self, tmp_path: Path) -> None:
        pytest.importorskip("fastapi", reason='needs pip install "siamese-likeness[serve]"')
        statement = "import likeness.service.running"
        assert not loaded_by(statement, folder=tmp_path)[statement] & HEAVY

    def test_the_server_is_imported_by_the_service_alone(self) -> None:
        offenders = [
            relative(module)
            for module in MODULES
            if external(module) & SERVER and part_of(module) != "service"
        ]
        assert not offenders


class TestHouseRules:
    def test_no_code_comes_from_files_or_texts(self) -> None:
        forbidden = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
        offenders = [
            f"{relative(module)} imports {name}"
            for module in MODULES
            for name in external(module) & forbidden
        ]
        offenders += [
            f"{relative(module)}:{node.lineno} {ast.unparse(node)}"
            for module in MODULES
            for node in nodes(module)
            if isinstance(node, ast.Call) and runs_code(node)
        ]
        assert not offenders

    def test_no_global_random_state(self) -> None:
        offenders = [
            f"{relative(module)}:{node.lineno} {ast.unparse(node)}"
            for module in MODULES
            for node in nodes(module)
            if isinstance(node, ast.Attribute) and is_global_random(node)
        ]
        assert not offenders

    def test_no_module_is_called_after_nothing(self) -> None:
        empty = {"utils", "util", "common", "base", "misc", "config"}
        assert not [module for module in MODULES if set(module.split(".")) & empty]

    def test_every_module_says_what_it_is(self) -> None:
        assert not [
            relative(module)
            for module in MODULES
            if text(module) and not ast.get_docstring(tree(module))
        ]

    def test_offenders_would_be_seen(self) -> None:
        source = "eval(x); keras.layers.Lambda(f); np.load(p, allow_pickle=True)"
        assert [runs_code(call) for call in calls(source)] == [True, True, True]
        assert not any(runs_code(call) for call in calls("re.compile(x); np.load(p)"))
        source = "np.random.rand; random.random; keras.utils.set_random_seed; np.random.default_rng"
        attributes = [statement.value for statement in ast.parse(source).body]
        assert [is_global_random(node) for node in attributes] == [True, True, True, False]


def calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def runs_code(node: ast.Call) -> bool:
    """Whether a call makes code of a text, or reads a file that may hold code."""
    called = ast.unparse(node.func)
    return (
        called in {"eval", "exec", "compile", "__import__"}
        or called.endswith("Lambda")
        # A file of NumPy arrays may hold pickles, if it is allowed to.
        or "allow_pickle=True" in ast.unparse(node)
    )


def is_global_random(node: ast.Attribute) -> bool:
    """Whether a name belongs to a generator that all modules share."""
    owner = ast.unparse(node.value)
    return (
        (owner == "np.random" and node.attr not in {"Generator", "SeedSequence", "default_rng"})
        or (owner == "random" and node.attr != "Random")
        or node.attr in {"set_random_seed", "set_seed"}
    )
