"""The source as data: its layers, and each module's syntax tree, parsed once."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import likeness

ROOT = Path(likeness.__file__).parent

LAYERS = (
    ("cli",),
    ("service", "tasks"),
    ("experiments",),
    ("recogniser", "training", "reports"),
    ("model",),
    ("evaluation",),
    ("datasets", "encoders"),
    ("images",),
    ("energies",),
    ("arrays", "files"),
    ("errors", "registry"),
)
"""From left to right: a part may import the parts to its right, and none beside it.

The registry is the list of tasks (``tasks/registry.py``): it imports a task by name, when
something of it is asked for. A task's commands belong to the command line."""

FRONT_DOOR = {"__init__", "__main__"}
"""Outside the layers: the list of public names, and `python -m likeness`."""


def _name(path: Path) -> str:
    """likeness/a/b.py → «likeness.a.b»; likeness/a/__init__.py → «likeness.a»."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def text(module: str) -> str:
    return MODULES[module].read_text(encoding="utf-8")


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(text(module))


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    """Every node of a module."""
    return tuple(ast.walk(tree(module)))


def relative(module: str) -> str:
    """The module's file, below the package's folder."""
    return MODULES[module].relative_to(ROOT).as_posix()


def part_of(module: str) -> str:
    """The part of the house that a module belongs to: a name in LAYERS or FRONT_DOOR."""
    parts = module.split(".")
    if parts[1:] in (["tasks"], ["tasks", "registry"]):
        return "registry"
    if parts[1:2] == ["tasks"] and parts[-1].endswith("commands"):
        return "cli"
    return parts[1] if len(parts) > 1 else "__init__"


def rank(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from at_import_time(child)


def imported(some: Iterable[ast.AST]) -> set[str]:
    """The modules that the import statements among the nodes name."""
    names = set()
    for node in some:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in MODULES else str(node.module))
    return names


def named_in_calls(some: Iterable[ast.AST]) -> set[str]:
    """The modules that are imported by a text: `require_extra("x")`, `import_module("x")`."""
    return {
        str(node.args[0].value)
        for node in some
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"require_extra", "import_module"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


@cache
def imports(module: str) -> frozenset[str]:
    """Every module, ours or another's, that a module imports, early or late."""
    return frozenset(imported(nodes(module)) | named_in_calls(nodes(module)))


@cache
def brought(module: str) -> frozenset[str]:
    """The modules of ours that come with a module, itself aside.

    The packages above it come too. A name that a package gives out when it is asked for
    (PEP 562) brings the module that defines it; the package alone does not bring it.
    """
    names = set()
    body = [node for node in tree(module).body if not _is_for_names_only(node)]
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                late = given_late(str(node.module)).get(alias.name)
                names |= imported([ast.ImportFrom(node.module, [alias], 0)])
                names |= {late} if late else set()
        else:
            names |= imported([node]) | named_in_calls([node])
    return frozenset({*names, module.rpartition(".")[0]} & set(MODULES) - {module, ROOT.name})


def _is_for_names_only(node: ast.stmt) -> bool:
    """Whether a statement is `__getattr__`, or is read by type checkers alone."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


@cache
def given_late(package: str) -> dict[str, str]:
    """Name → module, of what a package's ``__getattr__`` gives out: its table of texts."""
    if package not in MODULES or package == ROOT.name:
        return {}
    if not any(getattr(node, "name", "") == "__getattr__" for node in tree(package).body):
        return {}
    pairs = [
        (str(getattr(key, "value", None)), str(getattr(value, "value", None)))
        for table in nodes(package)
        if isinstance(table, ast.Dict)
        for key, value in zip(table.keys, table.values, strict=True)
    ]
    whole = {key: value if value in MODULES else f"{package}.{value}" for key, value in pairs}
    return {key: value for key, value in whole.items() if value in MODULES}


def closure(starts: Iterable[str]) -> set[str]:
    """Every module of ours that importing these brings, with every late import that follows.

    It stops at reports, which are for people and may be about faces.
    """
    reached: set[str] = set()
    waiting = set(starts)
    while waiting:
        module = waiting.pop()
        reached.add(module)
        if part_of(module) != "reports":
            waiting |= brought(module) - reached
    return reached


def importers() -> dict[str, set[str]]:
    """Module → the modules that import it, or name it in a text."""
    by: dict[str, set[str]] = {module: set() for module in MODULES}
    for module in MODULES:
        texts = {
            node.value
            for node in nodes(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for other in (imported(nodes(module)) | texts) & set(MODULES):
            by[other].add(module)
    return by


def words(name: str) -> set[str]:
    """The words of an identifier: «photo_way» and «PhotoWay» are «photo» and «way»."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def identifiers(module: str) -> set[str]:
    """The names that a module defines, takes as an argument or assigns to."""
    names = set()
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            names.add(node.arg)
    return names
