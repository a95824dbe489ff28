"""The house stays as small and as plain as it is: bars that may go down and never up."""

import ast
import re
from collections import Counter

import pytest
from house_map import BEGIN, END, package_map
from source_tree import (
    LAYERS,
    MODULES,
    ROOT,
    identifiers,
    importers,
    nodes,
    part_of,
    relative,
    text,
    tree,
    words,
)

TOP = ROOT.parents[1]

OLD_WORDS = {
    "Ask",
    "Asked",
    "Looked",
    "Seen",
    "Sight",
    "asked",
    "bending",
    "check_way",
    "cover",
    "evens_out",
    "found",
    "hardness",
    "kin",
    "light",
    "looked",
    "members",
    "one",
    "photo_way",
    "place",
    "seal_of",
    "seeing",
    "seen",
    "sight",
    "stroke_width",
    "way",
}
"""Identifiers that a reader of this field does not look for."""

TASK_WORDS = {"omniglot", "signatures", "tracker", "tracking"}
"""What only the tasks' own modules speak of."""

CONCEPTS = {
    "the contrastive loss": r"contrastive\.py",
    "the equal error rate": r"(verification|eer)\.py",
    "the choice of a threshold": r"(calibration|threshold)\w*\.py",
    "the SQLite schema": r"schema\.py",
    "search in PostgreSQL": r"(server_search|postgres\w*)\.py",
    "the REST route that identifies": r"routes/(photos|identify)\.py",
    "the page's camera": r"camera\w*\.js",
    "U4, unseen people": r"unseen_people\.py",
    "a recipe's defaults": r"training/recipe\.py",
    "the alignment of faces": r"align\w*\.py",
    "receipts": r"receipts?\.py",
    "the model card": r"model/card/",
}
"""What a stranger looks for, and the file or folder whose name says it."""


def public_names() -> list[str]:
    return [
        node.name
        for module in MODULES
        for node in tree(module).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]


def import_lines() -> int:
    return sum(
        node.end_lineno - node.lineno + 1
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.Import | ast.ImportFrom) and node.end_lineno is not None
    )


class TestSize:
    def test_entries_at_the_top(self) -> None:
        entries = {path.name for path in ROOT.iterdir()} - {"__pycache__", "py.typed"}
        assert len(entries) <= 18, sorted(entries)

    def test_ranks(self) -> None:
        assert len(LAYERS) <= 11

    def test_modules_with_a_single_importer(self) -> None:
        single = [relative(module) for module, by in importers().items() if len(by) == 1]
        assert len(single) <= 55, single

    def test_import_lines(self) -> None:
        assert import_lines() <= 2_300

    def test_public_names(self) -> None:
        assert len(public_names()) <= 600

    def test_dictionaries_of_anything(self) -> None:
        pattern = re.compile(r"\b(?:dict|Mapping)\[str, Any\]")
        count = {relative(m): n for m in MODULES if (n := len(pattern.findall(text(m))))}
        assert sum(count.values()) <= 105, count


class TestNames:
    def test_no_two_classes_of_one_name(self) -> None:
        count = Counter(
            node.name
            for module in MODULES
            for node in tree(module).body
            if isinstance(node, ast.ClassDef)
        )
        doubled = sorted(name for name, times in count.items() if times > 1)
        assert len(doubled) <= 6, doubled

    def test_no_module_is_private(self) -> None:
        stems = {module: module.rpartition(".")[2] for module in MODULES}
        assert not [module for module, stem in stems.items() if re.match(r"_(?!_)", stem)]

    def test_no_identifier_of_the_old_dialect(self) -> None:
        spoken = {
            relative(module): sorted(old)
            for module in MODULES
            if (old := {name for name in identifiers(module) if name.lstrip("_") in OLD_WORDS})
        }
        assert len(spoken) <= 2, spoken

    def test_the_road_names_no_task(self) -> None:
        named = {
            relative(module): sorted(of_tasks)
            for module in MODULES
            if part_of(module) not in {"cli", "tasks", "registry"}
            and (of_tasks := {n for n in identifiers(module) if words(n) & TASK_WORDS})
        }
        assert not named

    @pytest.mark.parametrize("concept", CONCEPTS)
    def test_a_file_s_name_says_what_is_in_it(self, concept: str) -> None:
        paths = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.*")]
        assert [path for path in paths if re.search(rf"(^|/){CONCEPTS[concept]}", path)]


class TestTests:
    def test_private_names_are_imported_in_few_places(self) -> None:
        imports = [
            f"{path.relative_to(TOP)}: {alias.name}"
            for path in sorted((TOP / "tests").rglob("*.py"))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("likeness")
            for alias in node.names
            if re.match(r"_(?!_)", alias.name)
        ]
        assert len(imports) <= 9, imports


class TestMap:
    def test_contributing_shows_the_layers_and_the_tree(self) -> None:
        page = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
        shown = page.partition(BEGIN)[2].partition(END)[0]
        assert shown == package_map(), "run: python tests/house/house_map.py"
