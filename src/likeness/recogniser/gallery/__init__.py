"""The gallery: enrolled people and their templates, in SQLite, PostgreSQL or memory.

`create_gallery` makes one, `open_gallery` opens one; both return a `Gallery`.
"""

from likeness.recogniser.gallery.api_keys import (
    ROLES,
    ApiKey,
    Role,
    add_api_key,
    first_api_key,
    key_number,
    list_api_keys,
    revoke_api_key,
)
from likeness.recogniser.gallery.check import check_gallery
from likeness.recogniser.gallery.copies import (
    backup_gallery,
    copy_gallery,
    export_people,
    import_people,
)
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.keys import GalleryKey, read_key, write_key
from likeness.recogniser.gallery.opening import create_gallery, open_gallery
from likeness.recogniser.gallery.receipts import Receipt, receipt_digest
from likeness.recogniser.gallery.records import (
    AuditEntry,
    Candidate,
    Enrolled,
    GalleryModel,
    JsonObject,
    NewTemplate,
    Note,
    Person,
    Template,
    Who,
)
from likeness.recogniser.gallery.rows import photo_digest
from likeness.recogniser.gallery.store import acting

__all__ = [
    "ROLES",
    "ApiKey",
    "AuditEntry",
    "Candidate",
    "Enrolled",
    "Gallery",
    "GalleryKey",
    "GalleryModel",
    "JsonObject",
    "NewTemplate",
    "Note",
    "Person",
    "Receipt",
    "Role",
    "Template",
    "Who",
    "acting",
    "add_api_key",
    "backup_gallery",
    "check_gallery",
    "copy_gallery",
    "create_gallery",
    "export_people",
    "first_api_key",
    "import_people",
    "key_number",
    "list_api_keys",
    "open_gallery",
    "photo_digest",
    "read_key",
    "receipt_digest",
    "revoke_api_key",
    "write_key",
]
