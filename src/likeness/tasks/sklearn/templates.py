"""Templates of classes, and the energy of a class: what a new class is enrolled into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies
from likeness.energies import energy_matrix

Floats = NDArray[np.float64]

TEMPLATES = ("mean", "all")


@dataclass(frozen=True, eq=False, kw_only=True)
class Templates:
    """What is remembered of each class.

    Args:
        kind: "mean", one template per class, the mean of its embeddings (J. Snell, K. Swersky,
            R. Zemel, «Prototypical Networks for Few-shot Learning», NeurIPS 2017, equation 1);
            or "all", every embedding, of which the nearest counts.
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
        """Return templates of nobody, for embeddings of ``size`` numbers."""
        return cls(
            kind=kind,
            energy=energy,
            points=np.empty((0, size)),
            codes=np.empty(0, np.int64),
            counts=np.empty(0, np.int64),
        )

    def enrolled(self, embeddings: NDArray[np.floating], codes: Codes) -> "Templates":
        """Return the templates with these added; nothing that is there is forgotten.

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
        return Templates(
            kind=self.kind, energy=self.energy, points=points, codes=every, counts=counts
        )

    def renumbered(self, code_of: Codes) -> "Templates":
        """Return the same with class ``code_of[c]`` where class c was."""
        return Templates(
            kind=self.kind,
            energy=self.energy,
            points=self.points,
            codes=code_of[self.codes],
            counts=self.counts,
        )

    def class_energies(self, embeddings: NDArray[np.floating], *, classes: int) -> Energies:
        """Return ``(n, classes)``: the energy to each class's nearest template.

        Infinite for a class that has none.
        """
        energies = np.full((len(embeddings), classes), np.inf)
        for code in np.unique(self.codes):
            own = self.points[self.codes == code]
            energies[:, code] = energy_matrix(self.energy, embeddings, own).min(axis=1)
        return energies
