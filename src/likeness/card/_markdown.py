"""The card as Markdown. Words that come from data are text in it, never markup."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from likeness.figures import counted, figure_kinds, interval, method_label, methods_of, percent


def card_markdown(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown (CommonMark with tables).

    Args:
        card: of `model_card`.
    """
    blocks = [f"# Model card: {escape(card['name'])}"]
    blocks += _marked(card)
    blocks.append(_facts(_head(card)))
    blocks += ["## Data", _facts(_data(card))]
    blocks += ["## Training", _facts(_training(card["training"]))]
    blocks.append("## Figures")
    for result in card["results"]:
        blocks += _result(result)
    if not card["results"]:
        blocks.append("Nothing was measured.")
    blocks += ["## Threshold", *_threshold(card["threshold"])]
    blocks += ["## What it must not be used for", _bullets(card["not_for"])]
    blocks += ["## Limits", _bullets(card["limits"])]
    return "\n\n".join(blocks) + "\n"


def escape(value: Any) -> str:
    """Return a value as Markdown text in one line: what means something there is escaped.

    >>> escape("a|b <b>\\n# c")
    'a\\\\|b \\\\<b\\\\> \\\\# c'
    """
    printable = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", " ".join(printable.split())).replace(
        "&", "&amp;"
    )


def words(value: Any) -> str:
    """Return our own words with the commands in them as code, all else escaped."""
    parts = str(value).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is no code
        return escape(value)
    return "".join(f"`{part}`" if i % 2 else _between(part) for i, part in enumerate(parts))


def _between(part: str) -> str:
    """Escape, and keep the spaces at the ends."""
    body = escape(part)
    return f"{' ' * part.startswith(' ')}{body}{' ' * (part.endswith(' ') and bool(body))}"


def _marked(part: Mapping[str, Any]) -> list[str]:
    return [f"> **{escape(part['watermark'])}**"] if part.get("watermark") else []


def _facts(rows: Iterable[tuple[str, Any]]) -> str:
    lines = [f"| {name} | {'not known' if fact is None else escape(fact)} |" for name, fact in rows]
    return "\n".join(["| | |", "| --- | --- |", *lines])


def _bullets(sentences: Sequence[Any]) -> str:
    return "\n".join(f"- {words(said)}" for said in sentences)


def _head(card: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("Fingerprint", card["fingerprint"]),
        ("Made", card["created"]),
        ("likeness", card["likeness"]),
        ("Licence of the model", card["licence"]["model"] or "none was stated"),
    ]


def _data(card: Mapping[str, Any]) -> list[tuple[str, Any]]:
    data = card["data"]
    return [
        ("Name", data["name"]),
        ("Licence and credit", card["licence"]["data"]),
        ("People", _number(data["people"])),
        ("Photos", _number(data["photos"])),
        ("Digest (SHA-256)", data["digest"]),
        ("Photos are", "drawn, not real" if data["drawn"] else "as they were given"),
    ]


def _training(training: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rows, columns, channels = training["reads"]
    held_out = f"{training['held_out_people']} people, to choose the epoch and the threshold"
    return [
        ("Mode", training["mode"]),
        ("Loss", training["loss"]),
        ("Encoder", training["encoder"]),
        ("Weights", _number(training["parameters"])),
        ("Reads", None if rows is None else f"{rows} × {columns} pixels, {channels} channels"),
        ("Embedding", _number(training["embedding_size"])),
        ("Energy (lower is more alike)", training["energy"]),
        ("Epochs", _number(training["epochs"])),
        ("Held out", held_out if training["held_out_people"] else "nobody"),
        ("Then learned from everybody", "yes" if training["refitted_on_everybody"] else "no"),
        ("Seed", training["seed"]),
        ("Seconds", training["seconds"]),
    ]


def _result(result: Mapping[str, Any]) -> list[str]:
    kinds = figure_kinds(result)
    arrows = [f"{kind.label} ↓" if kind.smaller_is_better else kind.label for kind in kinds]
    lines = [f"| method | {' | '.join(escape(label) for label in arrows)} |"]
    lines.append("| --- |" + " ---: |" * len(kinds))
    for name, figures in methods_of(result).items():
        cells = [_cell(figures.get(kind.name)) for kind in kinds]
        lines.append(f"| {escape(method_label(name))} | {' | '.join(cells)} |")
    data = result["data"].get("name")
    title = f"### {escape(result['protocol'])}: {escape(result['title'])}"
    said = counted(result) + (f" Data: {data}." if data else "")
    blocks = [title, *_marked(result), "\n".join(lines), words(said)]
    return [*blocks, _bullets(result["leak_report"]["sentences"] or ["No leak was looked for."])]


def _cell(figure: Mapping[str, Any] | None) -> str:
    around = interval(figure)
    return percent(figure["mean"] if figure else None) + (f" ({around})" if around else "")


def _threshold(threshold: Mapping[str, Any]) -> list[str]:
    evidence, valid = threshold["evidence"], threshold["valid_for"] or {}
    rows: list[tuple[str, Any]] = [
        ("Accepts if the energy is at most", _number(threshold["value"]) or "no threshold"),
        ("From", threshold["source"] or "nothing"),
        ("Valid for a gallery of", _number(valid.get("people")) or "no size is known"),
        *((name.replace("_", " ").capitalize(), _number(fact)) for name, fact in evidence.items()),
        ("Date", threshold["date"]),
    ]
    return [_facts(rows), _bullets(threshold["sentences"])]


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else value
