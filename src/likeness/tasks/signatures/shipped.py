"""The model for signatures that comes with the package."""

from pathlib import Path

from likeness.model.shipped import ShippedModel

SIGNATURES = ShippedModel(
    folder=Path(__file__).parent / "shipped_models" / "signatures",
    question="are two signatures of one name by the same writer?",
)
