"""The report as a folder: ``report.json`` for programs, one ``report.html`` for people.

The page holds everything it shows: no script, no font, no picture is fetched, and its
content policy forbids it.
"""

import json
from pathlib import Path
from typing import Any

from likeness.errors import OutputError
from likeness.evaluation.figures import percent, watermark
from likeness.files import write_file, write_files
from likeness.model.card.facts import ModelCard
from likeness.model.recipe_names import full_names
from likeness.reports.content import ReportContent
from likeness.reports.json_text import json_text
from likeness.reports.page import figures_view, key_figures, protocol_view
from likeness.reports.page_templates import data_uri, render
from likeness.reports.verdict import Headline, headline, verdict


def write_report(content: ReportContent, folder: Path) -> Path:
    """Write ``report.json`` and ``report.html`` into a folder, both or neither.

    Args:
        content: what the report is made of.
        folder: made if it is not there; a report in it is replaced.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: the folder cannot be written to, or a figure is NaN or infinite.
    """
    files = {
        "report.json": _json(content).encode(),
        "report.html": report_html(content).encode(),
    }
    return write_files(folder, files)[1]


def write_card_page(card: ModelCard, file: Path) -> Path:
    """Write the page of a card, whole or not at all; return its path.

    Args:
        card: all text in it is escaped.
        file: in a folder that is there.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: it cannot be written.
    """
    results = [figures_view(result) for result in card.results]
    page = render("card.html.jinja", {"card": card, "tables": card.tables, "results": results})
    return write_file(file, page)


def _json(content: ReportContent) -> str:
    """Return the document as JSON with sorted keys.

    Raises:
        OutputError: a figure is NaN or infinite, for which JSON has no word.
    """
    try:
        return json_text(content.to_json())
    except ValueError as error:
        raise OutputError(
            "report.json: expected finite figures. Received one that is NaN or infinite "
            f"({error}). Nothing was written; look at the network's energies."
        ) from error


def report_html(content: ReportContent) -> str:
    """Return the page. All text in it is escaped: people's folders have any name.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    return render("report.html.jinja", _view(content))


def _view(content: ReportContent) -> dict[str, Any]:
    drawn = content.data.drawn
    return {
        "document": content.to_json(),
        "drawn": drawn,
        "mark": watermark(drawn=drawn) or "",
        "head": _head(headline(content.results)),
        "sections": [protocol_view(section) for section in content.sections],
        "network_uri": _network_uri(content.network.svg),
        "summary": content.network.summary,
        "recipes": _recipes(content),
        "has_photos": not drawn and any(section.mistakes for section in content.sections),
    }


def _head(head: Headline) -> dict[str, Any]:
    """Return the two cards at the top, and what they say together."""
    cards = [
        {
            "title": title or result.title,
            "unseen": bool(title),
            "protocol": result.protocol,
            "value": percent(result.figures[head.figure].mean),
            "interval": result.figures[head.figure].ends(),
            "words": head.figure.words,
            "mark": result.watermark or "",
        }
        for result, title in ((head.unseen, "People it has never seen"), (head.known, ""))
        if result is not None and head.figure is not None
    ]
    first = head.unseen or head.known
    if first is None:
        return {"cards": cards, "why": head.why, "verdict": None, "figures": []}
    return {
        "cards": cards,
        "why": head.why,
        "verdict": verdict(first),
        "figures": key_figures(first),
        "mark": first.watermark or "",
        "protocol": first.protocol,
    }


def _network_uri(svg: str) -> str:
    """Return the picture as an image: its identifiers cannot clash with the page's."""
    return data_uri(svg.encode(), "image/svg+xml") if svg else ""


def _recipes(content: ReportContent) -> dict[str, Any]:
    """Return the settings of each protocol's recipe, side by side: setting → values."""
    recipes = {
        result.protocol: full_names(result.recipe) for result in content.results if result.recipe
    }
    names = sorted({name for recipe in recipes.values() for name in recipe})
    rows = [(name, [_setting(recipe.get(name)) for recipe in recipes.values()]) for name in names]
    return {"protocols": list(recipes), "rows": rows}


def _setting(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
