"""Pages from templates: all text in them is escaped, people's folders have any name."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from likeness.errors import require_extra

TEMPLATES = Path(__file__).parent / "templates"
XMLNS = ' xmlns="http://www.w3.org/2000/svg"'


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the page that a template makes of these values; it finds our style in ``style``.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    jinja = require_extra("jinja2")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    markup = jinja.utils.markupsafe.Markup
    # Our own markup, escaped where it was made; in HTML an <svg> needs no namespace.
    environment.filters["drawing"] = lambda svg: markup(svg.replace(XMLNS, ""))
    environment.filters["commands"] = lambda sentence: markup(_with_commands(sentence))
    style = markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    return str(environment.get_template(template).render(values, style=style))


def _with_commands(sentence: str) -> str:
    """Return a sentence with what stands between backticks as code, everything escaped."""
    parts = [escape(part) for part in sentence.split("`")]
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
