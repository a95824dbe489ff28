"""The card as Markdown. Text from data is escaped."""

import re
from collections.abc import Mapping, Sequence

from likeness.evaluation.figures import Interval, method_label, percent
from likeness.evaluation.results import ProtocolResult
from likeness.model.card.facts import ModelCard


def card_markdown(card: ModelCard) -> str:
    """Return the card as Markdown (CommonMark with tables)."""
    tables = card.tables
    blocks = [f"# Model card: {escape(card.name)}", *_marked(card.watermark)]
    blocks += [words(card.purpose)] if card.purpose else []
    blocks.append(_list(tables["model"]))
    blocks += ["## Data", _list(tables["data"]), "## Training", _list(tables["training"])]
    blocks.append("## Figures")
    for result in card.results:
        blocks += _result(result)
    if not card.results:
        blocks.append(words(card.measured or "Nothing was measured."))
    blocks += ["## Threshold", _list(tables["threshold"])]
    blocks.append(_bullets(card.threshold.sentences))
    blocks += ["## What it must not be used for", _bullets(card.not_for)]
    blocks += ["## Limits", _bullets(card.limits)]
    return "\n\n".join(blocks) + "\n"


def escape(value: object) -> str:
    """Return a value as one line of Markdown text, escaped.

    >>> escape("a|b <b>\\n# c")
    'a\\\\|b \\\\<b\\\\> \\\\# c'
    """
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", _one_line(value)).replace("&", "&amp;")


def words(value: object) -> str:
    """Return our own sentences with commands as code, everything else escaped."""
    line = _one_line(value)
    parts = line.split("`")
    # A backtick without its partner is not code, and several in a row are another mark.
    if len(parts) % 2 == 0 or "``" in line:
        return escape(line)
    return "".join(f"`{part}`" if i % 2 else _between(part) for i, part in enumerate(parts))


def _one_line(value: object) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(printable.split())


def _between(part: str) -> str:
    """Escape, and keep the spaces at the ends."""
    body = escape(part)
    return f"{' ' * part.startswith(' ')}{body}{' ' * (part.endswith(' ') and bool(body))}"


def _marked(mark: str | None) -> list[str]:
    return [f"> **{escape(mark)}**"] if mark else []


def _list(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {escape(name)}: **{escape(fact)}**" for name, fact in facts.items())


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {words(said)}" for said in sentences)


def _result(result: ProtocolResult) -> list[str]:
    names = result.figure_names
    arrows = [f"{name.label} ↓" if name.smaller_is_better else name.label for name in names]
    lines = [f"| method | {' | '.join(escape(label) for label in arrows)} |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for method, figures in result.methods.items():
        cells = [_cell(figures.get(name)) for name in names]
        lines.append(f"| {escape(method_label(method))} | {' | '.join(cells)} |")
    title = f"### {escape(result.protocol)}: {escape(result.title)}"
    said = result.counted() + (f" Data: {result.data.name}." if result.data.name else "")
    blocks = [title, *_marked(result.watermark), "\n".join(lines), words(said)]
    return [*blocks, _bullets(result.leak_sentences or ["Leaks were not checked."])]


def _cell(figure: Interval | None) -> str:
    return f"{percent(figure.mean)} ({figure.ends()})" if figure else percent(None)
