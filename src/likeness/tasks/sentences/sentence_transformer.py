"""A model of the Sentence-Transformers package, with the interface of our models.

N. Reimers & I. Gurevych, «Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks»,
EMNLP 2019. The package is used if it is installed, and only with a local model: nothing is
downloaded, and no code or pickle of the folder is executed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from likeness.arrays import Embeddings, describe
from likeness.errors import DataError, MissingExtraError, ModelError, require_extra
from likeness.model.protocol import EmbeddingModel

MARK = "modules.json"
"""A file that only folders of such models contain."""

_PICKLES = {".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}


class _Encoder(Protocol):
    """The used interface of a ``SentenceTransformer``."""

    def encode(self, sentences: list[str], **settings: Any) -> Any:
        """Return ``(n, d)`` embeddings."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SentenceTransformerModel(EmbeddingModel):
    """A Sentence-Transformers encoder.

    Args:
        encoder: a ``SentenceTransformer``, or any object with its ``encode``.
        fingerprint: of everything that determines an embedding.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: the training record.
        calibration: what the threshold promises.
        batch_size: sentences at once.
    """

    encoder: _Encoder
    fingerprint: str
    energy: str = "cosine"
    batch_size: int = 32

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a Sentence-Transformers model from a folder.

        Raises:
            ModelError: there is no model, it would run code or a pickle, or the package cannot
                open it.
            MissingExtraError: the package is not installed.
        """
        folder = Path(path)
        if not (folder / MARK).is_file():
            raise ModelError(
                f"{folder}: expected a folder with {MARK}, as Sentence-Transformers saves a model. "
                "Found none; nothing is downloaded: save the model into a folder first."
            )
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        for file in files:
            if file.suffix in _PICKLES or file.suffix == ".py":
                raise ModelError(
                    f"{file}: expected weights as safetensors and no code. Received: a file that "
                    "runs when it is loaded. Save the model with `safe_serialization=True`."
                )
        try:
            package = require_extra("sentence_transformers")
        except MissingExtraError as error:
            raise MissingExtraError(
                "this needs the module 'sentence_transformers', which cannot be imported "
                f"({error.__cause__}). Install it with `pip install sentence-transformers`."
            ) from error.__cause__
        try:
            encoder = package.SentenceTransformer(
                str(folder), device="cpu", local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # The package and torch raise many kinds.
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{folder} cannot be opened: {reason}.") from error
        return cls(encoder=encoder, fingerprint=_fingerprint(folder, files))

    @property
    def runtime(self) -> str:
        """The runtime of the encoder: "sentence-transformers"."""
        return "sentence-transformers"

    @property
    def embedding_size(self) -> int:
        """d, the numbers in an embedding."""
        return int(self.embed(["a"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings of unit length.

        Raises:
            DataError: they are not texts.
            ModelError: the encoder does not give such embeddings.
        """
        if isinstance(texts, str | bytes) or not all(isinstance(text, str) for text in texts):
            raise DataError(f"texts: expected a list of texts. Received: {describe(texts)}.")
        rows = self.encoder.encode(
            list(texts),
            batch_size=self.batch_size,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        embeddings = np.asarray(rows, np.float32)
        if embeddings.ndim != 2 or len(embeddings) != len(texts):
            if not len(texts):
                return self.embed(["a"])[:0]
            raise ModelError(
                f"expected one row of numbers per text. Received: the shape {embeddings.shape} for "
                f"{len(texts)} texts."
            )
        return embeddings


def _fingerprint(folder: Path, files: Sequence[Path]) -> str:
    """SHA-256 over names and bytes of the model's files, except for text files."""
    digest = hashlib.sha256(b"sentence-transformers")
    for file in files:
        if file.suffix == ".md":
            continue
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
