"""``likeness card MODEL``."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown

from likeness.cli.options import Json, ModelFolder
from likeness.cli.terminal import note, output, write_json
from likeness.errors import OutputError, SettingError
from likeness.files import check_writable_file
from likeness.model.card import card_markdown, check_result, model_card
from likeness.model.folder import WITH_A_CARD, read_document, store_about
from likeness.reports.html import write_card_page


def card(
    model: ModelFolder,
    add: Annotated[
        list[Path] | None,
        typer.Option(help="Add a result (--json of crossval or evaluate); repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name on its card.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="The model's licence, such as CC-BY-4.0.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the card as a page.")] = None,
    json_: Json = None,
) -> None:
    """Show a model's card: data, figures, threshold, limits.

    The card also says what the model is not for. It is in the model's folder, as card.json and
    card.md, and written if it is missing.
    """
    check_writable_file(html, option="--html")
    document = read_document(model, formats=WITH_A_CARD)
    about = {
        **document.get("about", {}),
        **{key: word for key, word in (("name", name), ("licence", licence)) if word is not None},
    }
    for file in add or ():
        about["results"] = _with_result(about.get("results"), _read(file), document)
    document["about"] = about
    try:
        store_about(model, about)
    except OutputError as error:
        if add or name is not None or licence is not None:
            raise
        note(f"Note: {error}")
    made = model_card(document)
    if html is not None:
        write_card_page(made, html)
    if json_ != "-":
        output().print(Markdown(card_markdown(made)))
    write_json(made.to_json(), json_)


def _with_result(results: Any, result: Any, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the results with another one, which replaces one of the same protocol and data."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = replace(check_result(result, document), added=now).to_json()
    others = [other for other in results or () if _subject(other) != _subject(kept)]
    return [*others, kept]


def _subject(result: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(result.get(key) for key in ("protocol", "data", "seeds"))


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"--add: {file} cannot be read as JSON: {error}.") from error
