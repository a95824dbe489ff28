"""The doctor's tables and page: what was found is there, names are escaped, nothing is fetched."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from likeness.datasets import Dataset
from likeness.errors import OutputError
from likeness.evaluation.doctor import Diagnosis, PersonRisk
from likeness.evaluation.gallery_energies import LookAlike, Misplaced
from likeness.evaluation.leaks import NearDuplicate
from likeness.images.faces.face import Face
from likeness.images.quality import PhotoCheck, PhotoWarning, Quality
from likeness.reports import print_doctor, write_doctor
from likeness.reports.doctor import MOST_ROWS, doctor_findings, photo_table

EVIL = "<script>alert(1)</script>/1.png"
NAMES = (EVIL, "bob/1.png", "bob/2.png")


QUALITY = Quality(
    rows=112,
    columns=92,
    sharpness=0.2,
    brightness=110.4,
    contrast=40.0,
    dark=0.0,
    bright=0.0,
    side_light=-0.125,
)
FACE = Face(box=(0, 0, 9, 9), score=1.0, eyes=((4, 2), (3.56, 8)), pose="frontal")


def check(*, faces=None, warnings=()):
    return PhotoCheck(size=(112, 92), quality=QUALITY, faces=faces, warnings=warnings)


PAIR = LookAlike(
    left=0,
    right=1,
    energy=0.5,
    left_photo=0,
    right_photo=1,
    closest=0.4,
    accepted=0.75,
    flagged=True,
    one_person=False,
)


def risk(**fields):
    known = {"confusion": 0.1, "error": 0.2, "gain": 0.15, **fields}
    return PersonRisk(person=0, photos=1, nearest=1, nearest_energy=0.4, **known)


@pytest.fixture
def found():
    """Two people, Ada and Bob, and everything that a doctor can find among three photos."""
    data = Dataset(
        np.zeros((3, 112, 92, 1), np.uint8) + np.arange(3, dtype=np.uint8)[:, None, None, None],
        ["ada", "bob", "bob"],
        item_names=NAMES,
        name="staff",
        licence="ours",
        notes=("left out: bob/3.jpg (text).",),
    )
    warning = PhotoWarning(kind="dark", words="too dark: mean grey 9 of 255")
    copy = NearDuplicate(left=1, right=2, mirrored=True, correlation=1.0)
    return Diagnosis(
        data=data,
        checks=[check(warnings=(warning,)), check(faces=(FACE,)), check(faces=(FACE, FACE))],
        copies=[copy, replace(copy, left=0, mirrored=False)],
        misplaced=[
            Misplaced(photo=2, kind="another person", closest=0, own_energy=1.25, other_energy=0.5)
        ],
        look_alikes=[
            replace(PAIR, one_person=True),
            PAIR,
            replace(PAIR, left=1, right=0, flagged=False),
        ],
        risks=[risk(), risk(gain=0.0001)],
        threshold=0.9,
    )


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (30, 20, 1), np.uint8) for name in NAMES}


def page_of(found, photos, folder) -> str:
    return write_doctor(found, folder, photos=photos).read_text(encoding="utf-8")


def printed(found) -> str:
    stream = io.StringIO()
    print_doctor(Console(file=stream, width=120), found)
    return stream.getvalue()


def test_the_tables_hold_what_was_found(found) -> None:
    tables = {table.title: table for table in doctor_findings(found)}
    assert list(tables) == [
        "Photos with a warning",
        "Duplicate photographs",
        "Possibly the wrong name",
        "Possibly one person under two names",
        "Look-alikes",
        "People to ask for another photo",
    ]
    (warned,) = tables["Photos with a warning"].rows
    assert warned.cells == (EVIL, "too dark: mean grey 9 of 255")
    two_names, _ = tables["Duplicate photographs"].rows  # the serious one first
    assert two_names.cells == (EVIL, "bob/2.png", "same photo, two names")
    (wrong,) = tables["Possibly the wrong name"].rows
    assert wrong.cells == ("bob/2.png", EVIL, "1.250", "0.500")
    closer, farther = tables["Look-alikes"].rows
    assert closer.cells[:5] == ("ada", "bob", "0.500", "closer", "75.0 %")
    assert (farther.cells[3], farther.serious) == ("farther", False)
    (asked,) = tables["People to ask for another photo"].rows  # not who gains nothing
    assert asked.cells == ("ada", "1", "bob 0.400", "10.0 %", "20.0 %", "15.0 %")


def test_a_photo_beyond_the_threshold_is_not_called_wrongly_named(found) -> None:
    """Nearer to somebody else, and above the threshold, are two findings, counted apart."""
    closer = found.misplaced[0]
    far = replace(closer, kind="unlike the rest", own_energy=1.5, other_energy=2.0)
    found = replace(found, misplaced=[closer, far, replace(far, photo=1)])
    assert found.sentences()[4:6] == [
        "1 photo may have the wrong name.",
        "2 photos are farther than the threshold from the others of their person.",
    ]
    tables = {table.title: table.rows for table in doctor_findings(found)}
    assert len(tables["Possibly the wrong name"]) == 1
    first, second = tables["Farther than the threshold from the others of their person"]
    assert first.cells == ("bob/2.png", EVIL, "1.500", "2.000")
    assert second.cells[0] == "bob/1.png"


def test_without_a_model_and_faults_there_is_no_table(found) -> None:
    clean = Diagnosis(data=found.data, checks=[check()] * 3, copies=[])
    assert doctor_findings(clean) == []
    assert "No face detector was used." in printed(clean).splitlines()


def test_without_a_threshold_nothing_is_called_closer(found) -> None:
    pairs = [replace(PAIR, flagged=False, accepted=None)]
    found = replace(found, threshold=None, look_alikes=pairs)
    (table,) = [table for table in doctor_findings(found) if table.title == "Look-alikes"]
    assert "the model has no threshold, so no pair is flagged" in table.note
    assert table.rows[0].cells[3:5] == ("–", "–")


def test_where_no_gain_is_known_everybody_is_shown(found) -> None:
    unknown = risk(gain=None, error=None, confusion=None)
    found = replace(found, risks=[unknown, unknown])
    table = doctor_findings(found)[-1]
    assert [row.cells[3:] for row in table.rows] == [("–", "–", "–")] * 2


def test_long_tables_are_cut_and_say_so(found) -> None:
    found = replace(found, misplaced=[*found.misplaced] * (MOST_ROWS + 5))
    table = doctor_findings(found)[2]
    assert (len(table.rows), table.more) == (MOST_ROWS, 5)
    assert "and 5 more; --json lists all." in printed(found)


def test_every_photo_has_its_figures(found) -> None:
    first, second, third = photo_table(found).rows
    assert first.cells[1:] == (
        "92×112", "photo", "0.200", "110", "40", "-0.12", "not searched", "–",
    )  # fmt: skip
    assert second.cells[-2:] == ("frontal", "-4°")
    assert third.cells[-2:] == ("2", "–")
    assert [row.serious for row in (first, second, third)] == [True, False, False]


def test_markup_in_names_is_printed_as_it_is(found) -> None:
    notes = ("no photo in '[red]x[/red]'",)
    found = replace(found, data=replace(found.data, notes=notes))
    assert "Note: no photo in '[red]x[/red]'" in printed(found)


def test_the_page_escapes_names_and_fetches_nothing(found, photos, tmp_path) -> None:
    page = page_of(found, photos, tmp_path)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    # Warning 1, copies 2 × 2, wrong name 2, one person 2, look-alikes 2 × 2.
    assert page.count('<img src="data:image/png;base64,') == 13
    assert "This page holds photographs." in page
    assert "left out: bob/3.jpg (text)." in page


def test_a_page_of_made_up_faces_says_so(found, photos, tmp_path) -> None:
    found = replace(found, data=replace(found.data, drawn=True))
    page = page_of(found, photos, tmp_path)
    assert "Every photo on this page is synthetic." in page
    assert "This page holds photographs." not in page


def test_both_files_are_written(found, photos, tmp_path) -> None:
    page = write_doctor(found, tmp_path / "new", photos=photos)
    assert page == tmp_path / "new" / "doctor.html"
    assert sorted(file.name for file in page.parent.iterdir()) == ["doctor.html", "doctor.json"]
    assert json.loads((page.parent / "doctor.json").read_text(encoding="utf-8")) == found.to_json()


def test_a_place_that_cannot_be_written_is_said(found, photos, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written: "):
        write_doctor(found, tmp_path / "file", photos=photos)
