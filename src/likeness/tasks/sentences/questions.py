"""`QuestionSearch`: find an enrolled question with the same meaning, in the gallery used for faces.

Each question is an entry of the gallery under its own text, with one template: its embedding.
The model's threshold decides whether the nearest one has the same meaning.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from likeness.arrays import check_in_range
from likeness.errors import DataError, GalleryMismatchError
from likeness.model.protocol import Model
from likeness.recogniser.decision import NEAREST, Decider, Status
from likeness.recogniser.gallery import Gallery, NewTemplate

FORMAT = "likeness.faq/1"
MOST_BYTES = 16 * 2**20
"""Of a file of questions."""

_LONGEST_NAME = 200
_SHOWN = 180
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and its answer.

    Args:
        text: the question.
        answer: the answer; None without one.
    """

    text: str
    answer: str | None = None

    @classmethod
    def read(cls, file: str | Path) -> "tuple[Question, ...]":
        """Return the questions of a UTF-8 file: one per line, with an optional answer after a tab.

        Empty lines and repeated lines are ignored.

        Raises:
            DataError: it cannot be read, is not text, is too long, holds no question, or has two
                answers to one question.
        """
        path = Path(file)
        try:
            if path.is_file() and path.stat().st_size > MOST_BYTES:
                raise DataError(f"{path}: expected at most {MOST_BYTES >> 20} MiB of questions.")
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: expected UTF-8. Received: {error.reason}.") from error
        questions: dict[str, Question] = {}
        for number, line in enumerate(lines, 1):
            text, _, answer = (part.strip() for part in line.partition("\t"))
            if not text:
                continue
            question = cls(text=text, answer=answer or None)
            before = questions.setdefault(_entry_name(text), question)
            if before.answer != question.answer:
                raise DataError(
                    f"{path}, line {number}: the same question has another answer before: "
                    f"{text[:60]!r}. Keep one."
                )
        if not questions:
            raise DataError(
                f"{path}: expected questions, one per line (with an optional answer after a tab). "
                "Received: none."
            )
        return tuple(questions.values())


@dataclass(frozen=True, kw_only=True)
class _NearQuestion:
    """An enrolled question near to the query.

    Args:
        question: its text.
        answer: its answer; None if none was given.
        energy: lower is more alike.
    """

    question: str
    answer: str | None
    energy: float


@dataclass(frozen=True, kw_only=True)
class _QuestionMatches:
    """The enrolled questions nearest to a query, and whether one has the same meaning.

    Args:
        query: the text that was searched.
        status: "known" (the nearest question has the same meaning), "ambiguous" (two have),
            "unknown" (none has); None if the model has no threshold.
        nearest: the nearest questions, the nearest first.
        threshold: the model's threshold; None if the model has none.
        reason: why, in a sentence.
        model: its fingerprint.
    """

    query: str
    status: Status | None
    nearest: tuple[_NearQuestion, ...]
    threshold: float | None
    reason: str
    model: str

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        values = asdict(self)
        return {"format": FORMAT, "asked": values.pop("query"), **values}


def _entry_name(text: str) -> str:
    """Return the name of a question in the gallery: its text, shortened with a digest if it is
    long.

    >>> _entry_name("  How do I\\treset it? ")
    'How do I reset it?'
    """
    normal = unicodedata.normalize("NFC", text)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in normal).split())
    if len(line) <= _LONGEST_NAME:
        return line
    return f"{line[:_SHOWN].rstrip()} … {hashlib.sha256(line.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, eq=False, kw_only=True)
class QuestionSearch:
    """A model of texts and a gallery of its embeddings.

    Args:
        model: embeds texts; without a threshold it finds the nearest and does not decide.
        gallery: of this model.

    Raises:
        GalleryMismatchError: the gallery belongs to another model.
    """

    model: Model
    gallery: Gallery

    def __post_init__(self) -> None:
        if self.gallery.model.fingerprint != self.model.fingerprint:
            raise GalleryMismatchError(
                f"{self.gallery.where} was enrolled with model "
                f"{self.gallery.model.fingerprint[:12]}; this search uses "
                f"{self.model.fingerprint[:12]}. Use the old model, or another gallery."
            )

    @cached_property
    def decider(self) -> Decider | None:
        """The decider; None if the model has no threshold."""
        return None if self.model.threshold is None else Decider.of(self.model)

    def enrol(self, questions: Iterable[Question]) -> int:
        """Enrol questions; existing ones stay unchanged.

        Returns:
            How many are new.

        Raises:
            DataError: a question cannot be read.
        """
        there = {person.name for person in self.gallery.everybody()}
        new = [question for question in questions if _entry_name(question.text) not in there]
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            vectors = self.model.embed([question.text for question in part])
            self.gallery.enrol_many(
                {
                    _entry_name(question.text): [
                        NewTemplate(
                            vector=vector,
                            photo_digest=hashlib.sha256(question.text.encode()).hexdigest(),
                            provenance={"text": question.text, "answer": question.answer},
                        )
                    ]
                    for question, vector in zip(part, vectors, strict=True)
                }
            )
        return len(new)

    def find(self, query: str, *, nearest: int = NEAREST) -> _QuestionMatches:
        """Return the enrolled questions nearest to a query, and whether one has the same meaning.

        Args:
            query: the text to search.
            nearest: how many questions to return, 1…1000.

        Raises:
            DataError: the query cannot be read.
            SettingError: ``nearest`` is out of its range.
        """
        check_in_range(nearest, 1, 1000, argument="nearest", whole=True)
        (candidates,) = self.gallery.search(self.model.embed([query]), k=max(nearest, 2))
        names = [candidate.name for candidate in candidates]
        energies = [candidate.energy for candidate in candidates]
        decided = None
        if self.decider is not None:
            decided = self.decider.decide(names, energies, nearest=nearest)
        return _QuestionMatches(
            query=query,
            status=None if decided is None else decided.status,
            nearest=tuple(
                self._match(name, energy)
                for name, energy in list(zip(names, energies, strict=True))[:nearest]
            ),
            threshold=self.model.threshold,
            reason=decided.reason
            if decided
            else "The model has no threshold: these are the nearest questions, without a decision.",
            model=self.model.fingerprint,
        )

    def _match(self, name: str, energy: float) -> _NearQuestion:
        noted = next((template.provenance for template in self.gallery.templates(name)), {})
        return _NearQuestion(
            question=str(noted.get("text", name)), answer=noted.get("answer"), energy=energy
        )
