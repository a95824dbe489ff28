"""The search for questions: enrolled once, found by energy, decided by the threshold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, GalleryMismatchError, SettingError
from likeness.recogniser.gallery import GalleryKey, GalleryModel, create_gallery
from likeness.tasks.sentences.questions import (
    Question,
    QuestionSearch,
)

WORDS = ("reset", "password", "address", "return", "item", "cancel", "question")


@dataclass
class Counting:
    """Embeds a text by which of the words are in it."""

    threshold: float | None = 0.5
    energy: str = "cosine"
    fingerprint: str = "f" * 64
    embedding_size: int = len(WORDS) + 1
    calibration: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Any) -> Any:
        self.asked += texts
        rows = [[float(word in text.lower()) for word in WORDS] + [0.1] for text in texts]
        return np.array(rows, np.float32)


KNOWN = (
    Question(text="How do I reset my password?", answer="Click it."),
    Question(text="Where do I change my address?"),
    Question(text="May I return an item?", answer="Yes."),
)


@pytest.fixture
def search() -> Iterator[QuestionSearch]:
    yield from searching(Counting())


def searching(model: Counting) -> Iterator[QuestionSearch]:
    with create_gallery(":memory:", GalleryModel.of(model)) as gallery:
        made = QuestionSearch(model=model, gallery=gallery)
        made.enrol(KNOWN)
        yield made


def test_the_same_question_in_other_words(search: QuestionSearch) -> None:
    found = search.find("PASSWORD reset", nearest=2)
    assert found.status == "known"
    assert found.nearest[0].question == "How do I reset my password?"
    assert found.nearest[0].answer == "Click it."
    assert found.nearest[0].energy < 1e-6 < found.nearest[1].energy
    assert len(found.nearest) == 2
    assert found.to_json()["format"] == "likeness.faq/1"
    assert "within the threshold of 0.5" in found.reason


def test_a_question_that_nobody_asked_before(search: QuestionSearch) -> None:
    found = search.find("cancel it")
    assert found.status == "unknown"
    assert "beyond the threshold" in found.reason


def test_two_questions_that_fit(search: QuestionSearch) -> None:
    search.enrol([Question(text="Reset the password of somebody else")])
    assert search.find("reset password").status == "ambiguous"


def test_without_a_threshold_nothing_is_decided() -> None:
    for search in searching(Counting(threshold=None)):
        found = search.find("reset")
        assert found.status is None and found.threshold is None
        assert found.nearest[0].question == "How do I reset my password?"
        assert found.reason.startswith("The model has no threshold")


def test_what_is_there_is_not_embedded_again(search: QuestionSearch) -> None:
    before = list(search.model.asked)  # type: ignore[attr-defined]
    assert search.enrol([*KNOWN, Question(text="Cancel?")]) == 1
    assert search.model.asked == [*before, "Cancel?"]  # type: ignore[attr-defined]
    assert search.gallery.counts().people == 4


def test_a_long_question_keeps_its_whole_text(search: QuestionSearch) -> None:
    long = "cancel " + "please, " * 60 + "now?"
    other = "cancel " + "please, " * 60 + "later?"
    assert search.enrol([Question(text=long), Question(text=other, answer="Never.")]) == 2
    found = search.find("cancel", nearest=2)
    assert {one.question for one in found.nearest} == {long, other}
    assert found.status == "ambiguous"


def test_a_gallery_of_another_model_is_refused(search: QuestionSearch) -> None:
    with pytest.raises(GalleryMismatchError, match=r"this search uses gggggggggggg\. Use the old"):
        QuestionSearch(model=Counting(fingerprint="g" * 64), gallery=search.gallery)


def test_a_gallery_that_is_kept_and_encrypted(tmp_path: Path) -> None:
    model, place, key = Counting(), tmp_path / "faq.db", GalleryKey.generate()
    described = GalleryModel.of(model)
    for expected in (3, 0):
        with create_gallery(place, described, key=key) as gallery:
            assert QuestionSearch(model=model, gallery=gallery).enrol(KNOWN) == expected
    with create_gallery(place, described, key=key) as gallery:
        found = QuestionSearch(model=model, gallery=gallery).find("return item")
    assert found.status == "known" and found.nearest[0].answer == "Yes."


def test_how_many_are_listed(search: QuestionSearch) -> None:
    assert len(search.find("reset", nearest=1).nearest) == 1
    with pytest.raises(SettingError, match=r"^nearest: expected a whole number from 1 to 1000"):
        search.find("reset", nearest=0)


def test_names_of_entries(search: QuestionSearch) -> None:
    long = "x" * 300
    new = [Question(text=text) for text in (" a\tb\n c ", long, long + "y")]
    assert (search.enrol(new), search.enrol(new[1:2])) == (3, 0)
    names = [person.name for person in search.gallery.people(limit=100)]
    assert "a b c" in names and len(set(names)) == len(KNOWN) + 3
    assert max(map(len, names)) <= 200


class TestFiles:
    def read(self, tmp_path: Path, content: bytes) -> Any:
        file = tmp_path / "questions.txt"
        file.write_bytes(content)
        return Question.read(file)

    def test_a_question_a_line_and_its_answer_behind_a_tab(self, tmp_path: Path) -> None:
        found = self.read(tmp_path, "\ufeffHow?\tSo.\r\n\nWhy? \n How?\tSo.\n".encode())
        assert found == (Question(text="How?", answer="So."), Question(text="Why?"))

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"\n \n", r"expected questions, one per line .* Received: none\.$"),
            (b"How?\tSo.\nHow?\tNo.\n", r"line 2: the same question has another answer"),
            (b"\xff\xfe\x00", r"expected UTF-8"),
        ],
    )
    def test_what_is_no_list(self, tmp_path: Path, content: bytes, sentence: str) -> None:
        with pytest.raises(DataError, match=sentence):
            self.read(tmp_path, content)

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"cannot be read \(No such file"):
            Question.read(tmp_path / "none.txt")
        with pytest.raises(DataError, match=r"cannot be read \(Is a directory"):
            Question.read(tmp_path)

    def test_too_much(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"expected at most 16 MiB of questions"):
            self.read(tmp_path, b"a\n" * (9 * 2**20))
