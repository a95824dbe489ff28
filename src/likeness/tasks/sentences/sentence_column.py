"""How commands open a model of texts: one of ours, or one of Sentence-Transformers."""

from pathlib import Path
from typing import Any

from likeness.errors import ModelError
from likeness.model.opening import open_model
from likeness.tasks.sentences.preparation import TextPreparation
from likeness.tasks.sentences.sentence_transformer import MARK, sentence_transformer


def open_text_model(folder: Path) -> Any:
    """Return a model whose ``embed`` takes a list of texts.

    Raises:
        ModelError: there is none, or it is of photos.
        MissingExtraError: what should run it is not installed.
    """
    if (folder / MARK).is_file() and not (folder / "model.json").is_file():
        return sentence_transformer(folder)
    model = open_model(folder)
    if not isinstance(getattr(model, "preparation", None), TextPreparation):
        raise ModelError(
            f"{folder}: expected a model of texts. Received: one of photos. Make one with "
            "`likeness questions train --out DIR`."
        )
    return model
