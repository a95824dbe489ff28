"""The gallery: enrolled people and their templates, in SQLite, PostgreSQL or memory.

`create_gallery` makes one, `open_gallery` opens one; both return a `Gallery`.
"""

from likeness.recogniser.gallery.api_keys import ROLES, ApiKey, Role
from likeness.recogniser.gallery.check import check_gallery
from likeness.recogniser.gallery.copies import (
    backup_gallery,
    copy_gallery,
    export_people,
    import_people,
)
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.keys import GalleryKey
from likeness.recogniser.gallery.opening import create_gallery, open_gallery
from likeness.recogniser.gallery.receipts import Receipt
from likeness.recogniser.gallery.records import GalleryModel, NewTemplate, photo_digest
from likeness.recogniser.gallery.store import acting

__all__ = [
    "ROLES",
    "ApiKey",
    "Gallery",
    "GalleryKey",
    "GalleryModel",
    "NewTemplate",
    "Receipt",
    "Role",
    "acting",
    "backup_gallery",
    "check_gallery",
    "copy_gallery",
    "create_gallery",
    "export_people",
    "import_people",
    "open_gallery",
    "photo_digest",
]
