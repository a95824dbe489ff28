"""Search in one gallery: in the process, or on the server, the same answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import GalleryDamagedError
from likeness.recogniser.gallery import changes as _changes
from likeness.recogniser.gallery.matrix import TemplateMatrix
from likeness.recogniser.gallery.pages import chunks
from likeness.recogniser.gallery.records import AllEnergies, Candidate, GalleryModel
from likeness.recogniser.gallery.rows import Sealing
from likeness.recogniser.gallery.schema import people, templates
from likeness.recogniser.gallery.server_search import nearest_on_server
from likeness.recogniser.gallery.templates import load_matrix
from likeness.recogniser.gallery.transaction import GalleryRow

_EVERY_ID = (0, 2**62)
_PROBES = 64

Exact = Callable[[NDArray[np.float64], Sequence[int]], NDArray[np.float64]]
"""From a probe ``(d,)`` and templates' ids to their energies."""


@dataclass(frozen=True, kw_only=True)
class _Owner:
    """A person and their templates."""

    name: str
    template_ids: list[int]


class Search:
    """Answers of one gallery, in step with its change log.

    The matrix is a cache: it is made from the rows when it is first needed, and brought up to
    date before each answer. A plain gallery on a server needs none.

    Args:
        model: whose embeddings they are.
        sealing: how they are stored.
    """

    def __init__(self, model: GalleryModel, sealing: Sealing) -> None:
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
            owners = self._owners(connection, chosen)
            ids = [place for owner in owners.values() for place in owner.template_ids]
            exact = self._exact_from_rows(connection, ids)
            return _ranked(owners, probes, chosen, k, exact)
        matrix = self._synced(connection, row)

        def exact_here(probe: NDArray[np.float64], ids: Sequence[int]) -> NDArray[np.float64]:
            return matrix.exact(probe, matrix.rows_of(np.array(ids)))

        answers: list[tuple[Candidate, ...]] = []
        for start in range(0, len(probes), _PROBES):
            part = probes[start : start + _PROBES]
            chosen = [
                _first_people(matrix.people_of(near.rows), k)
                for near in matrix.nearest_people(part, k)
            ]
            answers += _ranked(self._owners(connection, chosen), part, chosen, k, exact_here)
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

    def _owners(self, connection: sa.Connection, chosen: Sequence[list[int]]) -> dict[int, _Owner]:
        """Return some people by their ids."""
        wanted = sorted({person for people_of_one in chosen for person in people_of_one})
        owners: dict[int, _Owner] = {}
        for part in chunks(wanted):
            query = (
                sa.select(people.c.id, people.c.name, templates.c.id)
                .join(templates)
                .where(people.c.id.in_(part))
                .order_by(templates.c.id)
            )
            for person, name, template in connection.execute(query):
                owners.setdefault(person, _Owner(name=name, template_ids=[]))
                owners[person].template_ids.append(template)
        if len(owners) < len(wanted):
            raise GalleryDamagedError(
                f"{self._sealing.where}: a template's person is not to be found. Run "
                "`likeness gallery check`, or restore a backup."
            )
        return owners

    def _exact_from_rows(self, connection: sa.Connection, ids: Sequence[int]) -> Exact:
        """Return what gives the energies of a probe to templates of a server."""
        vectors: dict[int, bytes] = {}
        for part in chunks(ids):
            query = sa.select(templates.c.id, templates.c.vector).where(templates.c.id.in_(part))
            vectors |= {found[0]: found[1] for found in connection.execute(query)}
        energy = energy_by_name(self._model.energy)

        def exact(probe: NDArray[np.float64], wanted: Sequence[int]) -> NDArray[np.float64]:
            stacked = _stacked([vectors[place] for place in wanted], self._model.dimensions)
            return np.asarray(energy(stacked, probe))

        return exact


def _ranked(
    owners: dict[int, _Owner],
    probes: NDArray[np.float64],
    chosen: Sequence[list[int]],
    k: int,
    exact: Exact,
) -> list[tuple[Candidate, ...]]:
    """Return the k nearest of the people that were chosen for each probe."""
    answers = []
    for probe, wanted in zip(probes, chosen, strict=True):
        found = []
        for person in wanted:
            ids = owners[person].template_ids
            energies = exact(probe, ids)
            found.append(
                Candidate(
                    person_id=person,
                    name=owners[person].name,
                    energy=float(energies.min()),
                    template_ids=tuple(ids),
                    energies=tuple(energies.tolist()),
                )
            )
        answers.append(tuple(sorted(found, key=lambda one: (one.energy, one.person_id))[:k]))
    return answers


def _first_people(owners: NDArray[np.int64], k: int) -> list[int]:
    """Return the first k different people of a list."""
    return list(dict.fromkeys(owners.tolist()))[:k]


def _stacked(contents: Sequence[bytes], dimensions: int) -> NDArray[np.float64]:
    joined = np.frombuffer(b"".join(contents), "<f4")
    return joined.reshape(-1, dimensions).astype(np.float64)
