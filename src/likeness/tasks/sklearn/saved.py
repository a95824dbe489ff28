"""Fitted estimators on disk, as data that describe themselves and refuse a mismatch.

::

    estimator.json   format, class, settings, shapes, preparation, classes, fingerprint
    encoder.keras    the encoder, as Keras saves it
    templates.npz    what is remembered of each class; of a classifier only
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from likeness.errors import ModelError, SettingError, require_extra
from likeness.files import check_new_folder, whole_folder
from likeness.model.folder import canonical, document_text
from likeness.model.siamese_model import lasting_config
from likeness.tasks.sklearn.preparation import preparation_from_data, preparation_to_data
from likeness.tasks.sklearn.templates import Templates

FORMAT = "likeness.estimator/1"
DOCUMENT = "estimator.json"
ENCODER = "encoder.keras"
TEMPLATES = "templates.npz"

Arrays = Mapping[str, NDArray[Any]]
Estimator = TypeVar("Estimator")

_FITTED = ("temperature_", "threshold_", "calibrated_")
"""Of a classifier, JSON values as they are."""


def write_estimator(estimator: Any, folder: Path, *, overwrite: bool) -> Path:
    """Write a fitted estimator; see `SiameseEmbedder.save`."""
    check_new_folder(folder, overwrite=overwrite, document=DOCUMENT)
    document = {
        "format": FORMAT,
        "class": type(estimator).__name__,
        "settings": estimator.get_params(deep=False),
        "item_shape": list(estimator.item_shape_),
        "feature_names": _listed(getattr(estimator, "feature_names_in_", None)),
        "preparation": preparation_to_data(estimator.preparation_),
        "classes": _classes_to_data(estimator),
        **{name.strip("_"): getattr(estimator, name, None) for name in _FITTED},
    }
    arrays = _arrays_of(estimator)
    try:
        document["fingerprint"] = _fingerprint(document, estimator.encoder_, arrays)
        text = document_text(document)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"settings and classes: expected JSON values to save. Received: others ({error}). Use "
            "an int as random_state, and texts or numbers as classes."
        ) from error
    with whole_folder(folder) as fresh:
        estimator.encoder_.save(fresh / ENCODER)
        if arrays:
            np.savez(fresh / TEMPLATES, **dict[str, Any](arrays))
        (fresh / DOCUMENT).write_text(text, encoding="utf-8")
    return folder


def read_estimator(kind: type[Estimator], folder: Path) -> Estimator:
    """Read an estimator of a class; see `SiameseEmbedder.load`."""
    document = _read_document(folder, kind.__name__)
    keras = require_extra("keras", extra="train")
    # Importing these registers the layers that Keras will meet in the file.
    require_extra("likeness.encoders")
    try:
        estimator: Any = kind(**document["settings"])
        estimator.item_shape_ = tuple(document["item_shape"])
        estimator.n_features_in_ = estimator.item_shape_[0]
        if document["feature_names"] is not None:
            estimator.feature_names_in_ = np.array(document["feature_names"], dtype=object)
        estimator.preparation_ = preparation_from_data(document["preparation"])
        estimator.encoder_ = keras.models.load_model(folder / ENCODER, compile=False)
        arrays = _read_arrays(folder) if document["classes"] is not None else {}
        if document["classes"] is not None:
            _restore_classes(estimator, document, arrays)
        fingerprint = _fingerprint(document, estimator.encoder_, arrays)
    except Exception as error:  # Keras and NumPy raise many kinds for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{folder} holds a damaged estimator: {reason}. Restore it or fit it again."
        ) from error
    if fingerprint != document["fingerprint"]:
        raise ModelError(
            f"{folder}: the parts of the estimator do not belong together. Expected the "
            f"fingerprint {str(document['fingerprint'])[:12]}, they give {fingerprint[:12]}. "
            "Restore the folder or fit it again."
        )
    return cast(Estimator, estimator)


def _read_document(folder: Path, name: str) -> dict[str, Any]:
    path = folder / DOCUMENT
    if not path.is_file():
        raise ModelError(
            f"{folder}: expected a folder with {DOCUMENT}. Found none. Write one with `save`."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
    received = document.get("format") if isinstance(document, dict) else document
    if received != FORMAT:
        raise ModelError(f"{path}: expected the format {FORMAT!r}. Received: {received!r}.")
    if document.get("class") != name:
        raise ModelError(
            f"{path}: expected a {name}. Received: {document.get('class')!r}. Load it with its "
            "own class."
        )
    if missing := {"settings", "classes", "fingerprint", "feature_names"} - set(document):
        raise ModelError(f"{path}: these entries are missing: {', '.join(sorted(missing))}.")
    return dict(document)


def _arrays_of(estimator: Any) -> dict[str, NDArray[Any]]:
    templates = getattr(estimator, "templates_", None)
    if templates is None:
        return {}
    return {name: getattr(templates, name) for name in ("points", "codes", "counts")}


def _read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    with np.load(folder / TEMPLATES, allow_pickle=False) as stored:
        return {name: stored[name] for name in ("points", "codes", "counts")}


def _restore_classes(estimator: Any, document: Mapping[str, Any], arrays: Arrays) -> None:
    entry = document["classes"]
    estimator.classes_ = np.array(entry["names"], dtype=np.dtype(entry["dtype"]))
    estimator.templates_ = Templates(kind=entry["kind"], energy=entry["energy"], **arrays)
    for name in _FITTED:
        setattr(estimator, name, document[name.strip("_")])


def _classes_to_data(estimator: Any) -> dict[str, Any] | None:
    if not hasattr(estimator, "classes_"):
        return None
    return {
        "names": estimator.classes_.tolist(),
        "dtype": estimator.classes_.dtype.str,
        "kind": estimator.templates_.kind,
        "energy": estimator.templates_.energy,
    }


def _listed(names: Any) -> list[str] | None:
    return None if names is None else [str(name) for name in names]


def _fingerprint(document: Mapping[str, Any], encoder: Any, arrays: Arrays) -> str:
    """SHA-256 of all but itself: settings, encoder and templates."""
    head = {name: entry for name, entry in document.items() if name != "fingerprint"}
    # As JSON gives it back: lists for tuples, and so on.
    plain = json.loads(document_text(head))
    digest = hashlib.sha256(canonical([plain, lasting_config(encoder.get_config())]).encode())
    for values in [*encoder.get_weights(), *(arrays[name] for name in sorted(arrays))]:
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
