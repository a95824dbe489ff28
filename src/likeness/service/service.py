"""`Service`: a recogniser behind queues, for many requests at once. It knows no HTTP.

Photos are decoded in threads, embedded and searched for together by one thread (`Batcher`),
and every answer is in the audit log before it is returned; those of one moment share a commit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from likeness.arrays import Embeddings
from likeness.energies import energy_matrix
from likeness.recogniser.gallery import ApiKey, Gallery, Receipt, acting
from likeness.recogniser.gallery.records import Note, Who
from likeness.recogniser.photo_reader import PreparedFace, PreparedPhoto
from likeness.recogniser.recogniser import EnrolledPhoto, Identified, Recogniser, Verified
from likeness.service.access import Caller
from likeness.service.batcher import Batcher
from likeness.service.documents import ComparedDocument, FaceDocument, IdentifiedDocument
from likeness.service.monitoring import Metrics
from likeness.service.problems import Problem
from likeness.service.settings import Settings

Outcome = TypeVar("Outcome")

_MOST_RECEIPTS = 1000
"""Receipts that are kept in memory, to be asked for again."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _EmbeddingJob:
    """Faces to be embedded and, if ``nearest`` is given, to be searched for.

    Args:
        faces: prepared.
        nearest: how many of the nearest people are wanted; None searches for nobody.
        all_faces: whether they are all the faces of a group photo.
    """

    faces: Sequence[PreparedFace]
    nearest: int | None
    all_faces: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class _EmbeddedFaces:
    """The result of one `_EmbeddingJob`.

    Args:
        recogniser: that embedded them: one that replaces it later may have another gallery.
        vectors: ``(n, d)``, of the faces.
        people: who they are; None if nobody was searched for.
    """

    recogniser: Recogniser
    vectors: Embeddings
    people: list[Identified] | None


class Service:
    """Serves many requests at once.

    Args:
        recogniser: with the model and its gallery in a database; `give` replaces it.
        settings: queue, batch, threads.
        metrics: of the photos.
    """

    def __init__(
        self, recogniser: Recogniser, settings: Settings, *, metrics: Metrics | None = None
    ) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.model_refused: str | None = None
        self._recogniser = recogniser
        self._in_work = 0
        self._deletions: dict[tuple[int | None, str, str], asyncio.Task[Receipt]] = {}
        """Key, request id and what is deleted → the deletion, the oldest first."""
        self._readiness: asyncio.Task[int] | None = None
        self._decoding = ThreadPoolExecutor(settings.threads, thread_name_prefix="decode")
        self._storing = ThreadPoolExecutor(4, thread_name_prefix="store")
        # Deletions search the files, which takes long; they take turns among themselves.
        self._deleting = ThreadPoolExecutor(1, thread_name_prefix="delete")
        self._batches: Batcher[_EmbeddingJob, _EmbeddedFaces] = Batcher(
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
        """The one in use."""
        return self._recogniser

    @property
    def gallery(self) -> Gallery:
        """Of the recogniser in use."""
        return self._recogniser.gallery

    @property
    def reading(self) -> Executor:
        """Threads for reading from the gallery."""
        return self._storing

    def give(self, recogniser: Recogniser) -> None:
        """Replace the recogniser; requests in progress end with the old one."""
        self._recogniser = recogniser

    def warm_up(self) -> None:
        """Load the embeddings, which the first answer would wait for."""
        self.gallery.search(np.zeros((1, self.gallery.model.dimensions), np.float32), k=1)

    def keys(self) -> tuple[ApiKey, ...]:
        """Return the API keys, from the gallery."""
        return self.gallery.api_keys.list()

    async def check_ready(self) -> int:
        """Try what a request needs; return how many people are enrolled.

        A photo's way through the model's thread is tried without a photo, and the audit log's
        with an entry of nothing, which waits for the gallery's writer as any other does. While
        one try goes on, others share it: they must not pile up where something hangs.

        Raises:
            NoThresholdError: the model cannot decide.
            GalleryError: the gallery cannot be read or written.
            TimeoutError: something did not answer in time.
        """
        _ = self._recogniser.decider
        if self._readiness is None or self._readiness.done():
            self._readiness = asyncio.create_task(self._try_all())
        async with asyncio.timeout(self.settings.ready_seconds):
            return await asyncio.shield(self._readiness)

    async def _try_all(self) -> int:
        people = await self.read(lambda gallery: gallery.count_people())
        await self._batches.do(_EmbeddingJob(faces=(), nearest=None))
        await self._ledger.do(())
        return people

    @asynccontextmanager
    async def _admitted(self) -> AsyncIterator[None]:
        """Admit one photo to the queue.

        Raises:
            Problem: 503 if the queue is full.
        """
        if self._in_work >= self.settings.queue:
            self.metrics.refused.inc()
            raise Problem(
                503,
                "busy",
                "Queue full",
                f"expected fewer photos at a time. {self._in_work} are in progress. Retry in 1 s.",
                headers={"Retry-After": "1"},
            )
        self._in_work += 1
        self.metrics.waiting.set(self._in_work)
        try:
            yield
        finally:
            self._in_work -= 1
            self.metrics.waiting.set(self._in_work)

    async def read(self, query: Callable[[Gallery], Outcome]) -> Outcome:
        """Return the result of a query of the gallery."""
        gallery = self.gallery
        return await _in(self._storing, lambda: query(gallery))

    async def change(
        self,
        caller: Caller,
        change: Callable[[Gallery], Outcome],
        *,
        deletes: bool = False,
    ) -> Outcome:
        """Change the gallery; the audit log says who did."""
        gallery = self.gallery
        threads = self._deleting if deletes else self._storing
        return await _in(threads, _acting(caller, lambda: change(gallery)))

    async def delete(
        self, caller: Caller, subject: str, deletion: Callable[[Gallery], Receipt]
    ) -> Receipt:
        """Delete, and return the receipt.

        The deletion goes on if the client goes away, and its receipt can be asked for again: by
        the same request, sent again with its id, or by `receipt`.

        Args:
            caller: who makes the request.
            subject: what is deleted, such as "person 1".
            deletion: deletes it.
        """
        request = (caller.key, caller.request_id, subject)
        task = self._deletions.get(request)
        if task is None or (task.done() and task.exception() is not None):
            task = asyncio.create_task(self.change(caller, deletion, deletes=True))
            # Nobody may be waiting any more.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._deletions[request] = task
            ended = [known for known, begun in self._deletions.items() if begun.done()]
            for known in ended[: max(0, len(self._deletions) - _MOST_RECEIPTS)]:
                del self._deletions[known]
        return await asyncio.shield(task)

    async def receipt(self, caller: Caller, request_id: str) -> Receipt:
        """Return the receipt of a deletion by the id of its request; wait for it if it goes on.

        Raises:
            Problem: 404 if this process knows of none that the caller made; an admin may have all.
        """
        for (key, known, _), task in self._deletions.items():
            if known == request_id and (key == caller.key or caller.role == "admin"):
                return await asyncio.shield(task)
        raise Problem(
            404,
            "unknown-receipt",
            "Unknown receipt",
            f"expected the id of a deletion of this key since the service started. Received: "
            f"{request_id!r:.80}.",
        )

    async def enrol(
        self,
        caller: Caller,
        who: Who,
        photo: bytes,
        *,
        keep: bool,
        new: bool = False,
        approved: bool = False,
    ) -> EnrolledPhoto:
        """Enrol one photo of a person.

        Args:
            caller: who makes the request.
            who: the name of a new person, or the id of an enrolled one.
            photo: its bytes.
            keep: whether the photo itself is kept.
            new: whether the person must not be enrolled yet.
            approved: whether it is a probe in which an operator recognised the person.
        """
        async with self._admitted():
            face = await self._read_face(photo)
            embedded = await self._batches.do(_EmbeddingJob(faces=[face], nearest=None))
        return await _in(
            self._storing,
            _acting(
                caller,
                lambda: embedded.recogniser.enrol_face(
                    who,
                    face,
                    photo,
                    vector=embedded.vectors[0],
                    keep_photo=keep,
                    new=new,
                    approved=approved,
                ),
            ),
        )

    async def identify(
        self, caller: Caller, photo: bytes, *, all_faces: bool, top_k: int
    ) -> IdentifiedDocument:
        """Say who is in a photo; it is in the audit log when this returns."""
        start = time.perf_counter()
        _ = self._recogniser.decider  # no threshold: the photo is not read
        # Faces that are cut out do not compare with a gallery of whole photos.
        every = all_faces and self._recogniser.reader.capture().finder is not None
        people: Sequence[Identified] = ()
        async with self._admitted():
            prepared = await self._read_photo(photo, all_faces=every)
            if prepared.faces:
                job = _EmbeddingJob(faces=prepared.faces, nearest=top_k, all_faces=every)
                people = (await self._batches.do(job)).people or ()
        no_face = _note(caller, "identified", None, {"status": "no face"})
        await self._ledger.do([_identified(caller, person) for person in people] or [no_face])
        for person in people:
            self.metrics.answers.labels(person.answer.status).inc()
        rows, columns = prepared.size
        return IdentifiedDocument(
            width=columns,
            height=rows,
            faces=[FaceDocument.of(person, top_k=top_k) for person in people],
            milliseconds=round(1000 * (time.perf_counter() - start), 2),
        )

    async def verify(self, caller: Caller, who: int, photo: bytes) -> Verified:
        """Say whether a photo shows a person; it is in the audit log when this returns."""
        recogniser = self._recogniser
        _ = recogniser.decider

        def check(gallery: Gallery) -> None:
            gallery.person(who)
            recogniser.check_capture()

        await self.read(check)  # before the photo is read
        async with self._admitted():
            face = await self._read_face(photo)
            embedded = await self._batches.do(_EmbeddingJob(faces=[face], nearest=None))
        verified = await _in(
            self._storing,
            lambda: embedded.recogniser.verify_face(who, face, vector=embedded.vectors[0]),
        )
        detail = {"accepted": verified.accepted, "energy": verified.energy}
        await self._ledger.do([_note(caller, "verified", who, detail)])
        return verified

    async def compare(self, caller: Caller, left: bytes, right: bytes) -> ComparedDocument:
        """Say whether two photos show one person; it is in the audit log when this returns."""
        decider = self._recogniser.decider
        async with self._admitted():
            first = await self._read_face(left, name="the left photo")
            second = await self._read_face(right, name="the right photo")
            embedded = await self._batches.do(_EmbeddingJob(faces=[first, second], nearest=None))
        name, vectors = embedded.recogniser.gallery.model.energy, embedded.vectors
        energy = float(energy_matrix(name, vectors[:1], vectors[1:])[0, 0])
        compared = ComparedDocument.of(decider, energy, first, second)
        detail = {"same": compared.same, "energy": energy}
        await self._ledger.do([_note(caller, "compared", None, detail)])
        return compared

    async def close(self) -> None:
        """Finish the requests in progress; close threads and gallery."""
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

    def _answer_all(self, jobs: Sequence[_EmbeddingJob]) -> Sequence[_EmbeddedFaces | Exception]:
        try:
            return self._answer_together(jobs)
        except Exception:
            if len(jobs) == 1:
                raise
        # A job that fails must not fail the others.
        results: list[_EmbeddedFaces | Exception] = []
        for job in jobs:
            try:
                results += self._answer_together([job])
            except Exception as error:
                results.append(error)
        return results

    def _answer_together(self, jobs: Sequence[_EmbeddingJob]) -> list[_EmbeddedFaces]:
        recogniser = self._recogniser
        faces = [face for job in jobs for face in job.faces]
        if not faces:
            nobody = np.zeros((0, recogniser.gallery.model.dimensions), np.float32)
            return [_EmbeddedFaces(recogniser=recogniser, vectors=nobody, people=None)] * len(jobs)
        vectors = recogniser.embed_faces(faces)
        parts = np.split(vectors, np.cumsum([len(job.faces) for job in jobs])[:-1])
        searched = [index for index, job in enumerate(jobs) if job.nearest is not None]
        people: dict[int, list[Identified]] = {}
        if searched:
            for all_faces in {jobs[index].all_faces for index in searched}:
                recogniser.check_capture(all_faces=all_faces)
            identified = iter(
                recogniser.identify_faces(
                    [face for index in searched for face in jobs[index].faces],
                    vectors=np.concatenate([parts[index] for index in searched]),
                    nearest=max(jobs[index].nearest or 1 for index in searched),
                )
            )
            people = {index: [next(identified) for _ in jobs[index].faces] for index in searched}
        return [
            _EmbeddedFaces(recogniser=recogniser, vectors=part, people=people.get(index))
            for index, part in enumerate(parts)
        ]

    def _write_notes(self, batch: Sequence[Sequence[Note]]) -> list[None]:
        self.gallery.note([note for notes in batch for note in notes])
        return [None] * len(batch)


async def _in(threads: Executor, work: Callable[[], Outcome]) -> Outcome:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _acting(caller: Caller, work: Callable[[], Outcome]) -> Callable[[], Outcome]:
    def acted() -> Outcome:
        with acting(caller.name, caller.detail):
            return work()

    return acted


def _note(caller: Caller, what: str, person: int | None, detail: Mapping[str, object]) -> Note:
    return Note(what=what, by=caller.name, person_id=person, detail={**caller.detail, **detail})


def _identified(caller: Caller, face: Identified) -> Note:
    answer = face.answer
    person = None if answer.name is None else face.ids[answer.name]
    return _note(caller, "identified", person, {"status": answer.status, "energy": answer.energy})
