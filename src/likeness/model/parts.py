"""The encoder's other forms in a model's folder: which there are, and that they belong to it.

``model.json`` lists them under ``parts``, by name::

    "onnx": {"file": "encoder.onnx", "bytes": …, "sha256": …, "seal": …}
    "int8": the same, and its own fingerprint, threshold, calibration and measured loss

An ONNX file says nothing of the preparation and the energy that it was made for, and a
fingerprint over Keras' weights cannot be checked without Keras. So each part is sealed:
SHA-256 over the model's fingerprint, preparation, energy and the digest of the file. A file
that was swapped, or a ``model.json`` that was edited, no longer fits its seal.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likeness.errors import ModelError
from likeness.files import whole_file, write_file

FILES = {"onnx": "encoder.onnx", "int8": "encoder.int8.onnx"}
"""The parts that there can be, and the file of each."""

_SEALED = ("energy", "fingerprint", "preparation")


def canonical(value: Any) -> str:
    """Return JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def part_entry(name: str, data: bytes, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``model.json`` says of a part.

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
        ModelError: the file is missing, is another one, or does not belong to this
            ``model.json``.
    """
    entry = parts_of(document)[name]
    path = folder / FILES[name]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read, but model.json lists it: {error.strerror}. Restore it, or "
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
    """Replace ``model.json``, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    write_file(folder / "model.json", document_text(document))


def document_text(document: Mapping[str, Any]) -> str:
    """Return the text of ``model.json``.

    Raises:
        TypeError, ValueError: it holds something that JSON has no word for.
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
    """Write a part's file and list it; at no moment does the folder contradict itself.

    Args:
        folder: of the model.
        name: one of `FILES`.
        data: the bytes of its file.
        document: the content of ``model.json``.
        entries: what else to say of the part.

    Returns:
        The new content of ``model.json``.

    Raises:
        OutputError: it cannot be written.
    """
    parts = parts_of(document)
    with whole_file(folder / FILES[name]) as draft:
        draft.write_bytes(data)
        if parts.pop(name, None) is not None:
            # Between the two files the old part must not be listed with the new one's bytes.
            write_document(folder, {**document, "parts": parts})
    parts[name] = {**part_entry(name, data, document), **(entries or {})}
    whole = {**document, "parts": parts}
    if name == "onnx":
        whole.pop("no_onnx", None)
    write_document(folder, whole)
    return whole
