"""What every training command leaves: its record as a document, and in words."""

from pathlib import Path
from typing import Any

from likeness.cli.terminal import say
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


def say_trained(
    *lines: str, interrupted: bool, fingerprint: str, folder: Path, no_onnx: str | None
) -> None:
    """Say what was learned, in the given lines, and where the model is.

    Args:
        lines: what was learned.
        interrupted: Ctrl-C ended the training early.
        fingerprint: the model's.
        folder: it was saved to.
        no_onnx: why it has no ONNX part, or None if it has one.
    """
    if interrupted:
        say("Stopped early: these are the best weights so far.", style="yellow")
    say(*lines, f"Model {fingerprint[:12]} written to {folder}", f"Its card: {folder / 'card.md'}")
    if no_onnx:
        say(f"It has no ONNX part: {no_onnx}", style="yellow")
