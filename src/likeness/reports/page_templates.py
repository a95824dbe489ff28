"""Pages from templates: all text in them is escaped, people's folders have any name; photos are
inside a page, as text."""

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.errors import require_extra

TEMPLATES = Path(__file__).parent / "templates"
XMLNS = ' xmlns="http://www.w3.org/2000/svg"'

MOST_PIXELS = 160
"""Of the longer side: a page shows dozens of photos, and must not carry whole originals."""


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


def photo_uri(photo: NDArray[np.uint8]) -> str:
    """Return ``(rows, columns, 1 or 3)`` of uint8 as a ``data:`` address of a PNG.

    A photo larger than 160 pixels is made smaller.
    """
    image = Image.fromarray(photo[..., 0] if photo.shape[-1] == 1 else photo[..., :3])
    image.thumbnail((MOST_PIXELS, MOST_PIXELS))
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return data_uri(content.getvalue(), "image/png")


def data_uri(content: bytes, kind: str) -> str:
    """Return bytes as a ``data:`` address: nothing is fetched to show them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
