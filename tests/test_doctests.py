"""Every example in a docstring runs and gives what it says."""

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import likeness

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(likeness.__path__, "likeness.")
    # Importing it runs the command line.
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name))
    assert result.failed == 0
    assert list(tmp_path.iterdir()) == []


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    tests = [test for name in MODULES for test in finder.find(import_module(name))]
    assert sum(bool(test.examples) for test in tests) >= 20
