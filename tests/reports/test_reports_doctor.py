"""The doctor's tables and page: what was found is there, names are escaped, nothing is fetched."""

import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

from likeness.errors import OutputError
from likeness.reports import print_doctor, write_doctor
from likeness.reports.doctor import MOST_ROWS, doctor_findings, doctor_html, photo_table

EVIL = "<script>alert(1)</script>/1.png"
NAMES = (EVIL, "bob/1.png", "bob/2.png")


def photo_entry(name, **fields):
    quality = {
        "sharpness": 0.2,
        "brightness": 110.4,
        "contrast": 40.0,
        "side_light": -0.125,
        "of": "photo",
    }
    entry = {"photo": name, "person": name.split("/")[0], "rows": 112, "columns": 92}
    return {**entry, "quality": quality, "faces": None, "warnings": [], **fields}


def pair(**fields):
    return {
        "left": "ada",
        "right": "bob",
        "energy": 0.5,
        "left_photo": EVIL,
        "right_photo": "bob/1.png",
        "closest": 0.4,
        "accepted": 0.75,
        "flagged": True,
        "one_person": False,
        **fields,
    }


@pytest.fixture
def document():
    face = {"box": [0, 0, 9, 9], "score": 1.0, "eyes": None, "pose": "frontal", "roll": -4.2}
    warning = {"kind": "dark", "words": "too dark: mean grey 9 of 255"}
    return {
        "format": "likeness.doctor/1",
        "clean": False,
        "sentences": ["1 photo has a warning.", "No face detector was used."],
        "data": {
            "name": "staff",
            "licence": "ours",
            "drawn": False,
            "photos": 3,
            "people": 2,
            "notes": ["left out: bob/3.jpg (text)."],
        },
        "threshold": 0.9,
        "model": None,
        "photos": [
            photo_entry(EVIL, warnings=[warning]),
            photo_entry("bob/1.png", faces=[face]),
            photo_entry("bob/2.png", faces=[face, face]),
        ],
        "copies": [
            {"left": "bob/1.png", "right": "bob/2.png", "how": "mirror image", "two_names": False},
            {"left": EVIL, "right": "bob/2.png", "how": "same photo", "two_names": True},
        ],
        "misplaced": [
            {
                "photo": "bob/2.png",
                "kind": "another person",
                "closest": EVIL,
                "own_energy": 1.25,
                "other_energy": 0.5,
            }
        ],
        "look_alikes": [pair(one_person=True), pair(left="cy"), pair(left="di", flagged=False)],
        "people": [
            {
                "person": "ada",
                "photos": 1,
                "nearest": "bob",
                "nearest_energy": 0.4,
                "confusion": 0.1,
                "error": 0.2,
                "gain": gain,
            }
            for gain in (0.15, 0.0001)
        ],
    }


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (30, 20, 1), np.uint8) for name in NAMES}


def printed(document) -> str:
    stream = io.StringIO()
    print_doctor(Console(file=stream, width=120), document)
    return stream.getvalue()


def test_the_tables_hold_what_was_found(document) -> None:
    tables = {table.title: table for table in doctor_findings(document)}
    assert list(tables) == [
        "Photos with a warning",
        "One photograph, there twice",
        "Perhaps under the wrong name",
        "Perhaps one person under two names",
        "Look-alikes",
        "Ask these people for another photo",
    ]
    (warned,) = tables["Photos with a warning"].rows
    assert warned.cells == (EVIL, "too dark: mean grey 9 of 255")
    two_names, _ = tables["One photograph, there twice"].rows  # the serious one first
    assert two_names.cells == (EVIL, "bob/2.png", "same photo, two names")
    (wrong,) = tables["Perhaps under the wrong name"].rows
    assert wrong.cells == ("bob/2.png", "closer to another person", EVIL, "1.250", "0.500")
    closer, farther = tables["Look-alikes"].rows
    assert closer.cells[:5] == ("cy", "bob", "0.500", "closer", "75.0 %")
    assert (farther.cells[3], farther.serious) == ("farther", False)
    (asked,) = tables["Ask these people for another photo"].rows  # not who gains nothing
    assert asked.cells == ("ada", "1", "bob 0.400", "10.0 %", "20.0 %", "15.0 %")


def test_without_a_model_and_faults_there_is_no_table(document) -> None:
    clean = {**document, "photos": [], "copies": []}
    for part in ("misplaced", "look_alikes", "people"):
        clean[part] = None
    assert doctor_findings(clean) == []
    assert printed(clean).splitlines()[-1] == "No face detector was used."


def test_without_a_threshold_nothing_is_called_closer(document) -> None:
    document["threshold"] = None
    document["look_alikes"] = [pair(flagged=False, accepted=None)]
    (table,) = [table for table in doctor_findings(document) if table.title == "Look-alikes"]
    assert "the model has no threshold, so none is flagged" in table.note
    assert table.rows[0].cells[3:5] == ("–", "–")


def test_where_no_gain_is_known_everybody_is_shown(document) -> None:
    for person in document["people"]:
        person.update(gain=None, error=None, confusion=None)
    table = doctor_findings(document)[-1]
    assert [row.cells[3:] for row in table.rows] == [("–", "–", "–")] * 2


def test_long_tables_are_cut_and_say_so(document) -> None:
    document["misplaced"] *= MOST_ROWS + 5
    table = doctor_findings(document)[2]
    assert (len(table.rows), table.more) == (MOST_ROWS, 5)
    assert "and 5 more; --json has them all." in printed(document)


def test_every_photo_has_its_figures(document) -> None:
    first, second, third = photo_table(document).rows
    assert first.cells[1:] == (
        "92×112", "photo", "0.200", "110", "40", "-0.12", "not looked for", "–",
    )  # fmt: skip
    assert second.cells[-2:] == ("frontal", "-4°")
    assert third.cells[-2:] == ("2", "–")
    assert [row.serious for row in (first, second, third)] == [True, False, False]


def test_markup_in_names_is_printed_as_it_is(document) -> None:
    document["data"]["notes"] = ["no photo in '[red]x[/red]'"]
    assert "Note: no photo in '[red]x[/red]'" in printed(document)


def test_the_page_escapes_names_and_fetches_nothing(document, photos) -> None:
    page = doctor_html(document, photos)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    # Warning 1, copies 2 × 2, wrong name 2, one person 2, look-alikes 2 × 2.
    assert page.count('<img src="data:image/png;base64,') == 13
    assert "This page holds photographs." in page
    assert "left out: bob/3.jpg (text)." in page


def test_a_page_of_made_up_faces_says_so(document, photos) -> None:
    document["data"]["drawn"] = True
    page = doctor_html(document, photos)
    assert "Every photo on this page is synthetic." in page
    assert "This page holds photographs." not in page


def test_both_files_are_written(document, photos, tmp_path) -> None:
    page = write_doctor(document, photos, tmp_path / "new")
    assert page == tmp_path / "new" / "doctor.html"
    assert sorted(file.name for file in page.parent.iterdir()) == ["doctor.html", "doctor.json"]
    assert json.loads((page.parent / "doctor.json").read_text(encoding="utf-8")) == document


def test_a_place_that_cannot_be_written_is_said(document, photos, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written: "):
        write_doctor(document, photos, tmp_path / "file")
