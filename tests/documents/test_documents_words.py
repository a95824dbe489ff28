"""The texts use the terms of the field: phrases that were replaced do not come back."""

import json
import re
from pathlib import Path

TOP = Path(__file__).parents[2]

PHRASES = (
    r"is no news",
    r"hands that nobody has",
    r"heard no answer",
    r"[Oo]f everything random",
    r"Else \d",
    r"does the lab's job",
    r"is told by a key",
    r"the role is none",
    r"Look again",
    r"photos one has",
    r"made[- ]up (people|faces|writers|names|characters|galleries|questions|data|runs)",
    r"(can|could|may|to) be had\b",
    r"\bat hand\b",
    r"comes? along",
    r"goes on where",
    r"taken for (somebody|genuine|strangers|two|one of)",
    r"\bby heart\b",
    r"whose each\b",
    r"leans? (a little )?to the good",
    r"learned afresh",
    r"what stands behind",
    r"knows these people",
    r"made if need be",
    r"who is there already",
    r"should be new is not",
    r"how far (it is|they are) gone",
    r"somebody else's(?! question)",
    r"what is noted about",
    r"takes? it back",
    r"(model|encoder|it|detector|finder) wants\b",
    r"(model|encoder|centroid) asks for",
    r"it is no [a-z]+",
    r"\bwhoever\b|\bwhomever\b",
    r"for want of",
    r"in the place of",
    r"frank word",
    r"model's word",
    r"came true|foretold",
    r"every choice of",
    r"thrown away",
    r"is passed over|are passed over",
)
"""Regular expressions of one line, spaces for any white space."""

SOURCES = ("src", "docs")
KINDS = {".py", ".md", ".js", ".html", ".jinja"}


def texts() -> dict[str, str]:
    files = [TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "notebooks").glob("*.py")]
    for folder in SOURCES:
        files += [path for path in (TOP / folder).rglob("*") if path.suffix in KINDS]
    found = {
        str(path.relative_to(TOP)): path.read_text(encoding="utf-8").replace("\n# ", "\n")
        for path in files
    }
    for path in (TOP / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[path.name] = "\n".join("".join(cell["source"]) for cell in cells)
    return found


def test_no_replaced_phrase_is_back() -> None:
    patterns = [re.compile(phrase.replace(" ", r"\s+")) for phrase in PHRASES]
    back = [
        f"{name}: {match[0]!r}"
        for name, text in texts().items()
        for pattern in patterns
        for match in pattern.finditer(text)
    ]
    assert not back, "\n".join(back)
