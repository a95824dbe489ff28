"""The gallery: enrolled people and their templates, in SQLite, PostgreSQL or memory.

`create_gallery` makes one, `open_gallery` opens one; what they return is a `Gallery`.
"""

from likeness.recogniser.gallery._backup import Copied, backup_gallery, copy_gallery
from likeness.recogniser.gallery._check import GalleryCheck, check_gallery
from likeness.recogniser.gallery._export import Imported, export_people, import_people
from likeness.recogniser.gallery._opening import create_gallery, open_gallery
from likeness.recogniser.gallery._photo_way import check_way
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
    "Copied",
    "Counts",
    "Enrolled",
    "Gallery",
    "GalleryCheck",
    "GalleryKey",
    "GalleryModel",
    "Imported",
    "NewTemplate",
    "Person",
    "Receipt",
    "SqlGallery",
    "Template",
    "backup_gallery",
    "check_gallery",
    "check_way",
    "copy_gallery",
    "create_gallery",
    "export_people",
    "import_people",
    "open_gallery",
    "photo_digest",
    "read_key",
    "seal_of",
    "write_key",
]
