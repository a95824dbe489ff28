"""The architecture: imports go down, Keras stays where learning is, and nothing is code on disk."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import likeness

ROOT = Path(likeness.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

LAYERS = (
    {"cli"},
    {"service", "tasks"},
    {"experiments"},
    {"recogniser", "training", "reports"},
    {"model"},
    {"evaluation"},
    {"datasets", "encoders"},
    {"images"},
    {"energies"},
    {"arrays", "files"},
    {"errors", "registry"},
)
"""From left to right: a part may import the parts to its right, and none beside it.

The registry is the list of tasks (``tasks/registry.py``): it imports a task by name, when
something of it is asked for. A task's commands belong to the command line."""

FRONT_DOOR = {"__init__", "__main__"}
"""Outside the layers: the list of public names, `python -m likeness`, and a constant."""

HEAVY = (
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
)

WITH_KERAS = {
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / "encoders").glob("*.py")),
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / "training").rglob("*.py")),
    "tasks/sentences/bag_of_pieces.py",
    "tasks/sentences/correlation.py",
    "tasks/sentences/sentence_feed.py",
    "tasks/sentences/training.py",
    "tasks/tracking/correlation_net.py",
    "tasks/tracking/fully_convolutional.py",
    "tasks/tracking/response_logistic.py",
    "tasks/tracking/trained_model.py",
    "tasks/tracking/training.py",
}

WITH_SKLEARN = {"tasks/sklearn/classifier.py", "tasks/sklearn/embedder.py"}
"""Estimators derive from scikit-learn's classes: who asks for one has asked for it."""

ABOUT_FACES = ("likeness.datasets.att", "likeness.images.faces", "likeness.recogniser")
"""What other jobs of the engine must not bring along."""


def name_of(path: Path) -> str:
    """likeness/a/b.py → «likeness.a.b»; likeness/a/__init__.py → «likeness.a»."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from at_import_time(child)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The modules that the import statements among the nodes name."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else str(node.module))
    return found


def asked_for(nodes: Iterator[ast.AST]) -> set[str]:
    """The modules that are imported by a text: `require_extra("x")`, `import_module("x")`."""
    return {
        str(node.args[0].value)
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"require_extra", "import_module"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def version(node: ast.AST) -> bool:
    """``from likeness import __version__``, which stands before everything else there."""
    return isinstance(node, ast.ImportFrom) and [a.name for a in node.names] == ["__version__"]


def rank(part: str) -> int:
    return next(place for place, parts in enumerate(LAYERS) if part in parts)


def part_of(module: str) -> str:
    parts = module.split(".")
    if (parts[1:2] == ["tasks"] and parts[-1] == "registry") or parts == ["likeness", "tasks"]:
        return "registry"
    if parts[1:2] == ["tasks"] and parts[-1].endswith("commands"):
        return "cli"
    return parts[1] if len(parts) > 1 else "__init__"


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def closure(start: str) -> set[str]:
    """Every module of ours that importing these brings, the packages above each too."""
    found: set[str] = set()
    waiting = [name for name in MODULES if name == start or name.startswith(f"{start}.")]
    while waiting:
        name = waiting.pop()
        above = name.rpartition(".")[0]
        if name in found or name not in MODULES or name == ROOT.name:
            continue
        found.add(name)
        module = tree(MODULES[name])
        # What a package gives out by name (PEP 562) comes with that name, not with the package.
        module.body = [node for node in module.body if getattr(node, "name", "") != "__getattr__"]
        nodes = list(ast.walk(module))
        brought = imported(iter(nodes)) | asked_for(iter(nodes))
        waiting += [above, *(brought & set(MODULES))]
    return found


def loaded(code: str, tmp_path: Path) -> list[str]:
    """Which heavy packages are loaded after this code, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    return [name for name in result.stdout.split() if name in HEAVY]


class TestLayers:
    def test_every_part_has_its_place(self) -> None:
        parts = {part_of(module) for module in MODULES} - FRONT_DOOR
        assert parts <= set().union(*LAYERS)

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_imports_go_down(self, path: Path) -> None:
        here = part_of(name_of(path))
        if here in FRONT_DOOR:
            return
        nodes = list(ast.walk(tree(path)))
        for module in imported(iter(nodes)) | asked_for(iter(nodes)):
            if not module.startswith("likeness.") or part_of(module) in FRONT_DOOR | {here}:
                continue
            assert rank(part_of(module)) > rank(here), f"{relative(path)} imports {module}"

    def test_nobody_imports_the_front_door(self) -> None:
        for path in FILES:
            if part_of(name_of(path)) not in FRONT_DOOR:
                nodes = [n for n in ast.walk(tree(path)) if not version(n)]
                assert "likeness" not in imported(iter(nodes)), relative(path)

    def test_no_import_cycles(self) -> None:
        below = {
            name: (imported(at_import_time(tree(path))) & set(MODULES)) - {name}
            for name, path in MODULES.items()
        }
        while below:
            free = {name for name, needed in below.items() if not needed}
            assert free, f"these import each other: {sorted(below)}"
            below = {name: needed - free for name, needed in below.items() if name not in free}


class TestTracking:
    """What follows something that is no face has no line of face code in its way."""

    FACES = (
        "likeness.datasets",
        "likeness.images.align",
        "likeness.images.faces",
        "likeness.recogniser",
    )

    def test_tracking_needs_no_faces(self, tmp_path: Path) -> None:
        names = ("tracking", "tracking.pairs", "tracking.annotated")
        after = "; ".join(f"import likeness.tasks.{name}" for name in names)
        brought = subprocess.run(
            [sys.executable, "-c", f"import sys; {after}; print(*sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        ).stdout.split()
        assert not [name for name in brought if name.startswith(self.FACES)]

    def test_tracking_imports_no_faces(self) -> None:
        found = closure("likeness.tasks.tracking")
        assert "likeness.tasks.tracking.tracker" in found
        assert "likeness.model.folder" in found
        assert not [name for name in found if name.startswith(self.FACES)]


class TestEstimators:
    def test_no_code_about_faces_comes_with_the_estimators(self) -> None:
        found = closure("likeness.tasks.sklearn")
        assert {
            "likeness.training.fitting",
            "likeness.encoders",
            "likeness.datasets.items",
        } <= found
        assert not {name for name in found if name.startswith(ABOUT_FACES)}

    def test_they_would_be_seen(self) -> None:
        assert any(name.startswith(ABOUT_FACES) for name in closure("likeness.experiments.demo"))


class TestTexts:
    """The engine serves other items than faces, without a line of face code in their way."""

    STARTS = (
        "likeness.tasks.sentences.commands",
        "likeness.tasks.sentences.sentence_column",
        "likeness.tasks.sentences.bag_of_pieces",
        "likeness.tasks.sentences.correlation",
        "likeness.tasks.sentences.questions",
        "likeness.tasks.sentences.sentence_transformer",
        "likeness.tasks.sentences.training",
    )
    OF_FACES = ("likeness.images.faces", "likeness.recogniser.sight", "likeness.datasets.att")

    @pytest.mark.parametrize("start", STARTS)
    def test_nothing_that_texts_import_is_about_faces(self, start: str) -> None:
        seen, to_see = {start}, [start]
        while to_see:
            nodes = list(ast.walk(tree(MODULES[to_see.pop()])))
            found = (imported(iter(nodes)) | asked_for(iter(nodes))) & set(MODULES)
            to_see += sorted(found - seen)
            seen |= found
        assert not [name for name in seen if name.startswith(self.OF_FACES)]


class TestHeavyPackages:
    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_keras_is_imported_where_learning_is_and_nowhere_else(self, path: Path) -> None:
        found = {module.split(".")[0] for module in imported(ast.walk(tree(path)))}
        allowed = {"keras"} | ({"sklearn"} if relative(path) in WITH_SKLEARN else set())
        assert not found & (set(HEAVY) - allowed)
        assert "keras" not in found or relative(path) in WITH_KERAS

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_optional_packages_are_asked_for_when_they_are_needed(self, path: Path) -> None:
        assert not asked_for(at_import_time(tree(path)))

    @pytest.mark.parametrize(
        "code",
        [
            "import likeness",
            "import likeness.cli",
            "import likeness.cli.app",
            "import likeness.model.siamese_model, likeness.evaluation",
            "import likeness.reports, likeness.datasets",
            "import likeness.recogniser",
            "import likeness.recogniser.gallery",
            "import likeness; likeness.load_model, likeness.Dataset, likeness.TrainingRecipe",
            "import likeness; likeness.open_model, likeness.OnnxModel",
            "import likeness.tasks.sentences.commands, likeness.tasks.sentences.questions",
            "import likeness.tasks.sentences.sentences, likeness.tasks.sentences.preparation",
            "import likeness.service.client",
            "import likeness.tasks.signatures.shipped",
            "import likeness.tasks.tracking.annotated, likeness.tasks.tracking.pairs",
        ],
    )
    def test_what_starts_without_them(self, code: str, tmp_path: Path) -> None:
        assert loaded(code, tmp_path) == []

    def test_the_service_starts_without_keras_and_opencv(self, tmp_path: Path) -> None:
        pytest.importorskip("fastapi", reason='needs pip install "likeness[serve]"')
        assert loaded("import likeness.service.running", tmp_path) == []

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_the_server_is_imported_by_the_service_alone(self, path: Path) -> None:
        server = {"fastapi", "limits", "prometheus_client", "pydantic", "starlette", "uvicorn"}
        found = {module.split(".")[0] for module in imported(ast.walk(tree(path)))}
        assert not found & server or relative(path).startswith("service/")


class TestHouseRules:
    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_no_code_comes_from_files_or_texts(self, path: Path) -> None:
        nodes = list(ast.walk(tree(path)))
        modules = {module.split(".")[0] for module in imported(iter(nodes))}
        assert not modules & {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
        for node in nodes:
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"eval", "exec", "compile", "__import__"}
                assert not called.endswith("Lambda")
                # A file of NumPy arrays may hold pickles, if it is allowed to.
                assert "allow_pickle=True" not in ast.unparse(node)

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_no_global_random_state(self, path: Path) -> None:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                if owner == "np.random":
                    assert node.attr in {"Generator", "SeedSequence", "default_rng"}
                assert owner != "random" or node.attr == "Random"
                assert node.attr not in {"set_random_seed", "set_seed"}

    def test_the_engine_does_not_ask_what_it_works_for(self) -> None:
        for module in sorted(closure("likeness.tasks.sklearn")):
            for node in ast.walk(tree(MODULES[module])):
                if isinstance(node, ast.Compare):
                    assert "task" not in ast.unparse(node), module

    def test_no_module_is_called_after_nothing(self) -> None:
        for module in MODULES:
            for part in module.split("."):
                assert part.strip("_") not in {"utils", "util", "common", "base", "misc", "config"}

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_every_module_says_what_it_is(self, path: Path) -> None:
        if path.stat().st_size:
            assert ast.get_docstring(tree(path))


FACE_CODE = ("likeness.images.faces", "likeness.recogniser.sight", "likeness.datasets.att")


def used(path: Path) -> set[str]:
    """The modules a file really uses: a name from a package is followed to where it is defined."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {defined_in(str(node.module), alias.name) for alias in node.names}
    return found & set(MODULES)


def defined_in(module: str, name: str) -> str:
    """Where ``from module import name`` gets it: through the lists of packages."""
    if f"{module}.{name}" in MODULES and not offered(module, name):
        return f"{module}.{name}"
    source = offered(module, name)
    return defined_in(source, name) if source and source != module else module


def offered(module: str, name: str) -> str:
    """The module that a package's ``__init__`` takes a name from; empty if it does not."""
    path = MODULES.get(module)
    if path is None or path.name != "__init__.py":
        return ""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return str(node.module)
    return ""


class TestSignatures:
    @pytest.mark.parametrize(
        "start",
        [
            ["likeness.tasks.signatures.signatures", "likeness.tasks.signatures.drawn_signatures"],
            ["likeness.training", "likeness.training.trainer"],
            ["likeness.recogniser.comparison", "likeness.model.opening"],
            ["likeness.tasks.signatures.shipped", "likeness.tasks.signatures.shipped"],
            ["benchmarks"],
        ],
        ids=lambda start: start[0],
    )
    def test_signatures_use_no_face_code(self, start: list[str]) -> None:
        if start == ["benchmarks"]:
            folder = ROOT.parents[1] / "benchmarks" / "signatures"
            waiting = set().union(*(used(path) for path in folder.glob("*.py")))
            assert waiting
        else:
            waiting = set(start)
        reached: set[str] = set()
        while waiting - reached:
            module = min(waiting - reached)
            reached.add(module)
            waiting |= used(MODULES[module])
        assert len(reached) > 3
        assert not {name for name in reached if name.startswith(FACE_CODE)}
