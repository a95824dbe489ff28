"""Labels of people from a CSV file, and what is wrong with a file, in one sentence."""

from pathlib import Path

import pytest

from likeness.datasets.photo_folder import read_person_labels
from likeness.errors import DataError, DataNotFoundError

PEOPLE = ("ada", "bob", "cleo")


@pytest.fixture
def read(tmp_path: Path):
    """A function from the bytes or text of a file to its labels."""

    def from_text(text: str | bytes):
        file = tmp_path / "groups.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_person_labels(file, PEOPLE)

    return from_text


def test_columns_are_groupings(read) -> None:
    assert read("person,glasses,room\nada,yes,hall\nbob,no,\n") == {
        "glasses": {"ada": "yes", "bob": "no"},
        "room": {"ada": "hall"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "person;glasses\nada;yes\n",
        "person\tglasses\r\nada\tyes\r\n",
        "\ufeffPerson , glasses\n ada , yes \n\n,\n",
        'glasses,person\n"yes",ada\n',
        "person,glasses\nada,yes",
    ],
)
def test_as_spreadsheets_write_them(read, text) -> None:
    assert read(text) == {"glasses": {"ada": "yes"}}


def test_a_label_may_hold_a_comma_and_any_letters(read) -> None:
    assert read('person,room\nada,"hall, Zürich"\n') == {"room": {"ada": "hall, Zürich"}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,glasses\nada,yes\n", "expected a column 'person'. Received: 'name', 'glasses'."),
        ("person\nada\n", "one or more columns of labels"),
        ("person,glasses,glasses\nada,yes,no\n", "each with a name of its own"),
        ("person,Person\nada,yes\n", "each with a name of its own"),
        ("person,\nada,yes\n", "each with a name of its own"),
        (
            "person,glasses\nada,yes\nada,no\n",
            "line 3: expected each person once. 'ada' is listed twice",
        ),
        ("person,glasses\nzoe,yes\nada,no\n", "1 of the 2 people are not in the data: 'zoe'."),
        ("person,glasses\nada,yes,hall\n", "line 2: expected 2 cells, as in the header"),
        ("person,glasses\nada\n", "line 2: expected 2 cells"),
        ("person,glasses\nada,\n", "expected labels in every column. Without any: 'glasses'."),
        ("person,glasses\n", "expected a header and a line for each person"),
        ("", "expected a header and a line for each person"),
        ('person,glasses\nada,"yes\n', "expected a CSV file. Line 2 is not CSV"),
        ("person,glasses\nada,größer\n".encode("latin-1"), "expected text in UTF-8"),
        ("person,glasses\nada,yes\n".encode("utf-16"), "expected text in UTF-8"),
    ],
)
def test_refused_in_one_sentence(read, text, sentence) -> None:
    with pytest.raises(DataError) as refused:
        read(text)
    assert sentence in str(refused.value)
    assert "groups.csv" in str(refused.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="There is no"):
        read_person_labels(tmp_path / "none.csv", PEOPLE)
    with pytest.raises(DataError, match="cannot be read"):
        read_person_labels(tmp_path, PEOPLE)
