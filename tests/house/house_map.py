"""The map of the house in CONTRIBUTING, made from the layers of `source_tree`.

Run it after a change: ``python tests/house/house_map.py``.
"""

import ast
from pathlib import Path

from source_tree import LAYERS, MODULES, ROOT, tree

BEGIN = "<!-- The map is made by tests/house/house_map.py. -->\n"
END = "<!-- End of the map. -->\n"

WIDTH = 100


def package_map() -> str:
    """The layers in a line, and a line for each part: what its docstring says."""
    return f"\n```\n{_layers()}\n```\n\n```\n{_tree()}\n```\n\n"


def _layers() -> str:
    ranks = [" | ".join(parts) for parts in LAYERS]
    lines = [ranks[0]]
    for rank in ranks[1:]:
        if len(lines[-1]) + len(rank) + 3 > WIDTH:
            lines.append("   ")
        lines[-1] += f" → {rank}"
    return "\n".join(lines)


def _tree() -> str:
    rows = []
    for part in (part for parts in LAYERS for part in parts if part != "registry"):
        rows.append(_row(part, depth=0))
        if part == "tasks":
            rows.append(_row("tasks/registry", depth=1))
        if part in {"tasks", "evaluation", "model", "recogniser"}:
            folders = sorted(path for path in (ROOT / part).iterdir() if path.is_dir())
            rows += [
                _row(f"{part}/{path.name}", depth=1)
                for path in folders
                if (path / "__init__.py").exists()
            ]
    return "\n".join(rows)


def _row(path: str, *, depth: int) -> str:
    """A part's file or folder, and the first sentence of its docstring."""
    module = ".".join([ROOT.name, *path.split("/")])
    is_folder = MODULES[module].name == "__init__.py"
    name = "  " * depth + path.rpartition("/")[2] + ("/" if is_folder else ".py")
    words = (ast.get_docstring(tree(module)) or "").partition("\n\n")[0].split()
    line = f"{name:<15} {' '.join(words)}".rstrip()
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rpartition(" ")[0] + " …"


def write() -> None:
    """Put the map between its marks in CONTRIBUTING."""
    page = Path(__file__).parents[2] / "CONTRIBUTING.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(before + BEGIN + package_map() + END + rest.partition(END)[2])


if __name__ == "__main__":
    write()
