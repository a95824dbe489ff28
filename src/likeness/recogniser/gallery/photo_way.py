"""How the photos behind a gallery's embeddings were looked at: one way for all of them.

The embedding of a whole photo and that of the face cut out of it do not compare, and no number
in either tells. So the provenance of each template says what the encoder was given, and the
newest one speaks for all: nothing else is let in beside it.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from likeness.errors import GalleryMismatchError
from likeness.recogniser.gallery.rows import provenance_of
from likeness.recogniser.gallery.schema import templates

Way = Mapping[str, Any]
"""The entries of a template's provenance that say it: ``cut``, ``eyes`` and ``finder``."""


def way_of(provenance: Mapping[str, Any]) -> Way | None:
    """Return what a template's provenance says; None if it says nothing.

    >>> way_of({"how": "enrolled", "cut": True, "finder": "haar"})
    {'cut': True, 'eyes': False, 'finder': 'haar'}
    """
    if "cut" not in provenance:
        return None
    return {
        "cut": bool(provenance["cut"]),
        "eyes": bool(provenance.get("eyes", False)),
        "finder": provenance.get("finder"),
    }


def newest_way(connection: sa.Connection) -> Way | None:
    """Return the way of the newest template; None if there is none, or it does not say."""
    query = sa.select(templates.c.provenance).order_by(templates.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else way_of(provenance_of(row))


def check_way(known: Way | None, given: Way | None, *, where: str) -> None:
    """Raise if photos that were looked at in two ways would be compared.

    Args:
        known: of the gallery.
        given: of the photo at hand.
        where: the gallery's name, for the message.

    Raises:
        GalleryMismatchError: the two ways are known and differ.
    """
    if known is None or given is None or _same(known, given):
        return
    raise GalleryMismatchError(
        f"{where} holds embeddings of {_words(known)}; this photo is taken as {_words(given)}, and "
        f"the two do not compare. {_options(known)}, or give all photos the other way with "
        "`likeness re-enrol`."
    )


def _same(one: Way, other: Way) -> bool:
    finders = {one["finder"], other["finder"]} - {None}
    return (one["cut"], one["eyes"]) == (other["cut"], other["eyes"]) and len(finders) < 2


def _words(way: Way) -> str:
    by = f" found by {way['finder']}" if way["finder"] else ""
    if way["eyes"]:
        return f"faces{by}, turned by the eyes"
    return f"faces{by}, cut out" if way["cut"] else "whole photos"


def _options(way: Way) -> str:
    """Say how photos are looked at that way."""
    finder = "haar" if way["finder"] in (None, "haar") else "FILE"
    if way["eyes"]:
        return f"Take the same finder, `--faces {finder}`"
    if way["cut"]:
        return f"Add `--faces {finder} --cut-faces`"
    return "Leave --cut-faces and --all-faces out"
