"""A model's folder: its files, and the check that its parts belong together; read without Keras.

::

    model.json          format, preparation, energy, threshold, calibration, fingerprint, parts
    encoder.keras       the encoder, as Keras saves it
    encoder.onnx        the same for ONNX Runtime, where the exporter was installed
    encoder.int8.onnx   the same in 8-bit integers, with a fingerprint and threshold of its own
    recipe.json         the recipe alone, ready for another training
    card.json           the model card, for programs; made of model.json alone
    card.md             the model card, for people

Nothing in it is code; a folder whose parts do not belong together is refused.

``model.json`` lists the ONNX files under ``parts``, by name::

    "onnx": {"file": "encoder.onnx", "bytes": …, "sha256": …, "seal": …}
    "int8": the same, and its own fingerprint, threshold, calibration and measured loss

An ONNX file says nothing of the preparation and the energy that it was made for, and a
fingerprint over Keras' weights cannot be checked without Keras. So each part is sealed:
SHA-256 over the model's fingerprint, preparation, energy and the digest of the file. A file
that was swapped, or a ``model.json`` that was edited, no longer fits its seal.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likeness.arrays import describe
from likeness.errors import ModelError
from likeness.files import whole_file, write_file, write_files
from likeness.model.card import card_files
from likeness.model.recipe_names import recorded_recipe
from likeness.tasks import registry

FORMAT = "likeness.model/1"
"""Of a trained model. Later additions (``parts``, ``no_onnx``) are optional, and readers may ignore
them."""

IMPORTED_FORMAT = "likeness.model/2"
"""Of an imported encoder: no encoder.keras, another preparation. A reader of the first format only
must not report it as damaged."""

OTHER_ITEMS_FORMAT = "likeness.model/3"
"""Of a trained model whose preparation names its kind: it reads items other than photos, which a
reader of the first format only could not prepare."""

FORMATS = (FORMAT, IMPORTED_FORMAT, OTHER_ITEMS_FORMAT)
"""Of the models that give embeddings."""

WITH_A_CARD = (*FORMATS, *registry.names("format"))
"""Of all models: each has a card, and can be shown."""


def read_document(folder: str | Path, *, formats: tuple[str, ...] = FORMATS) -> dict[str, Any]:
    """Return the content of ``model.json``: a model without its encoder, read without Keras.

    Args:
        folder: of the model.
        formats: the accepted formats, the usual one first.

    Raises:
        ModelError: there is no model, it has another format, or entries are missing or damaged.
    """
    folder = Path(folder)
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(
            f"{folder}: expected a folder with model.json and an encoder. Found no "
            "model.json. Make a model with `likeness train`."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
    if not isinstance(document, dict) or document.get("format") not in formats:
        named = document.get("format") if isinstance(document, dict) else describe(document)
        raise ModelError(
            f"{path}: expected the format {formats[0]!r}. Received: {named!r}. Use a model "
            "of this kind, or the version of likeness that wrote it."
        )
    _check_entries(path, document)
    if "recipe" in document.get("record", {}):
        recipe = recorded_recipe(document["record"]["recipe"])
        document["record"] = {**document["record"], "recipe": recipe}
    return document


def _check_entries(path: Path, document: dict[str, Any]) -> None:
    missing = {"fingerprint", "preparation", "energy", "threshold"} - set(document)
    if missing:
        raise ModelError(f"{path}: these entries are missing: {', '.join(sorted(missing))}.")
    threshold = document["threshold"]
    is_number = isinstance(threshold, int | float) and math.isfinite(threshold)
    for entry, fits, expected in (
        ("fingerprint", isinstance(document["fingerprint"], str), "text"),
        ("preparation", isinstance(document["preparation"], dict), "an object"),
        ("record", isinstance(document.get("record", {}), dict), "an object"),
        ("calibration", isinstance(document.get("calibration", {}), dict), "an object"),
        ("about", isinstance(document.get("about", {}), dict), "an object"),
        ("parts", _is_table(document.get("parts", {})), "an object of objects"),
        ("threshold", threshold is None or is_number, "a number or null"),
    ):
        if not fits:
            raise ModelError(
                f"{path.parent} holds a damaged model: {entry}: expected {expected}, received "
                f"{document[entry]!r}. Restore it or train it again."
            )


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values())


def store_calibration(
    folder: str | Path,
    *,
    threshold: float,
    calibration: Mapping[str, Any],
    variant: str = "float32",
) -> None:
    """Set a saved model's threshold, and update its card; all files are written, or none.

    The fingerprint stays: it covers embeddings and energies, which a threshold does not change.

    Args:
        folder: of the model.
        threshold, calibration: as in `SiameseModel`.
        variant: "float32", or "int8", whose energies differ: it has its own threshold.

    Raises:
        ModelError: there is no model, or it has no such variant.
        OutputError: it cannot be written.
    """
    folder = Path(folder)
    document = read_document(folder)
    owner = document if variant == "float32" else document.get("parts", {}).get(variant)
    if owner is None:
        raise ModelError(f"{folder} has no variant {variant!r}. Make it with `likeness export`.")
    owner |= {"threshold": threshold, "calibration": dict(calibration)}
    write_files(folder, model_texts(document))


def store_about(folder: str | Path, about: Mapping[str, Any]) -> None:
    """Set the name, licence or results on a saved model's card; all files are written, or none.

    Raises:
        ModelError: there is no model.
        OutputError: it cannot be written.
    """
    document = read_document(folder, formats=WITH_A_CARD) | {"about": dict(about)}
    write_files(folder, model_texts(document))


def model_texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the text files of a model: its card, and ``model.json`` last.

    The model last: a failure before it leaves the model unchanged, and a card that is too new is
    regenerated with the next change.
    """
    return {**card_files(document), "model.json": document_text(document)}


FILES = {"onnx": "encoder.onnx", "int8": "encoder.int8.onnx", "landmarks": "landmarks.npz"}
"""The possible parts, and the file of each."""

_SEALED = ("energy", "fingerprint", "preparation")


def canonical(value: Any) -> str:
    """Return canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def part_entry(name: str, data: bytes, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a part in ``model.json``.

    Args:
        name: one of `FILES`.
        data: the bytes of its file.
        document: the content of ``model.json``.
    """
    digest = hashlib.sha256(data).hexdigest()
    return {
        "file": FILES[name],
        "bytes": len(data),
        "sha256": digest,
        "seal": _seal(name, digest, document),
    }


def _seal(name: str, digest: str, document: Mapping[str, Any]) -> str:
    head = {entry: document[entry] for entry in _SEALED} | {"part": name, "sha256": digest}
    return hashlib.sha256(canonical(head).encode()).hexdigest()


def parts_of(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parts that ``model.json`` lists, in the order of `FILES`."""
    listed = document.get("parts", {})
    return {name: listed[name] for name in FILES if name in listed}


def read_part(folder: Path, name: str, document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a part's file.

    Args:
        folder: of the model.
        name: a part that ``document`` lists.
        document: the content of ``model.json``.

    Raises:
        ModelError: the file is missing, was replaced, or does not belong to this ``model.json``.
    """
    entry = parts_of(document)[name]
    path = folder / FILES[name]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} is listed in model.json, but cannot be read: {error.strerror}. Restore it, or "
            "write it again with `likeness export --overwrite`."
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry.get("sha256"):
        raise ModelError(
            f"{path}: expected the SHA-256 {str(entry.get('sha256'))[:12]} that model.json names. "
            f"Received: {digest[:12]}. It was swapped or damaged; restore it, or write it again "
            "with `likeness export --overwrite`."
        )
    if _seal(name, digest, document) != entry.get("seal"):
        raise ModelError(
            f"{folder}: the parts of the model do not belong together: {FILES[name]} was made for "
            "another fingerprint, preparation or energy than model.json names. Restore the folder."
        )
    return data


def write_document(folder: Path, document: Mapping[str, Any]) -> None:
    """Replace ``model.json``, completely or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    write_file(folder / "model.json", document_text(document))


def document_text(document: Mapping[str, Any]) -> str:
    """Return the text of ``model.json``.

    Raises:
        TypeError, ValueError: it holds values that JSON cannot represent.
    """
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


def add_part(
    folder: Path,
    name: str,
    data: bytes,
    document: Mapping[str, Any],
    *,
    entries: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a part's file and list it; the folder is consistent at any time.

    Args:
        folder: of the model.
        name: one of `FILES`.
        data: the bytes of its file.
        document: the content of ``model.json``.
        entries: further entries of the part.

    Returns:
        The new content of ``model.json``.

    Raises:
        OutputError: it cannot be written.
    """
    parts = parts_of(document)
    with whole_file(folder / FILES[name]) as draft:
        draft.write_bytes(data)
        if parts.pop(name, None) is not None:
            # Between the two writes the old entry must not be combined with the new file.
            write_document(folder, {**document, "parts": parts})
    parts[name] = {**part_entry(name, data, document), **(entries or {})}
    whole = {**document, "parts": parts}
    if name == "onnx":
        whole.pop("no_onnx", None)
    write_document(folder, whole)
    return whole
