"""``likeness card MODEL``."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.errors import OutputError, SettingError
from likeness.files import check_writable_file
from likeness.model.card import card_markdown, check_result, model_card
from likeness.model.folder import WITH_A_CARD, read_document, store_about


def card(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    add: Annotated[
        list[Path] | None,
        typer.Option(help="Put a result on it (--json of crossval or evaluate); repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the model is called on its card.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Under which the model may be used, such as CC-BY-4.0.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write it here as a page, too.")] = None,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the card here; - for standard output.")
    ] = None,
) -> None:
    """Show a model's card: data, figures, threshold, limits.

    The card also says what the model is not for. The card is in the model's folder, as card.json
    and card.md, and made anew where it is not.
    """
    check_json_place(json_)
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
        errors().print(f"Note: {error}", style="yellow", markup=False)
    made = model_card(document)
    if html is not None:
        from likeness.reports.card_page import write_card_page  # late: only pages need it

        write_card_page(made, html)
    if json_ != "-":
        from rich.markdown import Markdown  # late: only for people

        output().print(Markdown(card_markdown(made)))
    write_json(made.to_json(), json_)


def _with_result(results: Any, added: Any, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the results with another one, which takes the place of its like."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = replace(check_result(added, document), added=now).to_json()
    others = [r for r in results or () if _what(r) != _what(kept)]
    return [*others, kept]


def _what(result: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(result.get(key) for key in ("protocol", "data", "seeds"))


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"--add: {file} cannot be read as JSON: {error}.") from error
