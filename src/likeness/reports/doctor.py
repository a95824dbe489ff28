"""The doctor's report: tables for the terminal, and a page with the photos."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from likeness.evaluation.doctor import SMALLEST_GAIN
from likeness.evaluation.figures import percent, watermark
from likeness.files import write_files
from likeness.reports.html import photo_uri, render

MOST_ROWS = 20
"""Of one table; the JSON has them all."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row.

    Args:
        cells: words, as many as the table has headings.
        photos: names of the photos that show it.
        serious: whether it is something to look at, not only a ranking.
    """

    cells: tuple[str, ...]
    photos: tuple[str, ...] = ()
    serious: bool = True


@dataclass(frozen=True, kw_only=True)
class Findings:
    """One table.

    Args:
        title: above it.
        note: what the figures mean, in a sentence or two.
        headings: of its columns.
        rows: the first ones.
        more: how many others there are.
    """

    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[Finding, ...]
    more: int


def doctor_findings(document: Mapping[str, Any]) -> list[Findings]:
    """Return the tables of a diagnosis in which there is a row.

    Args:
        document: of `Diagnosis.as_dict`.
    """
    tables = (
        _table("Photos with a warning", "", ("photo", "warning"), _warnings(document)),
        _table(
            "One photograph, there twice",
            "Resized, re-compressed and mirrored copies count.",
            ("photo", "and", "how"),
            _copies(document),
        ),
        _table(
            "Perhaps under the wrong name",
            "Energy to the nearest other photo of the same name, and to the nearest of another.",
            ("photo", "why", "nearest other", "own", "other"),
            _misplaced(document),
        ),
        _table(
            "Perhaps one person under two names",
            "Their photos are as near to each other as those of one person usually are.",
            _PAIR,
            _pairs(document, one_person=True),
        ),
        _table(
            "Look-alikes",
            _look_alikes_note(document),
            _PAIR,
            _pairs(document, one_person=False),
        ),
        _table(
            "Ask these people for another photo",
            "In order of what it is expected to gain: how much the predicted share of new photos "
            "that go wrong (another name, or none) falls.",
            ("person", "photos", "nearest", "wrong name", "goes wrong", "gain"),
            _people(document),
        ),
    )
    return [table for table in tables if table.rows]


def photo_table(document: Mapping[str, Any]) -> Findings:
    """Return the figures of every photo.

    Args:
        document: of `Diagnosis.as_dict`.
    """
    headings = ("photo", "size", "of", "sharpness", "light", "contrast", "side", "face", "tilt")
    return Findings(
        title="Every photo",
        note="Sharpness, light (mean grey level), contrast and side light are of the face where "
        "exactly one was found, else of the photo. Side light is above zero from the left. Tilt is "
        "that of the eyes, in degrees.",
        headings=headings,
        rows=tuple(_photo(photo) for photo in document["photos"]),
        more=0,
    )


def _photo(photo: Mapping[str, Any]) -> Finding:
    quality, faces = photo["quality"], photo["faces"]
    face = faces[0] if faces is not None and len(faces) == 1 else None
    return Finding(
        cells=(
            photo["photo"],
            f"{photo['columns']}×{photo['rows']}",
            quality["of"],
            f"{quality['sharpness']:.3f}",
            f"{quality['brightness']:.0f}",
            f"{quality['contrast']:.0f}",
            f"{quality['side_light']:+.2f}",
            "not looked for" if faces is None else face["pose"] if face else str(len(faces)),
            "–" if face is None or face["roll"] is None else f"{face['roll']:+.0f}°",
        ),
        serious=bool(photo["warnings"]),
    )


_PAIR = ("person", "and", "energy", "threshold", "accepted", "closest photos")


def _table(title: str, note: str, headings: tuple[str, ...], rows: Sequence[Finding]) -> Findings:
    return Findings(
        title=title,
        note=note,
        headings=headings,
        rows=tuple(rows[:MOST_ROWS]),
        more=max(0, len(rows) - MOST_ROWS),
    )


def _warnings(document: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            cells=(photo["photo"], "; ".join(warning["words"] for warning in photo["warnings"])),
            photos=(photo["photo"],),
        )
        for photo in document["photos"]
        if photo["warnings"]
    ]


def _copies(document: Mapping[str, Any]) -> list[Finding]:
    copies = sorted(document["copies"], key=lambda copy: not copy["two_names"])
    return [
        Finding(
            cells=(
                copy["left"],
                copy["right"],
                f"{copy['how']}{', two names' if copy['two_names'] else ''}",
            ),
            photos=(copy["left"], copy["right"]),
        )
        for copy in copies
    ]


def _misplaced(document: Mapping[str, Any]) -> list[Finding]:
    words = {
        "another person": "closer to another person",
        "unlike the rest": "not accepted as its own person",
    }
    return [
        Finding(
            cells=(
                photo["photo"],
                words[photo["kind"]],
                photo["closest"],
                f"{photo['own_energy']:.3f}",
                f"{photo['other_energy']:.3f}",
            ),
            photos=(photo["photo"], photo["closest"]),
        )
        for photo in document["misplaced"] or ()
    ]


def _pairs(document: Mapping[str, Any], *, one_person: bool) -> list[Finding]:
    return [
        Finding(
            cells=(
                pair["left"],
                pair["right"],
                f"{pair['energy']:.3f}",
                "–" if pair["accepted"] is None else "closer" if pair["flagged"] else "farther",
                percent(pair["accepted"]),
                f"{pair['left_photo']}, {pair['right_photo']}: {pair['closest']:.3f}",
            ),
            photos=(pair["left_photo"], pair["right_photo"]),
            serious=pair["flagged"] or one_person,
        )
        for pair in document["look_alikes"] or ()
        if pair["one_person"] is one_person
    ]


def _look_alikes_note(document: Mapping[str, Any]) -> str:
    threshold = document["threshold"]
    if threshold is None:
        return "The nearest pairs; the model has no threshold, so none is flagged."
    return (
        f"Closer than the threshold, {threshold:.3f}: at least half of the comparisons of their "
        "photos would be accepted. Those that are not are shown for comparison."
    )


def _people(document: Mapping[str, Any]) -> list[Finding]:
    people = document["people"] or ()
    measured = any(person["gain"] is not None for person in people)
    return [
        Finding(
            cells=(
                person["person"],
                str(person["photos"]),
                f"{person['nearest']} {person['nearest_energy']:.3f}",
                percent(person["confusion"]),
                percent(person["error"]),
                percent(person["gain"]),
            ),
            serious=False,
        )
        for person in people
        if not measured or person["gain"] > SMALLEST_GAIN
    ]


def print_doctor(console: Console, document: Mapping[str, Any]) -> None:
    """Print a diagnosis: what was left out, a table for each kind of finding, and the sum.

    Args:
        console: where to.
        document: of `Diagnosis.as_dict`.
    """
    for note in document["data"]["notes"]:
        console.print(Text(f"Note: {note}", style="yellow"))
    for findings in doctor_findings(document):
        console.print(_terminal_table(findings))
        if findings.note:
            console.print(Text(findings.note, style="dim"))
        if findings.more:
            console.print(Text(f"and {findings.more} more; --json has them all.", style="dim"))
        console.print()
    for sentence in document["sentences"]:
        console.print(Text(sentence))


def _terminal_table(findings: Findings) -> Table:
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
        folder: created if it does not exist; a report in it is replaced.

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


def _view(findings: Findings, photos: Mapping[str, NDArray[np.uint8]]) -> dict[str, object]:
    return {
        "title": findings.title,
        "note": findings.note,
        "headings": findings.headings,
        "more": findings.more,
        "rows": [_row(row, photos) for row in findings.rows],
        "with_photos": any(row.photos for row in findings.rows),
    }


def _row(row: Finding, photos: Mapping[str, NDArray[np.uint8]]) -> dict[str, object]:
    return {
        "cells": row.cells,
        "serious": row.serious,
        "photos": [{"name": name, "uri": photo_uri(photos[name])} for name in row.photos],
    }
