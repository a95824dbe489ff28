"""The card as Markdown. Words that come from data are text in it, never markup."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from likeness.evaluation.figures import (
    counted,
    figure_kinds,
    interval,
    method_label,
    methods_of,
    percent,
)
from likeness.model.card.facts import card_facts


def card_markdown(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown (CommonMark with tables).

    Args:
        card: of `model_card`.
    """
    blocks = [f"# Model card: {escape(card['name'])}"]
    blocks += _marked(card)
    blocks += [words(card["for"])] if "for" in card else []
    facts = card_facts(card)
    blocks.append(_list(facts["model"]))
    blocks += ["## Data", _list(facts["data"]), "## Training", _list(facts["training"])]
    blocks.append("## Figures")
    for result in card["results"]:
        blocks += _result(result)
    if not card["results"]:
        blocks.append(words(card.get("measured") or "Nothing was measured."))
    blocks += ["## Threshold", _list(facts["threshold"])]
    blocks.append(_bullets(card["threshold"]["sentences"]))
    blocks += ["## What it must not be used for", _bullets(card["not_for"])]
    blocks += ["## Limits", _bullets(card["limits"])]
    return "\n\n".join(blocks) + "\n"


def escape(value: Any) -> str:
    """Return a value as Markdown text in one line: what means something there is escaped.

    >>> escape("a|b <b>\\n# c")
    'a\\\\|b \\\\<b\\\\> \\\\# c'
    """
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", _one_line(value)).replace("&", "&amp;")


def words(value: Any) -> str:
    """Return our own words with the commands in them as code, all else escaped."""
    line = _one_line(value)
    parts = line.split("`")
    # A backtick without its partner is no code, and several in a row are another mark.
    if len(parts) % 2 == 0 or "``" in line:
        return escape(line)
    return "".join(f"`{part}`" if i % 2 else _between(part) for i, part in enumerate(parts))


def _one_line(value: Any) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(printable.split())


def _between(part: str) -> str:
    """Escape, and keep the spaces at the ends."""
    body = escape(part)
    return f"{' ' * part.startswith(' ')}{body}{' ' * (part.endswith(' ') and bool(body))}"


def _marked(part: Mapping[str, Any]) -> list[str]:
    return [f"> **{escape(part['watermark'])}**"] if part.get("watermark") else []


def _list(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {escape(name)}: **{escape(fact)}**" for name, fact in facts.items())


def _bullets(sentences: Sequence[Any]) -> str:
    return "\n".join(f"- {words(said)}" for said in sentences)


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
