"""`Gallery`: what the recogniser needs of a store."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery.records import (
    AllEnergies,
    AuditEntry,
    Candidate,
    Counts,
    Enrolled,
    GalleryModel,
    NewTemplate,
    Note,
    Person,
    Receipt,
    Template,
    Who,
)


class Gallery(Protocol):
    """People and their templates, kept and searched.

    Every change is one transaction: when a method returns, it is on the disk; when it raises,
    nothing happened. Several processes may have one gallery open; each answers from what is
    there at that moment.
    """

    @property
    def where(self) -> str:
        """Its path or address, without a password."""

    @property
    def model(self) -> GalleryModel:
        """Whose embeddings it holds."""

    @property
    def key_id(self) -> str | None:
        """The id of the key it is encrypted with; None if it is plain."""

    def enrol(
        self,
        name: Who,
        templates: Sequence[NewTemplate],
        *,
        metadata: Mapping[str, Any] | None = None,
        new: bool = False,
    ) -> Enrolled:
        """Add templates to a person, who is made if need be; known photos are not added again."""

    def enrol_many(self, people: Mapping[str, Sequence[NewTemplate]]) -> dict[str, Enrolled]:
        """Enrol several people in one transaction: all of them or none."""

    def approve(self, name: Who, template: NewTemplate) -> Enrolled:
        """Add a probe that was recognised to the person's templates, marked as approved."""

    def undo(self, template_id: int) -> Receipt:
        """Take an approved template back."""

    def rename(self, name: Who, new: str) -> Person:
        """Give a person another name."""

    def change_person(
        self, name: Who, *, new: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Person:
        """Give a person another name, replace what is noted about them, or both at once."""

    def merge(self, name: Who, *, into: Who) -> Person:
        """Give a person's templates to another; the first is gone."""

    def describe_person(self, name: Who, metadata: Mapping[str, Any]) -> Person:
        """Replace what is noted about a person."""

    def remove_template(self, template_id: int) -> Receipt:
        """Forget one photo; the person stays."""

    def forget(self, name: Who) -> Receipt:
        """Forget a person, and say how far they are gone."""

    def person(self, name: Who) -> Person:
        """Return a person, by their name or their id."""

    def people(
        self, *, after: str | None = None, limit: int = 100, search: str | None = None
    ) -> tuple[Person, ...]:
        """Return a page of people by name; ``after`` is the last name of the page before."""

    def count_people(self, *, search: str | None = None) -> int:
        """Return how many people are enrolled, or of them those whose name holds a text."""

    def templates(self, name: Who | None = None, *, vectors: bool = False) -> Iterator[Template]:
        """Go through a person's templates, or all, by id."""

    def template_of(self, photo_digest: str) -> Template | None:
        """Return the template of a photo, without its embedding; None if it is not enrolled."""

    def capture(self) -> Capture | None:
        """Return the capture settings of its photos; None if unknown."""

    def template(self, template_id: int) -> Template:
        """Return a template, without its embedding."""

    def photo(self, template_id: int) -> bytes | None:
        """Return a kept photo; None if it was not kept."""

    def counts(self) -> Counts:
        """Return how much there is."""

    def audit(self, *, after: int = 0, limit: int = 100) -> tuple[AuditEntry, ...]:
        """Return a page of the audit log, oldest first."""

    def note(self, notes: Sequence[Note]) -> None:
        """Write to the audit log what was done without changing anything, all in one commit."""

    def search(
        self, probes: NDArray[np.floating[Any]], *, k: int = 5, approximate: int | None = None
    ) -> list[tuple[Candidate, ...]]:
        """Return the k nearest people of each probe ``(n, d)``, nearest first."""

    def energies(self, probes: NDArray[np.floating[Any]]) -> AllEnergies:
        """Return the exact energies of probes ``(n, d)`` to every template."""

    def replace_vectors(
        self,
        model: GalleryModel,
        vectors: Mapping[int, NDArray[np.floating[Any]]],
        *,
        capture: Capture | None = None,
    ) -> None:
        """Give every template the embedding of another model, and the gallery that model."""

    def close(self) -> None:
        """Let go of the store."""
