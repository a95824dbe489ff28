"""The doctor's report: tables for the terminal, and a page with the photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from likeness.arrays import Photo
from likeness.evaluation.doctor import SMALLEST_GAIN, Diagnosis
from likeness.evaluation.figures import percent, watermark
from likeness.evaluation.gallery_energies import MisplacedKind
from likeness.files import write_files
from likeness.images.quality import PhotoCheck
from likeness.reports.content import json_text
from likeness.reports.html import render

MOST_ROWS = 20
"""Of one table; the JSON has them all."""


@dataclass(frozen=True, kw_only=True)
class _Finding:
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
class _Findings:
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
    rows: tuple[_Finding, ...]
    more: int

    @property
    def with_photos(self) -> bool:
        """Whether a row has photos to show."""
        return any(row.photos for row in self.rows)


def doctor_findings(diagnosis: Diagnosis) -> list[_Findings]:
    """Return the tables of a diagnosis in which there is a row."""
    tables = (
        _table("Photos with a warning", "", ("photo", "warning"), _warnings(diagnosis)),
        _table(
            "Duplicate photographs",
            "Resized, re-compressed and mirrored copies count.",
            ("photo", "and", "how"),
            _copies(diagnosis),
        ),
        _table(
            "Possibly the wrong name",
            "Closer to another person. Energy to the nearest other photo of the same name, and to "
            "the nearest of another.",
            ("photo", "nearest other", "own", "other"),
            _misplaced(diagnosis, "another person"),
        ),
        _table(
            "Farther than the threshold from the others of their person",
            "At this threshold they are not recognised by the person's other photos; their name "
            "may well be right. The energies are the same two.",
            ("photo", "nearest other", "own", "other"),
            _misplaced(diagnosis, "unlike the rest"),
        ),
        _table(
            "Possibly one person under two names",
            "Their photos are as near to each other as those of one person usually are.",
            _PAIR,
            _pairs(diagnosis, one_person=True),
        ),
        _table(
            "Look-alikes",
            _look_alikes_note(diagnosis.threshold),
            _PAIR,
            _pairs(diagnosis, one_person=False),
        ),
        _table(
            "People to ask for another photo",
            "By decreasing expected gain: the reduction of the predicted share of new photos "
            "that are misidentified or rejected.",
            ("person", "photos", "nearest", "wrong name", "goes wrong", "gain"),
            _people(diagnosis),
        ),
    )
    return [table for table in tables if table.rows]


def photo_table(diagnosis: Diagnosis) -> _Findings:
    """Return the figures of every photo."""
    headings = ("photo", "size", "of", "sharpness", "light", "contrast", "side", "face", "tilt")
    return _Findings(
        title="All photos",
        note="Sharpness, light (mean grey level), contrast and side light are of the face where "
        "exactly one was found, otherwise of the photo. Side light is positive from the left. "
        "Tilt is that of the eyes, in degrees.",
        headings=headings,
        rows=tuple(_photo(*photo) for photo in _checked(diagnosis)),
        more=0,
    )


def _checked(diagnosis: Diagnosis) -> list[tuple[str, PhotoCheck]]:
    return list(zip(diagnosis.data.item_names, diagnosis.checks, strict=True))


def _photo(name: str, check: PhotoCheck) -> _Finding:
    quality, faces, face = check.quality, check.faces, check.face
    return _Finding(
        cells=(
            name,
            f"{check.size[1]}×{check.size[0]}",
            "face" if face else "photo",
            f"{quality.sharpness:.3f}",
            f"{quality.brightness:.0f}",
            f"{quality.contrast:.0f}",
            f"{quality.side_light:+.2f}",
            "not searched" if faces is None else face.pose if face else str(len(faces)),
            "–" if face is None or face.roll is None else f"{face.roll:+.0f}°",
        ),
        serious=bool(check.warnings),
    )


_PAIR = ("person", "and", "distance", "threshold", "accepted", "closest photos")


def _table(title: str, note: str, headings: tuple[str, ...], rows: Sequence[_Finding]) -> _Findings:
    return _Findings(
        title=title,
        note=note,
        headings=headings,
        rows=tuple(rows[:MOST_ROWS]),
        more=max(0, len(rows) - MOST_ROWS),
    )


def _warnings(diagnosis: Diagnosis) -> list[_Finding]:
    return [
        _Finding(
            cells=(name, "; ".join(warning.words for warning in check.warnings)), photos=(name,)
        )
        for name, check in _checked(diagnosis)
        if check.warnings
    ]


def _copies(diagnosis: Diagnosis) -> list[_Finding]:
    data, findings = diagnosis.data, []
    for copy in sorted(diagnosis.copies, key=lambda copy: not diagnosis.two_names(copy)):
        names = diagnosis.photo(copy.left), diagnosis.photo(copy.right)
        more = ", two names" if diagnosis.two_names(copy) else ""
        findings.append(_Finding(cells=(*names, copy.how(data, data) + more), photos=names))
    return findings


def _misplaced(diagnosis: Diagnosis, kind: MisplacedKind) -> list[_Finding]:
    findings = []
    for wrong in diagnosis.misplaced or ():
        if wrong.kind == kind:
            photos = diagnosis.photo(wrong.photo), diagnosis.photo(wrong.closest)
            energies = f"{wrong.own_energy:.3f}", f"{wrong.other_energy:.3f}"
            findings.append(_Finding(cells=(*photos, *energies), photos=photos))
    return findings


def _pairs(diagnosis: Diagnosis, *, one_person: bool) -> list[_Finding]:
    findings = []
    for pair in diagnosis.look_alikes or ():
        if pair.one_person is one_person:
            photos = diagnosis.photo(pair.left_photo), diagnosis.photo(pair.right_photo)
            closer = "closer" if pair.flagged else "farther"
            cells = (
                diagnosis.person(pair.left),
                diagnosis.person(pair.right),
                f"{pair.energy:.3f}",
                "–" if pair.accepted is None else closer,
                percent(pair.accepted),
                f"{', '.join(photos)}: {pair.closest:.3f}",
            )
            serious = pair.flagged or one_person
            findings.append(_Finding(cells=cells, photos=photos, serious=serious))
    return findings


def _look_alikes_note(threshold: float | None) -> str:
    if threshold is None:
        return "The nearest pairs; the model has no threshold, so no pair is flagged."
    return (
        f"Closer than the threshold, {threshold:.3f}: at least half of the comparisons of their "
        "photos would be accepted. Other pairs are shown for comparison."
    )


def _people(diagnosis: Diagnosis) -> list[_Finding]:
    risks = diagnosis.risks or ()
    measured = any(risk.gain is not None for risk in risks)
    return [
        _Finding(
            cells=(
                diagnosis.person(risk.person),
                str(risk.photos),
                f"{diagnosis.person(risk.nearest)} {risk.nearest_energy:.3f}",
                percent(risk.confusion),
                percent(risk.error),
                percent(risk.gain),
            ),
            serious=False,
        )
        for risk in risks
        if not measured or (risk.gain or 0.0) > SMALLEST_GAIN
    ]


def print_doctor(console: Console, diagnosis: Diagnosis) -> None:
    """Print a diagnosis: what was left out, a table for each kind of finding, and the sum."""
    for note in diagnosis.data.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    for findings in doctor_findings(diagnosis):
        console.print(_terminal_table(findings))
        if findings.note:
            console.print(Text(findings.note, style="dim"))
        if findings.more:
            console.print(Text(f"and {findings.more} more; --json lists all.", style="dim"))
        console.print()
    for sentence in diagnosis.sentences():
        console.print(Text(sentence))


def _terminal_table(findings: _Findings) -> Table:
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


def write_doctor(diagnosis: Diagnosis, folder: Path, *, photos: Mapping[str, Photo]) -> Path:
    """Write ``doctor.json`` and ``doctor.html`` into a folder, both or neither.

    Args:
        diagnosis: what was found.
        folder: created if it does not exist; a report in it is replaced.
        photos: name → ``(rows, columns, 1 or 3)``, uint8; those that a finding names are shown.

    Returns:
        The path of the page, in which everything is that it shows; nothing is fetched.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: the folder cannot be written to.
    """
    document = diagnosis.to_json()
    tables = doctor_findings(diagnosis)
    view = {
        "document": document,
        "mark": watermark(drawn=diagnosis.data.drawn) or "",
        "tables": tables,
        "pixels": photos,
        "photos": photo_table(diagnosis),
        "has_photos": any(findings.with_photos for findings in tables),
    }
    page = render("doctor.html.jinja", view)
    return write_files(folder, {"doctor.json": json_text(document), "doctor.html": page})[1]
