"""`Service`: a recogniser behind queues, for many askers at once. It knows no HTTP.

Photos are decoded in threads, embedded and searched for together by one thread (`Batcher`),
and every answer is in the audit log before it is given; those that come at one time share a
commit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from likeness.arrays import Embeddings
from likeness.energies import energy_matrix
from likeness.recogniser.decision import Decider
from likeness.recogniser.gallery import (
    ApiKey,
    Gallery,
    Note,
    Receipt,
    Who,
    acting,
    list_api_keys,
)
from likeness.recogniser.photo_reader import PreparedFace, PreparedPhoto
from likeness.recogniser.recogniser import EnrolledPhoto, Identified, Recogniser, Verified
from likeness.service.access import Caller
from likeness.service.batcher import Batcher
from likeness.service.metrics import Metrics
from likeness.service.problems import busy
from likeness.service.settings import Settings

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """Who asks what, for the audit log.

    Args:
        caller: who.
        request: the request's id.
    """

    caller: Caller
    request: str

    @property
    def detail(self) -> dict[str, Any]:
        """What is noted beside each entry: no name, nothing biometric."""
        return {"request": self.request, "key": self.caller.key}


@dataclass(frozen=True, eq=False, kw_only=True)
class Ask:
    """Faces to be embedded, and to be searched for if so many of the nearest are wanted.

    Args:
        faces: prepared.
        nearest: how many of the nearest people are wanted; None searches for nobody.
        all_faces: whether they are all the faces of a group photo.
    """

    faces: Sequence[PreparedFace]
    nearest: int | None
    all_faces: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """What a batch gives for one `Ask`.

    Args:
        recogniser: that made it: one that takes its place later may have another gallery.
        vectors: ``(n, d)``, of the faces.
        people: who they are; None if that was not asked.
    """

    recogniser: Recogniser
    vectors: Embeddings
    people: list[Identified] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class IdentifiedPhoto:
    """The answer to a photo.

    Args:
        size: (rows, columns) of the whole photo.
        faces: who they are; nobody is allowed.
        milliseconds: that it took.
    """

    size: tuple[int, int]
    faces: Sequence[Identified]
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two photos.

    Args:
        energy: between them; lower is more alike.
        threshold: in force.
        same: whether energy ≤ threshold.
        probability: that they are of one person, for the prior; None if the model has none.
        prior: that it is stated for.
        warnings: what may be wrong with the left and with the right photo.
        boxes: of the two faces, (top, left, bottom, right); None where faces are not looked for.
        model: its fingerprint.
    """

    energy: float
    threshold: float
    same: bool
    probability: float | None
    prior: float
    warnings: tuple[tuple[str, ...], tuple[str, ...]]
    boxes: tuple[tuple[int, int, int, int] | None, tuple[int, int, int, int] | None]
    model: str


class Service:
    """Answers for many at once.

    Args:
        recogniser: with the model and its gallery in a database; `give` puts another in its
            place.
        settings: queue, batch, threads.
        metrics: what is counted.
    """

    def __init__(
        self, recogniser: Recogniser, settings: Settings, *, metrics: Metrics | None = None
    ) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.model_refused: str | None = None
        self._recogniser = recogniser
        self._in_work = 0
        self._decoding = ThreadPoolExecutor(settings.threads, thread_name_prefix="decode")
        self._storing = ThreadPoolExecutor(4, thread_name_prefix="store")
        # Deletions look through the files, which takes long; they take turns among themselves.
        self._deleting = ThreadPoolExecutor(1, thread_name_prefix="delete")
        self._batches: Batcher[Ask, Found] = Batcher(
            self._answer_all,
            most=settings.batch,
            name="embed",
            on_batch=self.metrics.batches.observe,
        )
        self._ledger: Batcher[Sequence[Note], None] = Batcher(
            self._write_notes, most=settings.queue, name="audit"
        )

    @property
    def recogniser(self) -> Recogniser:
        """What answers at this moment."""
        return self._recogniser

    @property
    def gallery(self) -> Gallery:
        """Who is enrolled."""
        return self._recogniser.gallery

    @property
    def reading(self) -> Executor:
        """Threads for reading from the gallery."""
        return self._storing

    def give(self, recogniser: Recogniser) -> None:
        """Put another recogniser in the place; what is in work ends with the old one."""
        self._recogniser = recogniser

    def warm_up(self) -> None:
        """Load what the first answer would wait for: the embeddings."""
        self.gallery.search(np.zeros((1, self.gallery.model.dimensions), np.float32), k=1)

    def keys(self) -> tuple[ApiKey, ...]:
        """Return the keys of the service, from the gallery."""
        return list_api_keys(self.gallery)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Let one photo into work.

        Raises:
            Problem: 503 if there are too many.
        """
        if self._in_work >= self.settings.queue:
            self.metrics.refused.inc()
            raise busy(self._in_work)
        self._in_work += 1
        self.metrics.waiting.set(self._in_work)
        try:
            yield
        finally:
            self._in_work -= 1
            self.metrics.waiting.set(self._in_work)

    async def read(self, ask: Callable[[Gallery], Outcome]) -> Outcome:
        """Return what the gallery says."""
        gallery = self.gallery
        return await _in(self._storing, lambda: ask(gallery))

    async def change(
        self, asked: Asked, do: Callable[[Gallery], Outcome], *, deletes: bool = False
    ) -> Outcome:
        """Change the gallery; the audit log says who did."""
        gallery = self.gallery
        return await _in(
            self._deleting if deletes else self._storing, _acting(asked, lambda: do(gallery))
        )

    async def forget(self, asked: Asked, who: Who) -> Receipt:
        """Forget a person."""
        return await self.change(asked, lambda gallery: gallery.forget(who), deletes=True)

    async def enrol(
        self,
        asked: Asked,
        who: Who,
        photo: bytes,
        *,
        keep: bool,
        new: bool = False,
        approved: bool = False,
    ) -> EnrolledPhoto:
        """Enrol one photo of a person.

        Args:
            asked: who enrols.
            who: the name of somebody new, or the id of somebody who is there.
            photo: its bytes.
            keep: whether the photo itself is kept.
            new: whether the person must not be there yet.
            approved: whether it is a probe in which somebody recognised them.
        """
        face = await self._read_face(photo)
        found = await self._batches.do(Ask(faces=[face], nearest=None))
        return await _in(
            self._storing,
            _acting(
                asked,
                lambda: found.recogniser.enrol_face(
                    who,
                    face,
                    photo,
                    vector=found.vectors[0],
                    keep_photo=keep,
                    new=new,
                    approved=approved,
                ),
            ),
        )

    async def identify(
        self, asked: Asked, photo: bytes, *, all_faces: bool, top_k: int
    ) -> IdentifiedPhoto:
        """Say who is in a photo; it is in the audit log when this returns."""
        start = time.perf_counter()
        _ = self._recogniser.decider  # no threshold: the photo is not read
        # Faces that are cut out do not compare with a gallery of whole photos.
        every = all_faces and self._recogniser.reader.capture().finder is not None
        prepared = await self._read_photo(photo, all_faces=every)
        people: Sequence[Identified] = ()
        if prepared.faces:
            found = await self._batches.do(
                Ask(faces=prepared.faces, nearest=top_k, all_faces=every)
            )
            assert found.people is not None
            people = found.people
        await self._ledger.do([_identified(asked, one) for one in people] or [_nobody(asked)])
        for one in people:
            self.metrics.answers.labels(one.answer.status).inc()
        return IdentifiedPhoto(
            size=prepared.size,
            faces=people,
            milliseconds=1000 * (time.perf_counter() - start),
        )

    async def verify(self, asked: Asked, who: int, photo: bytes) -> Verified:
        """Say whether a photo shows a person; it is in the audit log when this returns."""
        recogniser = self._recogniser
        _ = recogniser.decider

        def check(gallery: Gallery) -> None:
            gallery.person(who)
            recogniser.check_capture()

        await self.read(check)  # before the photo is read
        face = await self._read_face(photo)
        found = await self._batches.do(Ask(faces=[face], nearest=None))
        verified = await _in(
            self._storing,
            lambda: found.recogniser.verify_face(who, face, vector=found.vectors[0]),
        )
        detail = {"accepted": verified.accepted, "energy": verified.energy}
        await self._ledger.do([_note(asked, "verified", who, detail)])
        return verified

    async def compare(self, asked: Asked, left: bytes, right: bytes) -> Compared:
        """Say whether two photos show one person; it is in the audit log when this returns."""
        decider = self._recogniser.decider
        first = await self._read_face(left, name="the left photo")
        second = await self._read_face(right, name="the right photo")
        found = await self._batches.do(Ask(faces=[first, second], nearest=None))
        energy = found.recogniser.gallery.model.energy
        between = float(energy_matrix(energy, found.vectors[:1], found.vectors[1:])[0, 0])
        compared = _compared(decider, between, first, second)
        detail = {"same": compared.same, "energy": between}
        await self._ledger.do([_note(asked, "compared", None, detail)])
        return compared

    async def close(self) -> None:
        """End what is in work, and let go of threads and gallery."""
        await self._batches.close()
        await self._ledger.close()
        for threads in (self._decoding, self._storing, self._deleting):
            threads.shutdown(wait=True)
        self.gallery.close()

    async def _read_face(self, photo: bytes, *, name: str = "the photo") -> PreparedFace:
        reader = self._recogniser.reader
        return await _in(self._decoding, lambda: reader.read_face(photo, name=name))

    async def _read_photo(self, photo: bytes, *, all_faces: bool) -> PreparedPhoto:
        reader = self._recogniser.reader
        return await _in(
            self._decoding, lambda: reader.read(photo, name="the photo", all_faces=all_faces)
        )

    def _answer_all(self, asks: Sequence[Ask]) -> Sequence[Found | Exception]:
        try:
            return self._answer_together(asks)
        except Exception:
            if len(asks) == 1:
                raise
        # One that cannot be answered must not take the others along.
        answers: list[Found | Exception] = []
        for ask in asks:
            try:
                answers += self._answer_together([ask])
            except Exception as error:
                answers.append(error)
        return answers

    def _answer_together(self, asks: Sequence[Ask]) -> list[Found]:
        recogniser = self._recogniser
        vectors = recogniser.embed_faces([face for ask in asks for face in ask.faces])
        ends = np.cumsum([len(ask.faces) for ask in asks])
        parts = np.split(vectors, ends[:-1])
        wanted = [place for place, ask in enumerate(asks) if ask.nearest is not None]
        people: dict[int, list[Identified]] = {}
        if wanted:
            for all_faces in {asks[place].all_faces for place in wanted}:
                recogniser.check_capture(all_faces=all_faces)
            found = iter(
                recogniser.identify_faces(
                    [face for place in wanted for face in asks[place].faces],
                    vectors=np.concatenate([parts[place] for place in wanted]),
                    nearest=max(asks[place].nearest or 1 for place in wanted),
                )
            )
            people = {place: [next(found) for _ in asks[place].faces] for place in wanted}
        return [
            Found(recogniser=recogniser, vectors=parts[place], people=people.get(place))
            for place in range(len(asks))
        ]

    def _write_notes(self, notes: Sequence[Sequence[Note]]) -> list[None]:
        self.gallery.note([one for some in notes for one in some])
        return [None] * len(notes)


async def _in(threads: Executor, work: Callable[[], Outcome]) -> Outcome:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _acting(asked: Asked, work: Callable[[], Outcome]) -> Callable[[], Outcome]:
    def acted() -> Outcome:
        with acting(asked.caller.name, asked.detail):
            return work()

    return acted


def _note(asked: Asked, what: str, person: int | None, detail: Mapping[str, Any]) -> Note:
    return Note(
        what=what, by=asked.caller.name, person_id=person, detail={**asked.detail, **detail}
    )


def _identified(asked: Asked, one: Identified) -> Note:
    answer = one.answer
    person = None if answer.name is None else one.ids[answer.name]
    detail = {"status": answer.status, "energy": answer.energy}
    return _note(asked, "identified", person, detail)


def _nobody(asked: Asked) -> Note:
    return _note(asked, "identified", None, {"status": "no face"})


def _compared(decider: Decider, energy: float, left: PreparedFace, right: PreparedFace) -> Compared:
    ratio = decider.ratio
    return Compared(
        energy=energy,
        threshold=decider.threshold,
        same=energy <= decider.threshold,
        probability=None
        if ratio is None
        else float(ratio.probability(energy, prior=decider.prior)),
        prior=decider.prior,
        warnings=(left.warnings, right.warnings),
        boxes=(left.box, right.box),
        model=decider.fingerprint,
    )
