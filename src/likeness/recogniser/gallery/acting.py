"""Who acts, and on what request: said once around several calls, for the audit log.

A context variable, as one gallery serves several threads and each acts for somebody else.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who acts, and what is noted beside each entry: JSON values, no name, nothing biometric."""

    by: str
    detail: Mapping[str, Any]


ACTING: ContextVar[Acting | None] = ContextVar("likeness_gallery_acting", default=None)


@contextmanager
def acting(by: str, detail: Mapping[str, Any]) -> Iterator[None]:
    """Have what is done inside noted as done by somebody, instead of by the gallery's opener.

    Args:
        by: who acts.
        detail: JSON values that go into the audit log's entries: no name, nothing biometric.
    """
    token = ACTING.set(Acting(by=by, detail=detail))
    try:
        yield
    finally:
        ACTING.reset(token)
