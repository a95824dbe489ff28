"""The model card as one page that opens offline, in the report's dress."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likeness.files import write_file
from likeness.model.card import card_facts
from likeness.reports.page import figures_view
from likeness.reports.page_templates import render


def write_card_page(card: Mapping[str, Any], file: Path) -> Path:
    """Write the page of a card, whole or not at all; return its path.

    Args:
        card: of `likeness.model.card.model_card`.
        file: its folder is made if it is not there.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: it cannot be written.
    """
    return write_file(file, card_html(card))


def card_html(card: Mapping[str, Any]) -> str:
    """Return the page of a card. All text in it is escaped.

    Args:
        card: of `likeness.model.card.model_card`.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    results = [
        {**figures_view(result), "data": result["data"].get("name")} for result in card["results"]
    ]
    tables = card_facts(card)
    return render("card.html.jinja", {"card": card, "tables": tables, "results": results})
