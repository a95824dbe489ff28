"""The gallery: enrolled people and their templates, in SQLite, PostgreSQL or memory.

`create_gallery` makes one, `open_gallery` opens one; what they return is a `Gallery`.
"""

from likeness.recogniser.gallery._opening import create_gallery, open_gallery
from likeness.recogniser.gallery._receipts import seal_of
from likeness.recogniser.gallery._rows import photo_digest
from likeness.recogniser.gallery.keys import GalleryKey, read_key, write_key
from likeness.recogniser.gallery.protocol import Gallery
from likeness.recogniser.gallery.records import (
    AllEnergies,
    AuditEntry,
    Candidate,
    Counts,
    Enrolled,
    GalleryModel,
    NewTemplate,
    Person,
    Receipt,
    Template,
)
from likeness.recogniser.gallery.sql_gallery import SqlGallery

__all__ = [
    "AllEnergies",
    "AuditEntry",
    "Candidate",
    "Counts",
    "Enrolled",
    "Gallery",
    "GalleryKey",
    "GalleryModel",
    "NewTemplate",
    "Person",
    "Receipt",
    "SqlGallery",
    "Template",
    "create_gallery",
    "open_gallery",
    "photo_digest",
    "read_key",
    "seal_of",
    "write_key",
]
