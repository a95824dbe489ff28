"""Search in one gallery: in the process, or on the server, the same answer."""

from collections.abc import Sequence
from threading import RLock

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness.energies import energy_by_name, energy_matrix
from likeness.recogniser.gallery import _changes
from likeness.recogniser.gallery._matrix import TemplateMatrix
from likeness.recogniser.gallery._pages import chunks
from likeness.recogniser.gallery._rows import Sealing
from likeness.recogniser.gallery._schema import people, templates
from likeness.recogniser.gallery._server_search import nearest_on_server
from likeness.recogniser.gallery._templates import load_matrix
from likeness.recogniser.gallery._transaction import GalleryRow
from likeness.recogniser.gallery.records import AllEnergies, Candidate, GalleryModel

_EVERY_ID = (0, 2**62)
_PROBES = 64


class Search:
    """Answers of one gallery, in step with its change log.

    The matrix is a cache: it is made from the rows when it is first needed, and brought up to
    date before each answer. A plain gallery on a server needs none.

    Args:
        model: whose embeddings they are.
        sealing: how they are stored.
    """

    def __init__(self, model: GalleryModel, sealing: Sealing) -> None:
        self.lock = RLock()
        self._model = model
        self._sealing = sealing
        self._matrix: TemplateMatrix | None = None
        self._seen = 0

    def nearest(
        self,
        connection: sa.Connection,
        row: GalleryRow,
        probes: NDArray[np.float64],
        *,
        k: int,
        approximate: int | None,
    ) -> list[tuple[Candidate, ...]]:
        """Return the k nearest people of each probe, within the caller's transaction."""
        if self._on_server(connection):
            chosen = [
                nearest_on_server(connection, self._model, probe, k=k, ef_search=approximate)
                for probe in probes
            ]
            return self._ranked_from_rows(connection, probes, chosen, k)
        matrix = self._synced(connection, row)
        answers: list[tuple[Candidate, ...]] = []
        for start in range(0, len(probes), _PROBES):
            part = probes[start : start + _PROBES]
            chosen = [
                _first_people(matrix.people_of(near.rows), k)
                for near in matrix.nearest_people(part, k)
            ]
            answers += self._ranked_from_matrix(connection, matrix, part, chosen, k)
        return answers

    def everything(
        self, connection: sa.Connection, row: GalleryRow, probes: NDArray[np.float64]
    ) -> AllEnergies:
        """Return all energies, within the caller's transaction."""
        if self._on_server(connection):
            columns = (templates.c.id, templates.c.person_id, templates.c.vector)
            rows = connection.execute(sa.select(*columns).order_by(templates.c.id)).all()
            ids = np.array([found[0] for found in rows], np.int64)
            owners = np.array([found[1] for found in rows], np.int64)
            vectors = _stacked([found[2] for found in rows], self._model.dimensions)
            energies = energy_matrix(self._model.energy, probes, vectors)
        else:
            ids, owners, energies = self._synced(connection, row).everything(probes)
        return AllEnergies(template_ids=ids, person_ids=owners, energies=energies)

    def _on_server(self, connection: sa.Connection) -> bool:
        # The server cannot compare what it cannot read: sealed ones are searched here.
        return connection.dialect.name == "postgresql" and self._sealing.key_id is None

    def _synced(self, connection: sa.Connection, row: GalleryRow) -> TemplateMatrix:
        """Return the matrix as of the caller's transaction."""
        if self._matrix is not None and row.last_change == self._seen:
            return self._matrix
        self._sealing.require()
        found = None
        if self._matrix is not None:
            found = _changes.changes_after(connection, self._seen, last=row.last_change)
        if self._matrix is None or found is None:
            self._matrix = self._loaded(connection)
        else:
            try:
                for change in found:
                    self._apply(connection, self._matrix, change)
            except BaseException:  # half in step is worse than none
                self._matrix = None
                raise
        self._seen = row.last_change
        return self._matrix

    def _loaded(self, connection: sa.Connection) -> TemplateMatrix:
        count = connection.execute(sa.select(sa.func.count(templates.c.id))).scalar_one()
        matrix = TemplateMatrix(
            energy=self._model.energy, dimensions=self._model.dimensions, room=count
        )
        load_matrix(connection, matrix, self._sealing, ids=_EVERY_ID)
        return matrix

    def _apply(
        self, connection: sa.Connection, matrix: TemplateMatrix, change: _changes.Change
    ) -> None:
        if change.kind == _changes.ADDED:
            # As they are now: what happened to them since is done again below, to no effect.
            load_matrix(connection, matrix, self._sealing, ids=(change.first, change.last))
        elif change.kind == _changes.REMOVED:
            matrix.remove_template(change.first)
        elif change.kind == _changes.FORGOT:
            matrix.remove_person(change.first)
        elif change.kind == _changes.MERGED:
            matrix.move(change.first, into=change.last)

    def _ranked_from_matrix(
        self,
        connection: sa.Connection,
        matrix: TemplateMatrix,
        probes: NDArray[np.float64],
        chosen: Sequence[list[int]],
        k: int,
    ) -> list[tuple[Candidate, ...]]:
        names, owned = _people_with_templates(connection, chosen)
        return [
            _best(
                [
                    _candidate(
                        person,
                        names[person],
                        owned[person],
                        matrix.exact(probe, matrix.rows_of(np.array(owned[person]))),
                    )
                    for person in wanted
                ],
                k,
            )
            for probe, wanted in zip(probes, chosen, strict=True)
        ]

    def _ranked_from_rows(
        self,
        connection: sa.Connection,
        probes: NDArray[np.float64],
        chosen: Sequence[list[int]],
        k: int,
    ) -> list[tuple[Candidate, ...]]:
        names, owned = _people_with_templates(connection, chosen)
        vectors: dict[int, bytes] = {}
        for part in chunks([place for ids in owned.values() for place in ids]):
            query = sa.select(templates.c.id, templates.c.vector).where(templates.c.id.in_(part))
            vectors |= {found[0]: found[1] for found in connection.execute(query)}
        energy = energy_by_name(self._model.energy)
        return [
            _best(
                [
                    _candidate(
                        person,
                        names[person],
                        owned[person],
                        energy(
                            _stacked(
                                [vectors[place] for place in owned[person]],
                                self._model.dimensions,
                            ),
                            probe,
                        ),
                    )
                    for person in wanted
                ],
                k,
            )
            for probe, wanted in zip(probes, chosen, strict=True)
        ]


def _people_with_templates(
    connection: sa.Connection, chosen: Sequence[list[int]]
) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Return the names of some people and the ids of their templates."""
    names: dict[int, str] = {}
    owned: dict[int, list[int]] = {}
    for part in chunks(sorted({person for wanted in chosen for person in wanted})):
        query = (
            sa.select(people.c.id, people.c.name, templates.c.id)
            .join(templates)
            .where(people.c.id.in_(part))
            .order_by(templates.c.id)
        )
        for person, name, template in connection.execute(query):
            names[person] = name
            owned.setdefault(person, []).append(template)
    return names, owned


def _first_people(owners: NDArray[np.int64], k: int) -> list[int]:
    """Return the first k different people of a list."""
    return list(dict.fromkeys(owners.tolist()))[:k]


def _candidate(
    person: int, name: str, template_ids: Sequence[int], energies: NDArray[np.float64]
) -> Candidate:
    return Candidate(
        person_id=person,
        name=name,
        energy=float(energies.min()),
        template_ids=tuple(template_ids),
        energies=tuple(energies.tolist()),
    )


def _best(candidates: list[Candidate], k: int) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda one: (one.energy, one.person_id))[:k])


def _stacked(contents: Sequence[bytes], dimensions: int) -> NDArray[np.float64]:
    joined = np.frombuffer(b"".join(contents), "<f4")
    return joined.reshape(-1, dimensions).astype(np.float64)
