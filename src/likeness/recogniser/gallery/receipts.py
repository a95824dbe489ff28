"""Receipts: what is written of a deletion, and the digest of it that the audit log keeps."""

import hashlib
import json
import secrets
from collections.abc import Sequence

from likeness.recogniser.gallery.records import RECEIPT_FORMAT, Receipt
from likeness.recogniser.gallery.rows import Row, now

_SEALED = (
    "id",
    "secret",
    "name",
    "person_id",
    "person_removed",
    "template_ids",
    "photos",
    "when",
    "by",
)


def draft(
    person: Row,
    template_ids: Sequence[int],
    *,
    photos: int,
    by: str,
    person_removed: bool,
) -> Receipt:
    """Return the receipt of a deletion, before the files were looked at."""
    return Receipt(
        id=secrets.token_hex(8),
        secret=secrets.token_hex(16),
        name=person["name"],
        person_id=person["id"],
        person_removed=person_removed,
        template_ids=tuple(template_ids),
        photos=photos,
        when=now(),
        by=by,
    )


def receipt_digest(receipt: Receipt) -> str:
    """Return the SHA-256 of what a receipt says was removed.

    The receipt's secret is part of it: names are few, and without the secret each could be
    tried against the audit log.
    """
    document = receipt.as_dict()
    said = [RECEIPT_FORMAT, *(document[name] for name in _SEALED)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()
