"""Pages from templates: all text is escaped, the style stands in the page itself."""

from pathlib import Path
from typing import Any

from likeness.errors import require_extra

TEMPLATES = Path(__file__).parent / "templates"
XMLNS = ' xmlns="http://www.w3.org/2000/svg"'


def render_page(template: str, **view: Any) -> str:
    """Return the page that a template makes of a view; it may use ``style``, the pages' CSS.

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
    # Our own markup, escaped where it was made; in HTML an <svg> needs no namespace.
    environment.filters["drawing"] = lambda svg: jinja.utils.markupsafe.Markup(
        svg.replace(XMLNS, "")
    )
    style = jinja.utils.markupsafe.Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    return str(environment.get_template(template).render(**view, style=style))
