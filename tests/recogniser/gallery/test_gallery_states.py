"""Anything that can be done, in any order: the gallery is what a dictionary would be."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from likeness.energies import energy_matrix
from likeness.errors import AlreadyEnrolledError, SettingError, UnknownPersonError
from likeness.recogniser.gallery import Gallery, check_gallery, create_gallery, open_gallery

from .conftest import model_of, photo_of, vector_of

NAMES = st.sampled_from(["Ada", "Bob", "Carl", "Ève"])
PHOTOS = st.sampled_from([f"photo {number}" for number in range(8)])


class Life(RuleBasedStateMachine):
    """A gallery in memory beside a dictionary: names to their photos' names, in order."""

    receipts: Bundle[Any] = Bundle("receipts")

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, list[str]] = {}
        self.gallery = self.made()

    def made(self) -> Gallery:
        return create_gallery(":memory:", model_of(), by="operator")

    def reader(self) -> Gallery:
        return self.gallery

    def owner(self, photo: str) -> str | None:
        return next((name for name, photos in self.people.items() if photo in photos), None)

    def number(self, photo: str) -> int:
        digest = photo_of(photo).photo_digest
        return next(t.id for t in self.gallery.templates() if t.photo_digest == digest)

    @rule(name=NAMES, photo=PHOTOS, kept=st.booleans())
    def enrol(self, name: str, photo: str, kept: bool) -> None:
        owner = self.owner(photo)
        if owner not in (None, name):
            with pytest.raises(AlreadyEnrolledError):
                self.gallery.enrol(name, [photo_of(photo)])
            return
        enrolled = self.gallery.enrol(name, [photo_of(photo, kept=kept)])
        assert bool(enrolled.added) == (owner is None)
        if owner is None:
            self.people.setdefault(name, []).append(photo)

    @rule(name=NAMES, photo=PHOTOS)
    def approve(self, name: str, photo: str) -> None:
        if name not in self.people:
            with pytest.raises(UnknownPersonError):
                self.gallery.approve(name, photo_of(photo))
        elif self.owner(photo) is None:
            (number,) = self.gallery.approve(name, photo_of(photo)).added
            self.gallery.undo(number)

    @rule(name=NAMES, new=NAMES)
    def rename(self, name: str, new: str) -> None:
        if name not in self.people:
            with pytest.raises(UnknownPersonError):
                self.gallery.change_person(name, new=new)
        elif new in self.people and new != name:
            with pytest.raises(AlreadyEnrolledError):
                self.gallery.change_person(name, new=new)
        else:
            self.gallery.change_person(name, new=new)
            self.people[new] = self.people.pop(name)

    @rule(name=NAMES, into=NAMES)
    def merge(self, name: str, into: str) -> None:
        if name == into:
            with pytest.raises(SettingError):
                self.gallery.merge(name, into=into)
        elif name not in self.people or into not in self.people:
            with pytest.raises(UnknownPersonError):
                self.gallery.merge(name, into=into)
        else:
            self.gallery.merge(name, into=into)
            self.people[into] += self.people.pop(name)

    @rule(photo=PHOTOS)
    def remove(self, photo: str) -> None:
        owner = self.owner(photo)
        if owner is not None:
            assert self.gallery.remove_template(self.number(photo)).verified_absent
            self.people[owner].remove(photo)

    @rule(target=receipts, name=NAMES)
    def forget(self, name: str) -> Any:
        if name not in self.people:
            with pytest.raises(UnknownPersonError):
                self.gallery.forget(name)
            return None
        receipt = self.gallery.forget(name)
        assert receipt.verified_absent
        assert len(receipt.template_ids) == len(self.people.pop(name))
        return receipt

    @rule(receipt=consumes(receipts))
    def prove(self, receipt: Any) -> None:
        if receipt is not None:
            digests = {entry.receipt_digest for entry in self.gallery.audit(limit=1000)}
            assert receipt.digest in digests

    @rule(photo=PHOTOS)
    def search(self, photo: str) -> None:
        (answer,) = self.reader().search(vector_of(photo)[None], k=3)
        probe = vector_of(photo)[None]
        expected = sorted(
            (float(energy_matrix("euclidean", probe, _vectors(photos)).min()), name)
            for name, photos in self.people.items()
            if photos
        )[:3]
        assert [(one.name, one.energy) for one in answer] == [
            (name, pytest.approx(energy, abs=1e-9)) for energy, name in expected
        ]

    @invariant()
    def is_what_the_dictionary_is(self) -> None:
        gallery = self.reader()
        assert {p.name: p.templates for p in gallery.people()} == {
            name: len(photos) for name, photos in self.people.items()
        }
        found = {(t.person, t.photo_digest) for t in gallery.templates()}
        assert found == {
            (name, photo_of(photo).photo_digest)
            for name, photos in self.people.items()
            for photo in photos
        }

    def teardown(self) -> None:
        self.gallery.close()


def _vectors(photos: list[str]) -> np.ndarray:
    return np.array([vector_of(photo) for photo in photos])


class LifeInAFile(Life):
    """The same in a file, read through a second opening, and checked at the end."""

    def made(self) -> Gallery:
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "staff.db"
        gallery = create_gallery(self.file, model_of(), by="operator")
        self.second = open_gallery(self.file)
        return gallery

    def reader(self) -> Gallery:
        return self.second

    def teardown(self) -> None:
        assert check_gallery(self.file).problems == ()
        self.second.close()
        super().teardown()
        self.folder.cleanup()


TestInMemory = Life.TestCase
TestInMemory.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, derandomize=True
)
TestInAFile = LifeInAFile.TestCase
TestInAFile.settings = settings(
    max_examples=5,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
