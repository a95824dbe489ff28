"""The model card: description, measured figures, intended use and limits of a saved model.

A card is made of ``model.json`` alone, so it can be regenerated at any time, and a damaged card
does not prevent using the model. ``card.json`` is for programs, ``card.md`` for people.
"""

import json
from collections.abc import Mapping

from likeness.model.card.document import model_card
from likeness.model.card.markdown import card_markdown
from likeness.model.card.results import check_result

__all__ = ["card_files", "card_markdown", "check_result", "model_card"]


def card_files(document: Mapping[str, object]) -> dict[str, str]:
    """Return the card of a model as files: name → text.

    Args:
        document: of ``model.json``.
    """
    card = model_card(document)
    text = json.dumps(card.to_json(), indent=2, sort_keys=True, allow_nan=False)
    return {"card.json": text + "\n", "card.md": card_markdown(card)}
