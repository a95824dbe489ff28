"""The doctor's report: tables for the terminal, and a page with the photos."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import watermark
from likeness.files import write_files
from likeness.reports.doctor_rows import Finding, Findings, doctor_findings, photo_table
from likeness.reports.page_templates import render
from likeness.reports.photos import photo_uri


def print_doctor(console: Console, document: Mapping[str, Any]) -> None:
    """Print a diagnosis: what was left out, a table for each kind of finding, and the sum.

    Args:
        console: where to.
        document: of `Diagnosis.as_dict`.
    """
    for note in document["data"]["notes"]:
        console.print(Text(f"Note: {note}", style="yellow"))
    for findings in doctor_findings(document):
        console.print(_table(findings))
        if findings.note:
            console.print(Text(findings.note, style="dim"))
        if findings.more:
            console.print(Text(f"and {findings.more} more; --json has them all.", style="dim"))
        console.print()
    for sentence in document["sentences"]:
        console.print(Text(sentence))


def _table(findings: Findings) -> Table:
    table = Table(
        title=Text(findings.title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for heading in findings.headings:
        table.add_column(Text(heading), overflow="fold")
    for row in findings.rows:
        table.add_row(*(Text(cell) for cell in row.cells), style="" if row.serious else "dim")
    return table


def write_doctor(
    document: Mapping[str, Any], photos: Mapping[str, NDArray[np.uint8]], folder: Path
) -> Path:
    """Write ``doctor.json`` and ``doctor.html`` into a folder, both or neither.

    Args:
        document: of `Diagnosis.as_dict`.
        photos: name → ``(rows, columns, 1 or 3)``, uint8; those that a finding names are shown.
        folder: made if it is not there; a report in it is replaced.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: the folder cannot be written to.
    """
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    files = {
        "doctor.json": f"{text}\n".encode(),
        "doctor.html": doctor_html(document, photos).encode(),
    }
    return write_files(folder, files)[1]


def doctor_html(document: Mapping[str, Any], photos: Mapping[str, NDArray[np.uint8]]) -> str:
    """Return the page; nothing outside it is fetched.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    tables = doctor_findings(document)
    view = {
        "document": document,
        "mark": watermark(drawn=document["data"]["drawn"]) or "",
        "tables": [_view(findings, photos) for findings in tables],
        "photos": photo_table(document),
        "has_photos": any(row.photos for findings in tables for row in findings.rows),
    }
    return render("doctor.html.jinja", view)


def _view(findings: Findings, photos: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    return {
        "title": findings.title,
        "note": findings.note,
        "headings": findings.headings,
        "more": findings.more,
        "rows": [_row(row, photos) for row in findings.rows],
        "with_photos": any(row.photos for row in findings.rows),
    }


def _row(row: Finding, photos: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    return {
        "cells": row.cells,
        "serious": row.serious,
        "photos": [{"name": name, "uri": photo_uri(photos[name])} for name in row.photos],
    }
