"""Search on a PostgreSQL server with pgvector: exact by default, HNSW if asked.

The server chooses the people; their energies are computed here, from their embeddings, with
the formula of `likeness.energies`. It ranks in float32, so a few people more than wanted are
fetched: two who differ by a rounding error come out in their true order.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from likeness.arrays import Floats, check_in_range
from likeness.errors import SettingError
from likeness.recogniser.gallery.records import GalleryModel
from likeness.recogniser.gallery.schema import templates

_INDEX = "templates_hnsw"
_MOST_DIMENSIONS = 2000
"""What pgvector's HNSW takes."""

_OPERATORS = {
    "euclidean": ("<->", "vector_l2_ops"),
    "squared_euclidean": ("<->", "vector_l2_ops"),
    "cosine": ("<=>", "vector_cosine_ops"),
    "manhattan": ("<+>", "vector_l1_ops"),
}
_MORE = 16


@dataclass(frozen=True)
class ServerSearch:
    """Search in a transaction on a server, for a model's embeddings."""

    connection: sa.Connection
    model: GalleryModel

    def nearest(self, probe: Floats, *, k: int, ef_search: int | None) -> list[int]:
        """Return the ids of the nearest people, a few more than k.

        Args:
            probe: ``(d,)``.
            k: how many people.
            ef_search: HNSW with a candidate list of this length; None for exact.

        Raises:
            SettingError: HNSW is asked for and there is no index.
        """
        operator, _ = _OPERATORS[self.model.energy]
        content = probe.astype("<f4").tobytes()
        if ef_search is None:
            distance = templates.c.vector.op(operator, return_type=sa.Float)(content)
            # The cosine distance from an embedding of zeros is NaN there, 1 here.
            lowest = sa.func.min(sa.func.coalesce(sa.func.nullif(distance, float("nan")), 1.0))
            query = (
                sa.select(templates.c.person_id)
                .where(templates.c.vector.isnot(None))
                .group_by(templates.c.person_id)
                .order_by(lowest, templates.c.person_id)
                .limit(k + _MORE)
            )
            return list(self.connection.execute(query).scalars())
        check_in_range(ef_search, 1, 1000, argument="approximate", whole=True)
        if not self._has_index():
            raise SettingError(
                "approximate: expected a gallery with an HNSW index. There is none; make it with "
                "`build_index()`, or search exactly."
            )
        self.connection.exec_driver_sql(f"SET LOCAL hnsw.ef_search = {int(ef_search)}")
        self._scan_on()
        # The same expression as the index is on; the exact search above never meets it.
        dimensions = self.model.dimensions
        nearest = sa.text(
            f"SELECT person_id FROM templates ORDER BY (vector::vector({dimensions})) "
            f"{operator} CAST(:probe AS vector({dimensions})) LIMIT :most"
        ).bindparams(sa.bindparam("probe", content, type_=templates.c.vector.type))
        most = ef_search
        while True:
            rows = self.connection.execute(nearest, {"most": most}).scalars().all()
            people = list(dict.fromkeys(rows))
            # Somebody with many photos must not crowd out the others.
            if len(people) > k or len(rows) < most:
                return people[: k + _MORE]
            most *= 4

    def _scan_on(self) -> None:
        """Have the index go on where it met removed rows, if pgvector can (from 0.8 on).

        Rows that were deleted stay in the index until a VACUUM that no older snapshot holds back:
        without it, a search among them returns nothing.
        """
        self.connection.exec_driver_sql("SELECT CAST('[1]' AS vector)")  # loads its settings
        self.connection.exec_driver_sql(
            "SELECT set_config(name, 'strict_order', true) FROM pg_settings "
            "WHERE name = 'hnsw.iterative_scan'"
        )

    def make_index(self, *, links: int, effort: int) -> None:
        """Rebuild the HNSW index.

        Malkov & Yashunin 2018: M is ``links``, efConstruction ``effort``.

        Raises:
            SettingError: the embeddings are too long for it, or a value is out of range.
        """
        dimensions = self.model.dimensions
        check_in_range(dimensions, 1, _MOST_DIMENSIONS, argument="dimensions for HNSW")
        check_in_range(links, 2, 100, argument="links", whole=True)
        check_in_range(effort, 2 * links, 1000, argument="effort", whole=True)
        self.drop_index()
        self.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # it takes long
        self.connection.exec_driver_sql(
            f"CREATE INDEX {_INDEX} ON templates USING hnsw "
            f"((vector::vector({dimensions})) {_OPERATORS[self.model.energy][1]}) "
            f"WITH (m = {int(links)}, ef_construction = {int(effort)})"
        )

    def drop_index(self) -> None:
        """Remove the HNSW index, if it is a server and there is one."""
        if self.connection.dialect.name == "postgresql":
            self.connection.exec_driver_sql(f"DROP INDEX IF EXISTS {_INDEX}")

    def _has_index(self) -> bool:
        query = sa.text("SELECT to_regclass(:name) IS NOT NULL").bindparams(name=_INDEX)
        return bool(self.connection.execute(query).scalar())
