"""The state of a fitted estimator (preparation and templates of classes), in memory and on disk.

Folders are self-describing data, and mismatches are rejected.

::

    estimator.json   format, class, settings, shapes, preparation, classes, fingerprint
    encoder.keras    the encoder, as Keras saves it
    templates.npz    the templates of each class; of a classifier only
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, Prepared
from likeness.energies import energy_matrix
from likeness.errors import ModelError, SettingError, require_extra
from likeness.files import check_new_folder, whole_folder
from likeness.model.folder import canonical, document_text
from likeness.model.siamese_model import lasting_config

_LEVELS = 255
"""A deviation below this fraction of the range seen while fitting counts as 0: a flat image is
centred but not scaled."""


@dataclass(frozen=True, kw_only=True)
class _FeaturePreparation:
    """Rows of numbers, each feature standardised by the rows fitted to.

    Args:
        mean: ``(features,)``.
        deviation: ``(features,)``, above 0; 1 for a feature that never changes.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __call__(self, items: NDArray[Any]) -> Prepared:
        """Return ``(n, features)``, float32, of ``(n, features)``."""
        return np.asarray((items - np.array(self.mean)) / np.array(self.deviation), np.float32)


@dataclass(frozen=True, kw_only=True)
class _ItemPreparation:
    """Images, each standardised over its own numbers.

    So an image twice as bright, or with half the contrast, gives the same input.

    Args:
        flat: the smallest deviation that is divided by, > 0.
    """

    flat: float

    def __call__(self, items: NDArray[Any]) -> Prepared:
        """Return ``(n, rows, columns, channels)``, float32; without channels, one is added."""
        images = items[..., None] if items.ndim == 3 else items
        centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
        deviation = centred.std(axis=(1, 2, 3), keepdims=True)
        return np.asarray(centred / np.maximum(deviation, self.flat), np.float32)


_AnyPreparation = _FeaturePreparation | _ItemPreparation

_KINDS: dict[str, Callable[..., _AnyPreparation]] = {
    "feature": _FeaturePreparation,
    "item": _ItemPreparation,
}


def fit_preparation(items: NDArray[np.float64]) -> _AnyPreparation:
    """Return the preparation for rows of numbers ``(n, features)``, or for images."""
    if items.ndim == 2:
        # Scale first, because squares of the largest floats are infinite.
        size = np.maximum(np.abs(items).max(axis=0), np.finfo(np.float64).tiny)
        mean = (items / size).mean(axis=0) * size
        deviation = ((items - mean) / size).std(axis=0) * size
        # Rounding only: the feature is constant.
        constant = deviation <= 8 * np.finfo(np.float64).eps * np.abs(mean)
        return _FeaturePreparation(
            mean=tuple(mean.tolist()),
            deviation=tuple(np.where(constant | (deviation == 0), 1.0, deviation).tolist()),
        )
    span = float(items.max() - items.min())
    return _ItemPreparation(flat=span / _LEVELS if span > 0 else 1.0)


def _preparation_to_data(preparation: _AnyPreparation) -> dict[str, object]:
    """Return JSON values from which `_preparation_from_data` makes it again."""
    (kind,) = (name for name, made in _KINDS.items() if type(preparation) is made)
    return {"kind": kind, **asdict(preparation)}


def _preparation_from_data(entries: Mapping[str, Any]) -> _AnyPreparation:
    """Return the preparation that was written.

    Raises:
        KeyError, TypeError: it was not written by `_preparation_to_data`.
    """
    settings = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entries.items()
    }
    return _KINDS[str(settings.pop("kind"))](**settings)


Floats = NDArray[np.float64]

TEMPLATES = ("mean", "all")


@dataclass(frozen=True, eq=False, kw_only=True)
class Templates:
    """The templates of each class.

    Args:
        kind: "mean", one template per class, the mean of its embeddings (J. Snell, K. Swersky,
            R. Zemel, «Prototypical Networks for Few-shot Learning», NeurIPS 2017, equation 1);
            or "all", every embedding, of which the nearest is used.
        energy: by which embeddings are compared.
        points: ``(m, d)``.
        codes: ``(m,)``, the class of each.
        counts: ``(m,)``, how many embeddings each is the mean of.
    """

    kind: str
    energy: str
    points: Floats
    codes: Codes
    counts: NDArray[np.int64]

    @classmethod
    def none(cls, *, kind: str, energy: str, size: int) -> "Templates":
        """Return empty templates, for embeddings of ``size`` numbers."""
        return cls(
            kind=kind,
            energy=energy,
            points=np.empty((0, size)),
            codes=np.empty(0, np.int64),
            counts=np.empty(0, np.int64),
        )

    def enrolled(self, embeddings: NDArray[np.floating], codes: Codes) -> "Templates":
        """Return the templates with these added.

        Args:
            embeddings: ``(n, d)``.
            codes: ``(n,)``, of classes known or new.
        """
        points = np.concatenate([self.points, embeddings.astype(np.float64)])
        every = np.concatenate([self.codes, codes])
        counts = np.concatenate([self.counts, np.ones(len(codes), np.int64)])
        if self.kind == "mean":
            classes, rows = np.unique(every, return_inverse=True)
            totals = np.bincount(rows, weights=counts).astype(np.int64)
            sums = np.zeros((len(classes), points.shape[1]))
            np.add.at(sums, rows, points * counts[:, None])
            points, every, counts = sums / totals[:, None], classes, totals
        return replace(self, points=points, codes=every, counts=counts)

    def renumbered(self, code_of: Codes) -> "Templates":
        """Return the same with class ``code_of[c]`` where class c was."""
        return replace(self, codes=code_of[self.codes])

    def class_energies(self, embeddings: NDArray[np.floating], *, classes: int) -> Energies:
        """Return ``(n, classes)``: the energy to each class's nearest template.

        Infinite for a class without templates.
        """
        energies = np.full((len(embeddings), classes), np.inf)
        for code in np.unique(self.codes):
            own = self.points[self.codes == code]
            energies[:, code] = energy_matrix(self.energy, embeddings, own).min(axis=1)
        return energies


_FORMAT = "likeness.estimator/1"
_DOCUMENT = "estimator.json"
_ENCODER = "encoder.keras"
_TEMPLATES_FILE = "templates.npz"

Arrays = Mapping[str, NDArray[Any]]

_ARRAYS = ("points", "codes", "counts")
"""Of templates, in their file."""

_FITTED = ("temperature_", "threshold_", "calibrated_")
"""Of a classifier, JSON values as they are."""


class SavedEstimator:
    """What an estimator of ours is on disk."""

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted estimator as a folder of data, completely or not at all.

        JSON, an ``.npz`` without pickles, and the encoder as Keras saves it: unlike unpickling,
        `load` executes nothing that it reads.

        Args:
            folder: its path; must not exist yet, or be empty.
            overwrite: whether an existing estimator may be replaced.

        Raises:
            NotFittedError: it is not fitted yet.
            OutputError: the folder holds something else, or it cannot be written.
            SettingError: a setting or a class is not a JSON value, such as a random state object.
        """
        require_extra("sklearn.utils.validation").check_is_fitted(self)
        folder, estimator = Path(folder), cast(Any, self)
        check_new_folder(folder, overwrite=overwrite, document=_DOCUMENT)
        names = getattr(self, "feature_names_in_", None)
        document = {
            "format": _FORMAT,
            "class": type(self).__name__,
            "settings": estimator.get_params(deep=False),
            "item_shape": list(estimator.item_shape_),
            "feature_names": None if names is None else [str(name) for name in names],
            "preparation": _preparation_to_data(estimator.preparation_),
            "classes": _classes_to_data(estimator),
            **{name.strip("_"): getattr(self, name, None) for name in _FITTED},
        }
        templates = getattr(self, "templates_", None)
        arrays = {} if templates is None else {name: getattr(templates, name) for name in _ARRAYS}
        try:
            document["fingerprint"] = _fingerprint(document, estimator.encoder_, arrays)
            text = document_text(document)
        except (TypeError, ValueError) as error:
            raise SettingError(
                "settings and classes: expected JSON values to save. Received: others "
                f"({error}). Use an int as random_state, and texts or numbers as classes."
            ) from error
        with whole_folder(folder) as fresh:
            estimator.encoder_.save(fresh / _ENCODER)
            if arrays:
                np.savez(fresh / _TEMPLATES_FILE, **arrays)
            (fresh / _DOCUMENT).write_text(text, encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read an estimator that `save` wrote.

        Raises:
            ModelError: there is no estimator of this class, or its parts do not belong together.
        """
        folder = Path(folder)
        document = _read_document(folder, cls.__name__)
        keras = require_extra("keras", extra="train")
        # Importing these registers the layers that Keras will meet in the file.
        require_extra("likeness.encoders")
        try:
            estimator: Any = cls(**document["settings"])
            estimator.item_shape_ = tuple(document["item_shape"])
            estimator.n_features_in_ = estimator.item_shape_[0]
            if document["feature_names"] is not None:
                estimator.feature_names_in_ = np.array(document["feature_names"], dtype=object)
            estimator.preparation_ = _preparation_from_data(document["preparation"])
            estimator.encoder_ = keras.models.load_model(folder / _ENCODER, compile=False)
            arrays: Arrays = {}
            if (classes := document["classes"]) is not None:
                with np.load(folder / _TEMPLATES_FILE, allow_pickle=False) as stored:
                    arrays = {name: stored[name] for name in _ARRAYS}
                estimator.classes_ = np.array(classes["names"], dtype=np.dtype(classes["dtype"]))
                estimator.templates_ = Templates(
                    kind=classes["kind"], energy=classes["energy"], **arrays
                )
                for name in _FITTED:
                    setattr(estimator, name, document[name.strip("_")])
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
        return cast(Self, estimator)


def _read_document(folder: Path, name: str) -> dict[str, Any]:
    path = folder / _DOCUMENT
    if not path.is_file():
        raise ModelError(
            f"{folder}: expected a folder with {_DOCUMENT}. Found none. Write one with `save`."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
    received = document.get("format") if isinstance(document, dict) else document
    if received != _FORMAT:
        raise ModelError(f"{path}: expected the format {_FORMAT!r}. Received: {received!r}.")
    if document.get("class") != name:
        raise ModelError(
            f"{path}: expected a {name}. Received: {document.get('class')!r}. Load it with its "
            "own class."
        )
    if missing := {"settings", "classes", "fingerprint", "feature_names"} - set(document):
        raise ModelError(f"{path}: these entries are missing: {', '.join(sorted(missing))}.")
    return dict(document)


def _classes_to_data(estimator: Any) -> dict[str, object] | None:
    if not hasattr(estimator, "classes_"):
        return None
    return {
        "names": estimator.classes_.tolist(),
        "dtype": estimator.classes_.dtype.str,
        "kind": estimator.templates_.kind,
        "energy": estimator.templates_.energy,
    }


def _fingerprint(document: Mapping[str, object], encoder: Any, arrays: Arrays) -> str:
    """SHA-256 of settings, encoder and templates."""
    head = {name: entry for name, entry in document.items() if name != "fingerprint"}
    # As read from JSON: lists for tuples, and so on.
    plain = json.loads(document_text(head))
    digest = hashlib.sha256(canonical([plain, lasting_config(encoder.get_config())]).encode())
    for values in [*encoder.get_weights(), *(arrays[name] for name in sorted(arrays))]:
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
