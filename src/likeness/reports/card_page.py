"""The model card as one page that opens offline, in the report's dress."""

from pathlib import Path

from likeness.files import write_file
from likeness.model.card.facts import ModelCard
from likeness.reports.page import figures_view
from likeness.reports.page_templates import render


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
