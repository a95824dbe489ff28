"""Search in one gallery, in the process or on the server, with equal results."""

from collections.abc import Iterable, Sequence
from threading import RLock

import numpy as np
import sqlalchemy as sa

from likeness.arrays import Floats
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import GalleryDamagedError
from likeness.recogniser.gallery.matrix import TemplateMatrix
from likeness.recogniser.gallery.postgres_search import ServerSearch
from likeness.recogniser.gallery.reading import Change, Reading
from likeness.recogniser.gallery.records import AllEnergies, Candidate
from likeness.recogniser.gallery.rows import chunks
from likeness.recogniser.gallery.schema import people, templates
from likeness.recogniser.gallery.store import Store

_PROBES = 64


class Search:
    """Search in one gallery, synchronised with its change log; one search at a time.

    The matrix is a cache: it is made from the rows when it is first needed, and brought up to
    date before each answer. A plain gallery on a server needs none.

    Args:
        store: of the gallery.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = RLock()
        self._matrix: TemplateMatrix | None = None
        self._of = (store.model, store.sealing)
        self._last_change = 0

    def nearest(
        self, probes: Floats, *, k: int, approximate: int | None
    ) -> list[tuple[Candidate, ...]]:
        """Return the k nearest people of each probe ``(n, d)``."""
        answers: list[tuple[Candidate, ...]] = []
        with self._turn, self._store.reading() as reading:
            for start in range(0, len(probes), _PROBES):
                part = probes[start : start + _PROBES]
                if self._on_server:
                    answers += self._nearest_on_server(reading, part, k, approximate)
                else:
                    answers += self._nearest_here(reading, part, k)
        return answers

    def energies(self, probes: Floats) -> AllEnergies:
        """Return the energies of probes ``(n, d)`` to all templates."""
        with self._turn, self._store.reading() as reading:
            if self._on_server:
                columns = (templates.c.id, templates.c.person_id, templates.c.vector)
                query = sa.select(*columns).order_by(templates.c.id)
                rows = reading.connection.execute(query).all()
                ids, owners = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
                vectors = self._stacked(row[2] for row in rows)
                energies = energy_matrix(self._store.model.energy, probes, vectors)
            else:
                ids, owners, energies = self._synced(reading).everything(probes)
        return AllEnergies(template_ids=ids, person_ids=owners, energies=energies)

    @property
    def _on_server(self) -> bool:
        # The server cannot compare ciphertexts: encrypted galleries are searched here.
        return self._store.database.on_server and self._store.sealing.key_id is None

    def _nearest_on_server(
        self, reading: Reading, probes: Floats, k: int, approximate: int | None
    ) -> list[tuple[Candidate, ...]]:
        model = self._store.model
        server = ServerSearch(reading.connection, model)
        chosen = [server.nearest(probe, k=k, ef_search=approximate) for probe in probes]
        people = self._people(reading.connection, chosen)
        ids = [template_id for _, owned in people.values() for template_id in owned]
        contents: dict[int, bytes] = {}
        for part in chunks(ids):
            query = sa.select(templates.c.id, templates.c.vector).where(templates.c.id.in_(part))
            contents |= {row[0]: row[1] for row in reading.connection.execute(query)}
        energy = energy_by_name(model.energy)
        answers = []
        for probe, wanted in zip(probes, chosen, strict=True):
            candidates = []
            for person_id in wanted:
                name, owned = people[person_id]
                vectors = self._stacked(contents[template_id] for template_id in owned)
                candidates.append(_candidate(person_id, name, owned, energy(vectors, probe)))
            answers.append(_ranked(candidates, k))
        return answers

    def _nearest_here(
        self, reading: Reading, probes: Floats, k: int
    ) -> list[tuple[Candidate, ...]]:
        matrix = self._synced(reading)
        chosen = [
            # The first k different people.
            list(dict.fromkeys(matrix.people_of(near.rows).tolist()))[:k]
            for near in matrix.nearest_people(probes, k)
        ]
        people = self._people(reading.connection, chosen)
        answers = []
        for probe, wanted in zip(probes, chosen, strict=True):
            candidates = []
            for person_id in wanted:
                name, owned = people[person_id]
                energies = matrix.exact(probe, matrix.rows_of(np.array(owned)))
                candidates.append(_candidate(person_id, name, owned, energies))
            answers.append(_ranked(candidates, k))
        return answers

    def _synced(self, reading: Reading) -> TemplateMatrix:
        """Return the matrix as of the caller's transaction."""
        of, last_change = (self._store.model, self._store.sealing), reading.row.last_change
        if self._of != of:  # moved to another model or key
            self._matrix, self._of = None, of
        if self._matrix is not None and last_change == self._last_change:
            return self._matrix
        reading.sealing.require()
        changes = None if self._matrix is None else reading.changes_after(self._last_change)
        if self._matrix is None or changes is None:
            self._matrix = TemplateMatrix(
                energy=reading.row.energy,
                dimensions=reading.row.dimensions,
                room=reading.count(templates),
            )
            changes = None
        try:
            if changes is None:
                _load_all(reading, self._matrix)
            for change in changes or ():
                _apply(reading, self._matrix, change)
        except BaseException:  # a partly updated matrix must not be used
            self._matrix = None
            raise
        self._last_change = last_change
        return self._matrix

    def _people(
        self, connection: sa.Connection, chosen: Sequence[list[int]]
    ) -> dict[int, tuple[str, list[int]]]:
        """Return name and templates of some people, by their ids."""
        wanted = sorted({person_id for ids in chosen for person_id in ids})
        owners: dict[int, tuple[str, list[int]]] = {}
        for part in chunks(wanted):
            query = (
                sa.select(people.c.id, people.c.name, templates.c.id)
                .join(templates)
                .where(people.c.id.in_(part))
                .order_by(templates.c.id)
            )
            for person_id, name, template_id in connection.execute(query):
                owners.setdefault(person_id, (name, []))[1].append(template_id)
        if len(owners) < len(wanted):
            raise GalleryDamagedError(
                f"{self._store.where}: the person of a template is missing. Run "
                "`likeness gallery check`, or restore a backup."
            )
        return owners

    def _stacked(self, contents: Iterable[bytes]) -> Floats:
        joined = np.frombuffer(b"".join(contents), "<f4")
        return joined.reshape(-1, self._store.model.dimensions).astype(np.float64)


def _load_all(reading: Reading, matrix: TemplateMatrix) -> None:
    """Load every embedding, and compare their checksum with the gallery's.

    Encrypted ones are checked one by one as they are opened (AES-GCM).

    Raises:
        GalleryDamagedError: an embedding is not the one that was enrolled.
    """
    if reading.load(matrix, first=0, last=2**62) != reading.row.checksum:
        raise GalleryDamagedError(
            f"{reading.where}: an embedding is not the one that was enrolled. Run `likeness "
            "gallery check`, which names it, or restore a backup."
        )


def _apply(reading: Reading, matrix: TemplateMatrix, change: Change) -> None:
    if change.kind == "added":
        # Their present state; applying the later changes again below has no effect.
        reading.load(matrix, first=change.first, last=change.last)
    elif change.kind == "removed":
        matrix.remove_template(change.first)
    elif change.kind == "forgot":
        matrix.remove_person(change.first)
    elif change.kind == "merged":
        matrix.move(change.first, into=change.last)


def _candidate(person_id: int, name: str, ids: list[int], energies: Floats) -> Candidate:
    return Candidate(
        person_id=person_id,
        name=name,
        energy=float(energies.min()),
        template_ids=tuple(ids),
        energies=tuple(energies.tolist()),
    )


def _ranked(candidates: list[Candidate], k: int) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda person: (person.energy, person.person_id))[:k])
