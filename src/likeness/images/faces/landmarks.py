"""Five facial landmarks by a cascade of regression trees, and the crop aligned by them.

Kazemi and Sullivan, «One millisecond face alignment with an ensemble of regression trees», CVPR
2014; trained and published by Davis King (dlib). Sums and similarities are computed in float32 as
in dlib: in float64, one photo in ten gets a landmark that differs by a pixel.
"""

import io
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Photo = NDArray[np.uint8]

CHIP = 150
"""Rows and columns of the aligned crop («chip»)."""

CHIP_POINTS = np.array(
    [(110.957, 46.350), (89.606, 47.897), (37.058, 46.373), (58.409, 47.906), (74.011, 87.780)]
)
"""Positions of the five landmarks in the chip: (column, row) of the eyes' corners and of the
nose."""

_SHRINK = 2.0
"""A photo that is reduced by more is first averaged, so that no pixel is skipped."""


LEAF_STEP = 2.0**-24
"""What leaves are rounded to: the spacing of float32 just below 1, where points lie. The points of
5 % of AT&T's photos move by a pixel; so do they by any change of the order of the sums."""

_PLANES = {"pixels": np.uint16, "offsets": np.float32}
"""Arrays whose bytes are stored one plane after the other, without loss."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkPredictor:
    """Predictor of the corners of the eyes and the nose, in a box around a face.

    Args:
        start: ``(5, 2)``, (x, y) of the points before the first cascade, in the box 0…1.
        pixels: ``(cascades, trees, 15, 2)``, uint16: the two pixels that a split compares.
        thresholds: ``(cascades, trees, 15)``: go left if their difference is larger.
        leaves: ``(cascades, trees, 16, 10)``: what is added to the points.
        anchors: ``(cascades, pixels)``, uint8: the point that a pixel is given from.
        offsets: ``(cascades, pixels, 2)``: from there, in the pose of ``start``.
    """

    start: Floats
    pixels: NDArray[np.uint16]
    thresholds: Floats
    leaves: Floats
    anchors: NDArray[np.uint8]
    offsets: Floats

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the predictor that `to_bytes` stored.

        Raises:
            ValueError, KeyError, zipfile.BadZipFile: the bytes are not such a file.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            stored = {entry.name: arrays[entry.name] for entry in fields(cls)}
        if stored["leaves"].dtype == np.float32:  # as the first such files have it
            return cls(**stored)
        for name, kind in _PLANES.items():
            stored[name] = np.moveaxis(stored[name], 0, -1).copy().view(kind)[..., 0]
        low, middle, high = stored["leaves"].astype(np.int32)
        folded = low | middle << 8 | high << 16
        leaves = np.where(folded & 1, -(folded >> 1) - 1, folded >> 1)
        stored["leaves"] = (leaves * LEAF_STEP).astype(np.float32)
        stored["thresholds"] = stored["thresholds"].astype(np.float32)
        return cls(**stored)

    def to_bytes(self) -> bytes:
        """Return it as the bytes of an ``.npz`` file, half as large as its arrays.

        A split compares a threshold with a difference of whole grey levels: its whole part is
        enough. Leaves are rounded to `LEAF_STEP`; the sign is folded into the lowest bit, so that
        small numbers have empty high bytes. Nothing else is lost.
        """
        arrays = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        leaves = np.round(self.leaves / LEAF_STEP).astype(np.int32)
        folded = leaves << 1 ^ leaves >> 31
        arrays["leaves"] = np.stack(
            [(folded >> shift & 0xFF).astype(np.uint8) for shift in (0, 8, 16)]
        )
        arrays["thresholds"] = np.floor(self.thresholds).astype(np.int16)
        for name in _PLANES:
            values = np.ascontiguousarray(arrays[name])[..., None]
            arrays[name] = np.moveaxis(values.view(np.uint8), -1, 0).copy()
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)
        return stream.getvalue()

    def points(self, photo: Photo, box: tuple[int, int, int, int]) -> NDArray[np.int64]:
        """Return ``(5, 2)``, whole (column, row): left eye's corners …, the nose last.

        Args:
            photo: ``(rows, columns, 1 or 3)``, uint8.
            box: (top, left, bottom, right), the last two exclusive, as the predictor was
                trained: `Face.region`.
        """
        grey = (
            photo[..., 0].astype(np.int32) if photo.shape[2] == 1 else photo.sum(2, np.int32) // 3
        )
        top, left, bottom, right = box
        # The last two corners are inclusive here.
        corner = np.array([left, top], np.float64)
        size = np.array([right - left - 1, bottom - top - 1], np.float64)
        points = self.start
        for cascade in range(len(self.leaves)):
            turn = _turn(self.start, points)
            offsets = _turned(self.offsets[cascade], turn)
            where = corner + size * (offsets + points[self.anchors[cascade]])
            values = _values(grey, np.floor(where + 0.5).astype(np.int64))
            points = self._step(cascade, points, values)
        return np.floor(corner + size * points + 0.5).astype(np.int64)

    def chip(self, photo: Photo, box: tuple[int, int, int, int]) -> Photo:
        """Return the face upright, ``(150, 150, 1 or 3)``, uint8, its points at `CHIP_POINTS`.

        A least-squares similarity; bilinear, black outside of the photo. Interpolated here, so
        that an embedding does not depend on the version of a library's ``warpAffine``.

        Args:
            photo, box: as of `points`.
        """
        return _chip(photo, self.points(photo, box))

    def _step(self, cascade: int, points: Floats, values: Floats) -> Floats:
        pixels, thresholds = self.pixels[cascade], self.thresholds[cascade]
        trees = np.arange(len(pixels))
        node = np.zeros(len(pixels), np.int64)
        while node[0] < pixels.shape[1]:
            first, second = pixels[trees, node].T
            left = values[first] - values[second] > thresholds[trees, node]
            node = 2 * node + np.where(left, 1, 2)
        leaves = self.leaves[cascade][trees, node - pixels.shape[1]]
        # One after the other, in float32.
        steps = np.vstack([points.reshape(1, -1), leaves])
        total: Floats = np.cumsum(steps, axis=0, dtype=np.float32)[-1]
        return total.reshape(-1, 2)


def _turn(origin: Floats, points: Floats) -> tuple[np.float32, np.float32]:
    """Return (cosine, sine), scaled: the similarity from one set of points to another.

    Least squares (Umeyama 1991, equations 40 to 43); in two dimensions a product of complex
    numbers.
    """
    a = origin - origin.mean(0, dtype=np.float32)
    b = points - points.mean(0, dtype=np.float32)
    total = (a * a).sum(dtype=np.float32)
    cosine = (a * b).sum(dtype=np.float32) / total
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(dtype=np.float32) / total
    return cosine, sine


def _turned(offsets: Floats, turn: tuple[np.float32, np.float32]) -> Floats:
    cosine, sine = turn
    x, y = offsets.T
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=1)


def _values(grey: NDArray[np.int32], where: NDArray[np.int64]) -> Floats:
    """Return the grey levels at (column, row); 0 outside of the photo."""
    columns, rows = where.T
    inside = (columns >= 0) & (rows >= 0) & (columns < grey.shape[1]) & (rows < grey.shape[0])
    values = np.zeros(len(where), np.float32)
    values[inside] = grey[rows[inside], columns[inside]]
    return values


def _chip(photo: Photo, points: NDArray[np.int64]) -> Photo:
    """Return the chip of a photo in which the five points lie at these (column, row)."""
    target = CHIP_POINTS[:, 0] + 1j * CHIP_POINTS[:, 1]
    source = points[:, 0] + 1j * points[:, 1]
    spread = target - target.mean()
    turn = complex((spread.conj() * (source - source.mean())).sum() / (abs(spread) ** 2).sum())
    shift = complex(source.mean() - turn * target.mean())
    middle = turn * (75 + 75j) + shift
    scale = abs(turn)
    stretch = (CHIP * scale - 1) / ((CHIP - 1) * scale)
    while scale * stretch > _SHRINK and min(photo.shape[:2]) > 1:
        photo = _halved(photo)
        middle, turn, scale = (middle - (0.5 + 0.5j)) / 2, turn / 2, scale / 2
    steps = np.arange(CHIP) - (CHIP - 1) / 2
    where = middle + turn * stretch * (steps[None, :] + 1j * steps[:, None])
    return _bilinear(photo, where.real, where.imag)


def _halved(photo: Photo) -> Photo:
    rows, columns = photo.shape[0] // 2 * 2, photo.shape[1] // 2 * 2
    blocks = photo[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, -1)
    mean: Photo = (blocks.sum(axis=(1, 3), dtype=np.uint16) // 4).astype(np.uint8)
    return mean


def _bilinear(photo: Photo, x: NDArray[np.float64], y: NDArray[np.float64]) -> Photo:
    """Return the photo at places between its pixels; truncated; black where one is outside."""
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    inside = (left >= 0) & (top >= 0) & (left + 1 < photo.shape[1]) & (top + 1 < photo.shape[0])
    left, top = np.where(inside, left, 0), np.where(inside, top, 0)
    right, bottom = (
        np.minimum(left + 1, photo.shape[1] - 1),
        np.minimum(top + 1, photo.shape[0] - 1),
    )
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = (1 - across) * photo[top, left] + across * photo[top, right]
    lower = (1 - across) * photo[bottom, left] + across * photo[bottom, right]
    values = (1 - down) * upper + down * lower
    return np.where(inside[..., None], values, 0).astype(np.uint8)
