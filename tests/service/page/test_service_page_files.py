"""The page's files: they belong together, ask nobody else for anything, and never run text as code.

What a browser makes of them is tested in `test_service_page.py`.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest

import likeness

PAGE = Path(likeness.__file__).parent / "service" / "page"
FILES = sorted(path for path in PAGE.rglob("*") if path.is_file())
MODULES = {f"/page/{path.relative_to(PAGE).as_posix()}": path for path in PAGE.rglob("*.js")}
MODULES_AT = {path: name for name, path in MODULES.items()}
IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as \w+) from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
SVG = "{http://www.w3.org/2000/svg}"

relative = [path.relative_to(PAGE).as_posix() for path in FILES]


class Tags(HTMLParser):
    """Every tag of a document with its attributes, and the text inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.code = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.inside = [tag] if tag in {"script", "style"} else []

    def handle_endtag(self, tag: str) -> None:
        self.inside = []

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.code += data.strip()


def imports_of(path: Path) -> list[tuple[str, str]]:
    """Names and address of each import; addresses are relative, and here as from the root."""
    here = MODULES_AT[path]
    return [(names, urljoin(here, target)) for names, target in IMPORT.findall(text_of(path))]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_is_asked_of_another_host(path: Path) -> None:
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`)]*", text_of(path)))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_document_holds_no_script_and_no_style_of_its_own() -> None:
    tags = Tags(text_of(PAGE / "index.html"))
    assert tags.code == ""
    for _, attributes in tags.found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    links = [
        attributes.get("href") or attributes.get("src")
        for tag, attributes in tags.found
        if tag in {"link", "script", "use"}
    ]
    assert links
    for link in links:
        name = str(link).split("#")[0].removeprefix("page/")
        assert (PAGE / name).is_file(), link


@pytest.mark.parametrize("path", MODULES.values(), ids=list(MODULES))
def test_data_never_becomes_markup_or_code(path: Path) -> None:
    text = text_of(path)
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "createContextualFragment",
        "srcdoc",
        "eval(",
        "new Function",
        "javascript:",
        'setAttribute("style"',
    ):
        assert word not in text, word


@pytest.mark.parametrize("path", MODULES.values(), ids=list(MODULES))
def test_every_import_exists_and_is_used(path: Path) -> None:
    text = text_of(path)
    imports = imports_of(path)
    assert len(imports) == text.count("\nimport ") + text.startswith("import ")
    for names, target in imports:
        assert target in MODULES, target
        exported = set(EXPORT.findall(text_of(MODULES[target])))
        for name in filter(None, (part.strip() for part in names.split(","))):
            original, _, other = name.partition(" as ")
            assert original in exported, f"{target} has no {original}"
            used = re.findall(rf"\b{other or original}\b", IMPORT.sub("", text))
            assert used, f"{name} is imported for nothing"


def test_every_module_is_reached_from_the_first_and_says_what_it_is() -> None:
    reached, waiting = set(), ["/page/main.js"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        text = text_of(MODULES[name])
        assert text.startswith("/* "), name
        waiting += [target for _, target in imports_of(MODULES[name])]
    assert reached == set(MODULES)


def test_every_icon_that_is_named_is_drawn_and_the_other_way_round() -> None:
    drawn = {
        symbol.attrib["id"]
        for symbol in ElementTree.parse(PAGE / "icons.svg").getroot().iter(f"{SVG}symbol")
    }
    every = "".join(text_of(path) for path in FILES if path.suffix in {".js", ".html"})
    words = set(re.findall(r'"([a-z]+)"', every)) | set(re.findall(r"icons\.svg#(\w+)", every))
    words |= {"door", "people", "compare", "report", "health"}  # by the names of the views
    assert drawn <= words
    named = set(re.findall(r'\bicon\("([a-z]+)"\)', every))
    named |= set(re.findall(r'picture: "([a-z]+)"', every))
    assert named <= drawn


def test_colours_are_pairs_and_motion_can_be_switched_off() -> None:
    text = text_of(PAGE / "style.css")
    assert "prefers-reduced-motion" in text
    names = re.findall(r"^\s+--[\w-]+: (.*#[0-9a-f]{3,8}.*);$", text, re.MULTILINE)
    assert len(names) >= 15
    assert all(value.startswith("light-dark(") for value in names)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_address_starts_at_the_root(path: Path) -> None:
    # A proxy may serve the page under a prefix, which such an address would leave.
    text = text_of(path)
    assert not re.findall(r"""(?:from |import\(|href=|src=|href: |fetch\()["'`]/""", text)
