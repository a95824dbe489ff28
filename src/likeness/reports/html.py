"""The report as a folder: ``report.json`` for programs, one ``report.html`` for people.

Everything in a page is inside it, photos as text: no script, no font, no picture is fetched, and
its content policy forbids it. All text in it is escaped: people's folders have any name.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from likeness.arrays import Photo
from likeness.errors import OutputError, require_extra
from likeness.evaluation.figures import FigureName, Interval, method_label, percent, watermark
from likeness.evaluation.results import Figures, OpenSetResult, ProtocolResult
from likeness.files import write_file, write_files
from likeness.model.card.facts import ModelCard
from likeness.model.recipe_names import full_names
from likeness.reports.content import (
    Curve,
    Headline,
    Mistake,
    ProtocolSection,
    ReportContent,
    json_text,
    verdict,
)
from likeness.reports.plots import (
    cmc_plot,
    det_plot,
    energies_histogram,
    learning_curves,
    one_shot_plot,
    roc_plot,
)

TEMPLATES = Path(__file__).parent / "templates"
XMLNS = ' xmlns="http://www.w3.org/2000/svg"'

MOST_PIXELS = 160
"""Of the longer side: a page shows dozens of photos, and must not carry whole originals."""


def render(template: str, values: Mapping[str, object]) -> str:
    """Return the page that a template makes of these values; it finds our style in ``style``.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    jinja = require_extra("jinja2")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    markup = jinja.utils.markupsafe.Markup
    # Our own markup, escaped where it was made; in HTML an <svg> needs no namespace.
    environment.filters["drawing"] = lambda svg: markup(svg.replace(XMLNS, ""))
    environment.filters["percent"] = percent
    environment.filters["photo"] = photo_uri
    environment.filters["commands"] = lambda sentence: markup(_with_commands(sentence))
    style = markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    return str(environment.get_template(template).render(values, style=style))


def _with_commands(sentence: str) -> str:
    """Return a sentence with what stands between backticks as code, everything escaped."""
    parts = [escape(part) for part in sentence.split("`")]
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def photo_uri(photo: Photo) -> str:
    """Return ``(rows, columns, 1 or 3)`` of uint8 as a ``data:`` address of a PNG.

    A photo larger than 160 pixels is made smaller.
    """
    image = Image.fromarray(photo[..., 0] if photo.shape[-1] == 1 else photo[..., :3])
    image.thumbnail((MOST_PIXELS, MOST_PIXELS))
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return _data_uri(content.getvalue(), "image/png")


def _data_uri(content: bytes, kind: str) -> str:
    """Return bytes as a ``data:`` address: nothing is fetched to show them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def write_report(content: ReportContent, folder: Path) -> Path:
    """Write ``report.json`` and ``report.html`` into a folder, both or neither.

    Args:
        content: what the report is made of.
        folder: created if it does not exist; a report in it is replaced.

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
    """Write the page of a card, completely or not at all; return its path.

    Args:
        card: all text in it is escaped.
        file: in a folder that is there.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: it cannot be written.
    """
    results = [_figures_view(result) for result in card.results]
    page = render("card.html.jinja", {"card": card, "tables": card.tables, "results": results})
    return write_file(file, page)


def _json(content: ReportContent) -> str:
    """Return the document as JSON with sorted keys.

    Raises:
        OutputError: a figure is NaN or infinite, which JSON cannot represent.
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
    return render("report.html.jinja", _report_view(content))


def _report_view(content: ReportContent) -> dict[str, object]:
    drawn = content.data.drawn
    return {
        "document": content.to_json(),
        "drawn": drawn,
        "mark": watermark(drawn=drawn) or "",
        "head": _head(Headline.of(content.results)),
        "sections": [_protocol_view(section) for section in content.sections],
        "network_uri": _network_uri(content.network.svg),
        "summary": content.network.summary,
        "recipes": _recipes(content),
        "has_photos": not drawn and any(section.mistakes for section in content.sections),
    }


def _head(head: Headline) -> dict[str, object]:
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
        for result, title in ((head.unseen, "Unseen people"), (head.known, ""))
        if result is not None and head.figure is not None
    ]
    first = head.unseen or head.known
    if first is None:
        return {"cards": cards, "why": head.why, "verdict": None, "figures": []}
    return {
        "cards": cards,
        "why": head.why,
        "verdict": verdict(first),
        "figures": _key_figures(first),
        "mark": first.watermark or "",
        "protocol": first.protocol,
    }


def _network_uri(svg: str) -> str:
    """Return the picture as an image: its identifiers cannot clash with the page's."""
    return _data_uri(svg.encode(), "image/svg+xml") if svg else ""


def _recipes(content: ReportContent) -> dict[str, object]:
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


def _protocol_view(section: ProtocolSection) -> dict[str, object]:
    """Return what the template shows of one protocol; every picture has the result's mark."""
    result = section.result
    return {
        **_figures_view(result),
        "plots": _plots(section),
        "open_set": result.open_set and _open_set(result.open_set, section.open_set_curves),
        "groups": result.groups,
        "mistakes": _mistakes(section.mistakes),
        "threshold": result.threshold,
        "folds": result.folds,
    }


def _figures_view(result: ProtocolResult) -> dict[str, object]:
    """Return what the template shows of a result's figures and leaks, without pictures."""
    return {
        "protocol": result.protocol,
        "title": result.title,
        "data": result.data.name,
        "kinds": result.figure_names,
        "rows": _rows(result),
        "counted": result.counted(),
        "leaks": result.leaks,
        "threshold_seen": result.model.threshold_seen if result.model else 0,
        "leak_sentences": result.leak_sentences,
        "mark": result.watermark or "",
        "verdict": verdict(result),
    }


def _key_figures(result: ProtocolResult) -> list[dict[str, str]]:
    """Return every figure of the network: label, value, interval."""
    names = [name for name in result.figure_names if name in result.figures]
    return [{"label": name.label, **_cell(result.figures.get(name))} for name in names]


def _cell(figure: Interval | None) -> dict[str, str]:
    return {
        "value": percent(figure.mean if figure else None),
        "interval": figure.ends() if figure else "",
    }


def _open_set(part: OpenSetResult, curves: Mapping[str, Curve]) -> dict[str, object]:
    """Return the open set's table, words and plots."""
    measured = part.measured
    mark = measured.watermark or ""
    fpir, fnir = (measured.figures.get(FigureName(kind)) for kind in ("fpir", "fnir"))
    return {
        **_figures_view(measured),
        "sentences": part.sentences,
        "plots": [
            roc_plot(
                curves,
                open_set=True,
                at_threshold=(fpir.mean, 1.0 - fnir.mean) if fpir and fnir else None,
                mark=mark,
            ),
            det_plot(
                curves,
                genuine=measured.counts["mated_probes"],
                impostor=measured.counts["non_mated_probes"],
                open_set=True,
                mark=mark,
            ),
        ]
        if curves
        else [],
    }


def _rows(result: ProtocolResult) -> list[dict[str, object]]:
    names, methods = result.figure_names, result.methods
    best = {name: _best(name, methods) for name in names}
    return [
        {
            "label": method_label(method),
            "network": method == "network",
            "cells": [
                _cell(figures.get(name))
                | {"best": name.compared and name in figures and figures[name].mean == best[name]}
                for name in names
            ],
        }
        for method, figures in methods.items()
    ]


def _best(name: FigureName, methods: Mapping[str, Figures]) -> float | None:
    """Return the best mean; None where there is nothing to compare it with."""
    means = [figures[name].mean for figures in methods.values() if name in figures]
    if len(means) < 2:
        return None
    return min(means) if name.smaller_is_better else max(means)


def _plots(section: ProtocolSection) -> list[str]:
    """Return the plots for which there is something to draw."""
    result, plots = section.result, []
    mark = result.watermark or ""
    pairs = len(section.genuine) > 0 and len(section.impostor) > 0
    if pairs:
        plots.append(
            energies_histogram(
                section.genuine, section.impostor, threshold=result.threshold, mark=mark
            )
        )
    if section.curves:
        plots.append(roc_plot(section.curves, mark=mark))
    if section.curves and pairs:
        plots.append(
            det_plot(
                section.curves,
                genuine=len(section.genuine),
                impostor=len(section.impostor),
                mark=mark,
            )
        )
    if result.cmc:
        plots.append(cmc_plot(result.cmc, mark=mark))
    plots += _one_shot(result)
    for series in ("loss", "held_out_auc"):
        if any(history.get(series) for history in section.histories):
            plots.append(learning_curves(section.histories, series=series, mark=mark))
    return plots


def _one_shot(result: ProtocolResult) -> list[str]:
    names = [
        name
        for name in result.figure_names
        if name.kind == "one_shot"
        and result.folds
        and all(name in fold.figures for fold in result.folds)
    ]
    return [
        one_shot_plot(
            [fold.figures[name] for fold in result.folds],
            title=f"{name.words}, fold by fold",
            baselines={
                method: figures[name].mean
                for method, figures in result.baselines.items()
                if name in figures
            },
            mark=result.watermark or "",
        )
        for name in names
    ]


def _mistakes(mistakes: Sequence[Mistake]) -> list[dict[str, object]]:
    """Return the two kinds of mistake that there are, each with its pairs."""
    groups = (
        (True, "One person, rejected", "large distance: rejected"),
        (False, "Two people, accepted", "small distance: accepted"),
    )
    return [
        {"title": title, "words": words, "pairs": [m for m in mistakes if m.genuine is kind]}
        for kind, title, words in groups
        if any(mistake.genuine is kind for mistake in mistakes)
    ]
