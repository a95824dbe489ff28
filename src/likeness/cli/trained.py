"""What every training command leaves: its record as a document."""

from pathlib import Path
from typing import Any

from likeness.model.folder import read_document


def training_document(model: Any, folder: Path) -> dict[str, Any]:
    """Return the record of a training as JSON values.

    Args:
        model: that was trained.
        folder: it was saved to.
    """
    return {
        "format": "likeness.training/1",
        "model": str(folder),
        "fingerprint": model.fingerprint,
        "threshold": model.threshold,
        **{key: value for key, value in model.record.items() if key != "threshold"},
        "threshold_evidence": model.record["threshold"],
        "no_onnx": read_document(folder).get("no_onnx"),
    }
