"""Fusion: how a probe's energies to several photos of one person become one.

- ``min``: the smallest, the nearest photo.
- ``mean``: of all of them.
- ``top2``, ``top3``, …: the mean of so many smallest ones (of all, where there are fewer).
- ``centroid``: the energy to the middle of the person's embeddings, as if that were one photo.

The centroid needs no embeddings. For x_1 … x_K with the mean c, and any p,

    ‖p − c‖² = mean_k ‖p − x_k‖² − ½ mean_jk ‖x_j − x_k‖²

(the parallel axis theorem), and for the mean ū of unit vectors u_k, by linearity,

    cos(p, ū) = mean_k cos(p, u_k) / √ mean_jk cos(u_j, u_k).

So the energies to a person's photos and among them are enough; the second kind is computed
once, on enrolment. The Manhattan distance has no such formula.
"""

import re

import numpy as np

from likeness.arrays import Energies, describe
from likeness.energies import GUARD, energy_by_name
from likeness.errors import DataError, SettingError

FUSIONS = ("min", "mean", "top2", "centroid")
"""The simplest first."""

FUSION_HELP = "min, mean, centroid, or top2 (the mean of the two smallest; top3 and so on)"

_TOP = re.compile(r"top([2-9]|[1-9][0-9])")
_CENTRED = ("cosine", "euclidean", "squared_euclidean")


def fuse(
    energies: Energies, fusion: str, *, energy: str | None = None, among: Energies | None = None
) -> Energies:
    """Return one energy for each probe and person.

    Args:
        energies: ``(..., K)``, of a probe to a person's K photos; leading axes such as probes,
            or probes and people.
        fusion: one of `FUSIONS`, or another ``topN``.
        energy: the name of the energy; only the centroid needs it.
        among: ``(K, K)``, or ``(people, K, K)`` beside ``(probes, people, K)``: energies among
            the person's photos; only the centroid needs them.

    Returns:
        ``(...)``.

    Raises:
        SettingError: there is no such fusion, or none with this energy.
        DataError: there is no photo, or ``among`` does not fit.

    >>> import numpy as np
    >>> to_photos = np.array([[3.0, 1.0, 5.0]])
    >>> [float(fuse(to_photos, fusion)[0]) for fusion in ("min", "mean", "top2")]
    [1.0, 3.0, 2.0]
    """
    check_fusion(fusion, energy=energy)
    energies = np.asarray(energies, np.float64)
    if energies.ndim == 0 or energies.shape[-1] == 0:
        raise DataError(
            "energies: expected shape (..., K), K photos of a person, at least one. "
            f"Received: {describe(energies)}."
        )
    if fusion == "min":
        return np.asarray(energies.min(axis=-1))
    if fusion == "mean":
        return np.asarray(energies.mean(axis=-1))
    if fusion == "centroid":
        if energy is None:
            raise SettingError(
                "energy: the centroid asks for the name of the energy, such as 'euclidean'. "
                "Received: None."
            )
        return _to_centroid(energies, energy, _checked_among(among, energies.shape[-1]))
    nearest = min(int(fusion.removeprefix("top")), energies.shape[-1])
    smallest = np.partition(energies, nearest - 1, axis=-1)[..., :nearest]
    return np.asarray(smallest.mean(axis=-1))


def check_fusion(fusion: str, *, energy: str | None = None) -> None:
    """Raise unless there is a fusion of that name, for that energy if one is named.

    Raises:
        SettingError: there is none, or not for that energy.
    """
    if fusion not in FUSIONS and not _TOP.fullmatch(fusion):
        raise SettingError(f"fusion: expected {FUSION_HELP}. Received: {fusion!r}.")
    if energy is not None:
        energy_by_name(energy)
        if not is_possible(fusion, energy=energy):
            raise SettingError(
                f"fusion: the centroid of photos is known for {', '.join(_CENTRED)} energies. "
                f"Received: {energy!r}. Use min, mean or top2."
            )


def is_possible(fusion: str, *, energy: str) -> bool:
    """Return whether a fusion can be computed from energies of this name."""
    return fusion != "centroid" or energy in _CENTRED


def _checked_among(among: Energies | None, photos: int) -> Energies:
    if among is None or np.shape(among)[-2:] != (photos, photos):
        raise DataError(
            f"among: for the centroid, expected energies of shape ({photos}, {photos}) among the "
            f"person's photos. Received: {describe(among)}."
        )
    return np.asarray(among, np.float64)


def _to_centroid(energies: Energies, energy: str, among: Energies) -> Energies:
    if energy == "cosine":
        similarity = (1.0 - energies).mean(axis=-1)
        # Guarded as in `energies.cosine`: opposite photos have a middle without a direction.
        length = np.sqrt(np.maximum((1.0 - among).mean(axis=(-2, -1)), GUARD))
        return np.asarray(np.clip(1.0 - similarity / length, 0.0, 2.0))
    if energy == "squared_euclidean":
        squared = energies.mean(axis=-1) - among.mean(axis=(-2, -1)) / 2
        return np.asarray(np.maximum(squared, 0.0))  # rounding can take it below
    # The root's guard lifts the distance of a photo to itself: it is 0 again here.
    between = np.where(among**2 > GUARD * (1 + 1e-9), among**2, 0.0)
    squared = (energies**2).mean(axis=-1) - between.mean(axis=(-2, -1)) / 2
    return np.asarray(np.sqrt(np.maximum(squared, GUARD)))
