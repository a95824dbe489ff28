"""A model's folder: its files, and the check that its parts belong together; read without Keras.

::

    model.json          format, preparation, energy, threshold, calibration, fingerprint, parts
    encoder.keras       the encoder, as Keras saves it
    encoder.onnx        the same for ONNX Runtime, where the exporter was installed
    encoder.int8.onnx   the same in 8-bit integers, with a fingerprint and threshold of its own
    recipe.json         the recipe alone, ready for another training
    card.json           the model card, for programs; made of model.json alone
    card.md             the model card, for people

It contains no code; a folder whose parts do not belong together is rejected.

``model.json`` lists the ONNX files under ``parts``, by name::

    "onnx": {"file": "encoder.onnx", "bytes": …, "sha256": …, "seal": …}
    "int8": the same, and its own fingerprint, threshold, calibration and measured loss

An ONNX file says nothing of the preparation and the energy that it was made for, and a
fingerprint over Keras' weights cannot be checked without Keras. So each part is sealed:
SHA-256 over the model's fingerprint, preparation, energy and the digest of the file. A file
that was swapped, or a ``model.json`` that was edited, no longer fits its seal.
"""

import datetime
import hashlib
import json
import math
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from likeness import __version__
from likeness.arrays import describe
from likeness.errors import ModelError
from likeness.files import whole_file, whole_folder, write_file, write_files
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

FILES = {"onnx": "encoder.onnx", "int8": "encoder.int8.onnx", "landmarks": "landmarks.npz"}
"""The possible parts, and the file of each."""

PACKED = ".z"
"""Ends the name of a part whose bytes are packed: those at even places, then those at odd ones, by
zlib. So the two bytes of a float16 do not disturb each other."""

MOST_UNPACKED = 2**30
"""Bytes of a packed part: beyond it ``unpacked`` is damaged."""

MOST_NUMBERS = 2**20
"""In an embedding: beyond it ``embedding_size`` is damaged."""


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """What ``model.json`` says: all of a model but its encoder, read without Keras.

    Args:
        folder: of the model.
        format: one of `WITH_A_CARD`.
        fingerprint: of what decides an embedding and an energy.
        preparation: from items to what the encoder reads, as JSON values.
        energy: its name.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        embedding_size: d; None of a model that gives none.
        parameters: how many weights it has, if that was counted.
        name, licence: of an imported encoder.
        record: how the model came to be.
        calibration: what the threshold promises; empty if training chose it.
        about: what the card says beyond that.
        parts: the files beside it, by name, in the order of `FILES`: what is said of each.
        no_onnx: why there is no ONNX part.
        others: further entries, of a format that a task brings.
    """

    folder: Path
    format: str
    fingerprint: str
    preparation: Mapping[str, Any]
    energy: str
    threshold: float | None = None
    embedding_size: int | None = None
    parameters: int | None = None
    name: str | None = None
    licence: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    no_onnx: str | None = None
    others: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path, *, formats: tuple[str, ...] = FORMATS) -> Self:
        """Read a model's ``model.json``.

        Args:
            folder: of the model.
            formats: the accepted formats, the usual one first.

        Raises:
            ModelError: there is no model, it has another format, or entries are missing or
                damaged.
        """
        folder = Path(folder)
        path = folder / "model.json"
        if not path.is_file():
            raise ModelError(
                f"{folder}: expected a folder with model.json and an encoder. Found no "
                "model.json. Make a model with `likeness train`, or get one with `likeness model "
                "get`."
            )
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
        if not isinstance(document, dict) or document.get("format") not in formats:
            named = document.get("format") if isinstance(document, dict) else describe(document)
            raise ModelError(
                f"{path}: expected the format {formats[0]!r}. Received: {named!r}. Use a model "
                "of this kind, or the version of likeness that wrote it."
            )
        _check_entries(folder, document)
        if "recipe" in document.get("record", {}):
            recipe = recorded_recipe(document["record"]["recipe"])
            document["record"] = {**document["record"], "recipe": recipe}
        listed = document.get("parts", {})
        document["parts"] = {name: listed[name] for name in FILES if name in listed}
        own = {entry.name for entry in fields(cls)}
        others = {name: document.pop(name) for name in set(document) - own}
        return cls(**{**document, "folder": folder, "others": others})

    @classmethod
    def imported(
        cls, folder: Path, data: bytes, *, imported: Mapping[str, Any], **entries: Any
    ) -> Self:
        """Return the description of an imported encoder.

        Args:
            folder: where it will be.
            data: the bytes of its ONNX file.
            imported: where it is from; date and version are added.
            **entries: the other fields.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        record = {"imported": {**imported, "date": now, "likeness": __version__}}
        saved = cls(folder=folder, format=IMPORTED_FORMAT, fingerprint="", record=record, **entries)
        return replace(saved, fingerprint=saved.imported_fingerprint(data))

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``model.json``."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        del own["folder"], own["others"]
        left_out = {"embedding_size", "parameters", "name", "licence", "no_onnx"}
        known = {n: value for n, value in own.items() if value is not None or n not in left_out}
        return {**known, **self.others}

    def json_text(self) -> str:
        """Return the text of ``model.json``.

        Raises:
            TypeError, ValueError: it holds values that JSON cannot represent.
        """
        return document_text(self.to_json())

    def texts(self) -> dict[str, str]:
        """Return the text files of a model: its card, and ``model.json`` last.

        The model last: a failure before it leaves the model unchanged, and a card that is too new
        is regenerated with the next change.
        """
        return {**card_files(self.to_json()), "model.json": self.json_text()}

    def with_part(self, name: str, data: bytes, **entries: object) -> Self:
        """Return the same with a part added or replaced; nothing is written.

        Args:
            name: one of `FILES`.
            data: the bytes of its file.
            **entries: further entries of the part; ``unpacked``, its number of bytes, if its file
                is packed.
        """
        digest = hashlib.sha256(data).hexdigest()
        entry = {
            "file": FILES[name] + (PACKED if "unpacked" in entries else ""),
            "bytes": len(data),
            "sha256": digest,
            "seal": self._seal(name, digest),
            **entries,
        }
        parts = {**self.parts, name: entry}
        return replace(
            self,
            parts={name: parts[name] for name in FILES if name in parts},
            no_onnx=None if name == "onnx" else self.no_onnx,
        )

    def _seal(self, name: str, digest: str) -> str:
        head = {
            "energy": self.energy,
            "fingerprint": self.fingerprint,
            "preparation": self.preparation,
            "part": name,
            "sha256": digest,
        }
        return hashlib.sha256(canonical(head).encode()).hexdigest()

    def write_new(
        self,
        parts: Mapping[str, bytes],
        *,
        packed: Collection[str] = (),
        encoder: Any = None,
        texts: Mapping[str, str] | None = None,
    ) -> Self:
        """Write a folder of its own, whole or not at all; one that is there is replaced.

        Args:
            parts: the bytes of each.
            packed: those that are stored packed.
            encoder: the `keras.Model`, of a trained model.
            texts: further files, by name.

        Returns:
            The new content of ``model.json``.

        Raises:
            ModelError: it holds values that JSON cannot represent.
            OutputError: it cannot be written.
        """
        whole, content = self, dict[str, bytes]()
        for name, data in parts.items():
            stored = _packed(data) if name in packed else data
            entries = {"unpacked": len(data)} if name in packed else {}
            whole = whole.with_part(name, stored, **entries)
            content[whole.parts[name]["file"]] = stored
        try:
            written = {**(texts or {}), **whole.texts()}
        except (TypeError, ValueError) as error:
            raise ModelError(f"record: expected JSON values only. {error}.") from error
        with whole_folder(self.folder) as fresh:
            if encoder is not None:
                encoder.save(fresh / "encoder.keras")
            write_files(fresh, {**content, **written})
        return whole

    def add_part(self, name: str, data: bytes, **entries: object) -> Self:
        """Write a part's file and list it; the folder is consistent at any time.

        Args:
            name, data, **entries: as in `with_part`.

        Returns:
            The new content of ``model.json``.

        Raises:
            OutputError: it cannot be written.
        """
        with whole_file(self.folder / FILES[name]) as draft:
            draft.write_bytes(data)
            if name in self.parts:
                # Between the two writes the old entry must not be combined with the new file.
                kept = {other: entry for other, entry in self.parts.items() if other != name}
                replace(self, parts=kept)._write()
        whole = self.with_part(name, data, **entries)
        whole._write()
        return whole

    def _write(self) -> None:
        write_file(self.folder / "model.json", self.json_text())

    def store_calibration(
        self, *, threshold: float, calibration: Mapping[str, Any], variant: str = "float32"
    ) -> None:
        """Set the threshold, and update the card; all files are written, or none.

        The fingerprint stays: it covers embeddings and energies, which a threshold does not change.

        Args:
            threshold, calibration: as in `SiameseModel`.
            variant: "float32", or "int8", whose energies differ: it has its own threshold.

        Raises:
            ModelError: there is no such variant.
            OutputError: it cannot be written.
        """
        if variant == "float32":
            changed = replace(self, threshold=threshold, calibration=dict(calibration))
        elif variant in self.parts:
            own = {"threshold": threshold, "calibration": dict(calibration)}
            part = {**self.parts[variant], **own}
            changed = replace(self, parts={**self.parts, variant: part})
        else:
            raise ModelError(
                f"{self.folder} has no variant {variant!r}. Make it with `likeness export`."
            )
        write_files(self.folder, changed.texts())

    def store_about(self, about: Mapping[str, Any]) -> None:
        """Set the name, licence or results on the card; all files are written, or none.

        Raises:
            OutputError: it cannot be written.
        """
        write_files(self.folder, replace(self, about=dict(about)).texts())

    def read_part(self, name: str) -> bytes:
        """Return the bytes of a part's file.

        Args:
            name: a part that is listed.

        Raises:
            ModelError: the file is missing, was replaced, or does not belong to this
                ``model.json``.
        """
        entry = self.parts[name]
        path = self.folder / (FILES[name] + (PACKED if "unpacked" in entry else ""))
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path} is listed in model.json, but cannot be read: {error.strerror}. Restore "
                "it, or write it again with `likeness export --overwrite`."
            ) from error
        digest = hashlib.sha256(data).hexdigest()
        if digest != entry.get("sha256"):
            raise ModelError(
                f"{path}: expected the SHA-256 {str(entry.get('sha256'))[:12]} that model.json "
                f"names. Received: {digest[:12]}. It was swapped or damaged; restore it, or write "
                "it again with `likeness export --overwrite`."
            )
        if self._seal(name, digest) != entry.get("seal"):
            raise ModelError(
                f"{self.folder}: the parts of the model do not belong together: {FILES[name]} was "
                "made for another fingerprint, preparation or energy than model.json names. "
                "Restore the folder."
            )
        return _unpacked(data, entry["unpacked"], path) if "unpacked" in entry else data

    def landmarks(self) -> bytes | None:
        """Return the predictor of landmarks, if faces are aligned by them.

        Raises:
            ModelError: as `read_part`.
        """
        if self.preparation.get("points") is None:
            return None
        if "landmarks" not in self.parts:
            raise ModelError(
                f"{self.folder} wants faces by their points, and has no {FILES['landmarks']} to "
                "find them. Get the model again."
            )
        return self.read_part("landmarks")

    def imported_fingerprint(self, data: bytes) -> str:
        """SHA-256 of everything that determines an embedding and an energy of an imported encoder.

        Args:
            data: the bytes of the ONNX file.
        """
        head = {
            "format": IMPORTED_FORMAT,
            "preparation": self.preparation,
            "energy": self.energy,
        }
        return hashlib.sha256(canonical(head).encode() + data).hexdigest()

    def int8_fingerprint(self, data: bytes) -> str:
        """SHA-256 of the fingerprint with the int8 file: its embeddings differ.

        Args:
            data: the bytes of the int8 file.
        """
        head = {"int8_of": self.fingerprint}
        return hashlib.sha256(canonical(head).encode() + data).hexdigest()


def _packed(data: bytes) -> bytes:
    return zlib.compress(data[::2] + data[1::2], 9)


def _unpacked(packed: bytes, size: object, path: Path) -> bytes:
    try:
        if type(size) is not int or not 0 <= size <= MOST_UNPACKED:
            raise ValueError(f"it is said to hold {size!r} bytes")
        data = zlib.decompressobj().decompress(packed, size + 1)
        if len(data) != size:
            raise ValueError(f"expected {size:,} bytes, received {len(data):,} or more")
    except (ValueError, zlib.error) as error:
        raise ModelError(f"{path} is damaged: {error}. Restore it, or get it again.") from error
    whole = bytearray(size)
    whole[::2], whole[1::2] = data[: -(-size // 2)], data[-(-size // 2) :]
    return bytes(whole)


def _check_entries(folder: Path, document: dict[str, Any]) -> None:
    missing = {"fingerprint", "preparation", "energy", "threshold"} - set(document)
    if missing:
        raise ModelError(
            f"{folder / 'model.json'}: these entries are missing: {', '.join(sorted(missing))}."
        )
    threshold, size = document["threshold"], document.get("embedding_size", 1)
    is_number = isinstance(threshold, int | float) and math.isfinite(threshold)
    for entry, fits, expected in (
        ("fingerprint", isinstance(document["fingerprint"], str), "text"),
        ("energy", isinstance(document["energy"], str), "text"),
        ("preparation", isinstance(document["preparation"], dict), "an object"),
        ("record", isinstance(document.get("record", {}), dict), "an object"),
        ("calibration", isinstance(document.get("calibration", {}), dict), "an object"),
        ("about", isinstance(document.get("about", {}), dict), "an object"),
        ("parts", _is_table(document.get("parts", {})), "an object of objects"),
        ("threshold", threshold is None or is_number, "a number or null"),
        (
            "embedding_size",
            type(size) is int and 0 < size <= MOST_NUMBERS,
            f"a whole number of 1 to {MOST_NUMBERS:,}",
        ),
    ):
        if not fits:
            raise ModelError(
                f"{folder} holds a damaged model: {entry}: expected {expected}, received "
                f"{document[entry]!r}. Restore it or train it again."
            )


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values())


def canonical(value: Any) -> str:
    """Return canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def document_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON text for people and programs.

    Raises:
        TypeError, ValueError: it holds values that JSON cannot represent.
    """
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
