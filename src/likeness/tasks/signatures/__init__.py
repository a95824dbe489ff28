"""Signature verification: data, preparation, recipe, and the included model."""

from likeness.tasks.signatures.dataset import drawn_signatures, signatures
from likeness.tasks.signatures.ink_frames import ink_box, ink_parts
from likeness.tasks.signatures.model import SIGNATURES

__all__ = ["SIGNATURES", "drawn_signatures", "ink_box", "ink_parts", "signatures"]
