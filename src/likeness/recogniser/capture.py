"""Capture settings: how photos are prepared for the encoder, the same for a whole gallery.

Embeddings of whole photos and of cropped faces are not comparable, and an embedding does not show
which it is. So the provenance of each template records the capture settings, and those of the
newest template hold for the gallery: no other photos are enrolled or compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from likeness.errors import GalleryMismatchError


@dataclass(frozen=True, kw_only=True)
class Capture:
    """How a photo is prepared for the encoder.

    Args:
        cut: the face alone, cut out.
        aligned: "eyes" if the face was turned by the eyes, "points" if it was cut out by five
            points; None if neither.
        finder: what found the face; None if the whole photo was given, or it is not known.
    """

    cut: bool
    aligned: str | None = None
    finder: str | None = None

    @classmethod
    def from_provenance(cls, provenance: Mapping[str, Any]) -> "Capture | None":
        """Return the settings in a template's provenance; None if it records none.

        >>> Capture.from_provenance({"how": "enrolled", "cut": True, "finder": "haar"})
        Capture(cut=True, aligned=None, finder='haar')
        """
        if "cut" not in provenance:
            return None
        return cls(
            cut=bool(provenance["cut"]),
            aligned=provenance.get("aligned") or ("eyes" if provenance.get("eyes") else None),
            finder=provenance.get("finder"),
        )

    def __str__(self) -> str:
        by = f" found by {self.finder}" if self.finder else ""
        if self.aligned is not None:
            return f"faces{by}, {_ALIGNED[self.aligned]}"
        return f"faces{by}, cut out" if self.cut else "whole photos"

    def check(self, given: "Capture", *, where: str) -> None:
        """Raise if a photo has other capture settings.

        Args:
            given: of the new photo.
            where: the name of the gallery that has these settings, for the message.

        Raises:
            GalleryMismatchError: the two differ.
        """
        finders = {self.finder, given.finder} - {None}
        if (self.cut, self.aligned) == (given.cut, given.aligned) and len(finders) < 2:
            return
        raise GalleryMismatchError(
            f"{where} holds embeddings of {self}; this photo is read as {given}, and the two are "
            f"not comparable. {self._options()}, or prepare all photos again with "
            "`likeness re-enrol`."
        )

    def _options(self) -> str:
        """Return the options that give these settings."""
        finder = "haar" if self.finder in (None, "haar") else "FILE"
        if self.aligned:
            return f"Use the same detector, `--faces {finder}`"
        if self.cut:
            return f"Add `--faces {finder} --cut-faces`"
        return "Omit --cut-faces and --all-faces"


_ALIGNED = {"eyes": "turned by the eyes", "points": "cut out by five points"}
