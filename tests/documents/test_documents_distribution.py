"""What people are told to install exists: the package's name on the index, and its extras."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_tree import MODULES, nodes

from likeness.cli.app import commands
from likeness.errors import DISTRIBUTION, MissingExtraError, require_extra

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

TEXTS = sorted(
    path
    for place in (
        "README.md",
        "CONTRIBUTING.md",
        "docs",
        "deploy",
        "notebooks",
        "src",
        "benchmarks",
    )
    for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    if path.is_file() and path.suffix in {"", ".md", ".py", ".service"}
)

BROUGHT_BY = {
    "pillow_heif": "pillow-heif",
    "requests": "pooch",
    "scipy": "scikit-learn",
    "sklearn": "scikit-learn",
}
"""Modules whose package is called otherwise, or comes along with another one."""


def test_the_name_is_the_one_of_the_package_and_the_command_keeps_its_own() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert list(PROJECT["scripts"]) == ["likeness"]


def unknown(text: str) -> set[str]:
    """What a text says to install that is not there."""
    named = re.findall(rf"(?:{DISTRIBUTION}|pip install [^`\n]*)\[([a-z, ]+)\]", text)
    extras = {extra.strip() for several in named for extra in several.split(",")}
    return (extras - set(EXTRAS)) | set(re.findall(r"pip install [\"']?likeness\b", text))


def test_what_is_said_to_be_installed_exists() -> None:
    wrong = {
        path.relative_to(ROOT).as_posix(): missing
        for path in TEXTS
        if (missing := unknown(path.read_text(encoding="utf-8")))
    }
    assert not wrong
    assert unknown('RUN pip install "/source[serve,nothing]"') == {"nothing"}


def asked_for() -> Iterator[tuple[str, str, str]]:
    """Each `require_extra` of the source: where, the module, and the extra that brings it."""
    for name in MODULES:
        for node in nodes(name):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require_extra":
                module, options = node.args[0], {each.arg: each.value for each in node.keywords}
                if isinstance(module, ast.Constant) and "package" not in options:
                    extra = options.get("extra", ast.Constant("learn"))
                    assert isinstance(extra, ast.Constant)
                    yield name, str(module.value), str(extra.value)


def brought_by(extra: str) -> set[str]:
    """The packages of an extra, of those within it too."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        name, _, inner = requirement.partition("[")
        if name == DISTRIBUTION:
            found.update(*(brought_by(each) for each in inner.partition("]")[0].split(",")))
        else:
            found.add(re.split(r"[<>=;\[ ]", requirement, maxsplit=1)[0])
    return found


def test_the_extra_of_a_message_brings_the_module() -> None:
    wrong = [
        (where, module, extra)
        for where, module, extra in asked_for()
        if not module.startswith(("likeness", "sentence_transformers"))
        and BROUGHT_BY.get(top := module.partition(".")[0], top) not in brought_by(extra)
    ]
    assert not wrong


def test_a_message_names_both() -> None:
    with pytest.raises(MissingExtraError, match=r'`pip install "siamese-likeness\[serve\]"`\.$'):
        require_extra("no_such_module", extra="serve")


def test_what_the_examples_of_deployment_copy_and_run_exists() -> None:
    container = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    unit = (ROOT / "deploy" / "likeness.service").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (.+) /source", container, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    # What the build reads is among it.
    assert {"pyproject.toml", "README.md", "LICENSE", "src"} <= set(" ".join(copied).split())
    (serve,) = (entry.parser() for entry in commands() if entry.words == "serve")
    known = {option for parameter in serve.params for option in parameter.opts}
    started = "".join(re.findall(r"^(?:ENTRYPOINT|CMD) (.+)", container, re.MULTILINE))
    assert '"likeness", "serve"' in started and "likeness serve" in unit
    used = set(re.findall(r"--[a-z][a-z-]+", started + unit))
    assert used and used <= known, used - known
