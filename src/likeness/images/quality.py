"""Quality of a photo: size, sharpness and illumination.

The figures are of the photo, or of the cropped face. Warnings compare them with
named limits. On the AT&T faces none of 400 photos gets one.

`PhotoCheck.of`: everything that can be said about one photo before anybody is enrolled with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from likeness.arrays import Floats, Photo, check_images
from likeness.errors import DataError
from likeness.images.faces.face import SMALLEST_FACE, Face, FaceFinder

NORMAL_SIDE = 100
"""Sharpness is measured at the size of a 100 × 100 photo, about that of the AT&T faces: detail that
a larger photo loses at this size is lost for the encoder too. Smaller photos are not enlarged."""

SMALLEST_SIDE = 48
"""Pixels of the shorter side. The encoders here read 56 × 46: below this they read interpolated
pixels."""

LEAST_SHARPNESS = 0.02
"""Sharpness under which a photo is blurred. The AT&T faces have 0.032…0.72; 92 % of their copies
under a Gaussian blur of 1.5 pixels, and all under one of 2 pixels, fall below."""

BLUR_OUTLIER = 3.5
"""Robust deviations under its folder's median from which a photo is blurrier than the rest
(Iglewicz & Hoaglin, «How to detect and handle outliers», 1993)."""

FEWEST_FOR_OUTLIERS = 20
"""Fewest photos of a folder for estimating its spread."""

DARKEST, BRIGHTEST = 40.0, 225.0
"""Grey levels of the mean. The AT&T faces have 77…148; beyond these, 8 bits hold little detail."""

LEAST_CONTRAST = 12.0
"""Standard deviation in grey levels. The AT&T faces have 32…64; under this, the noise of a camera
and the steps of JPEG are a large part of it."""

MOST_CLIPPED = 0.25
"""Share of a face that is fully black or white: detail is lost there. (Not used for whole photos:
passport photos have a white background.)"""

MOST_SIDE_LIGHT = 1 / 3
"""Of (left − right) / (left + right): one half is twice as bright as the other. The AT&T faces
stay under 0.23."""

BLACK, WHITE = 5, 250
"""Grey levels from which a pixel counts as clipped: JPEG smears the exact 0 and 255."""

LUMA = (0.299, 0.587, 0.114)
"""ITU-R 601, as in `images.fit`."""

WarningKind = Literal[
    "small",
    "blurred",
    "blurrier than the rest",
    "dark",
    "bright",
    "flat",
    "clipped",
    "side light",
    "no face",
    "several faces",
    "small face",
    "turned face",
]


@dataclass(frozen=True, kw_only=True)
class PhotoWarning:
    """A possible problem of a photo.

    Args:
        kind: its code, for programs.
        words: a description for people, with the figure and the limit.
    """

    kind: WarningKind
    words: str


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Figures of one photo, or of the face in it.

    Args:
        rows, columns: its size in pixels.
        sharpness: variance of the Laplacian over the variance of the grey levels, 0…20, at the
            normal size; larger is sharper.
        brightness: mean grey level, 0…255.
        contrast: standard deviation of the grey levels, 0…127.5.
        dark, bright: shares of the pixels that are fully black and fully white, 0…1.
        side_light: (left − right) / (left + right) of the halves' brightness, −1…1; above zero
            the light comes from the left of the picture.
    """

    rows: int
    columns: int
    sharpness: float
    brightness: float
    contrast: float
    dark: float
    bright: float
    side_light: float

    @classmethod
    def of(cls, photo: Photo) -> "Quality":
        """Return the figures of ``(rows, columns, 1 or 3)``, uint8.

        Sharpness is LAPV of Pech-Pacheco et al., «Diatom autofocusing in brightfield microscopy»,
        ICPR 2000, with one departure: it is divided by the variance of the grey levels, so that
        dim light does not count as blur.

        Raises:
            DataError: the photo has another shape or type, or no pixel.

        >>> import numpy as np
        >>> lit = np.repeat(np.array([[[150], [50]]], np.uint8), 40, axis=0)
        >>> Quality.of(lit).side_light
        0.5
        """
        grey = _grey(photo)
        rows, columns = grey.shape
        half = columns // 2
        left, right = (
            float(side.mean()) if half else 0.0 for side in (grey[:, :half], grey[:, -half:])
        )
        return cls(
            rows=rows,
            columns=columns,
            sharpness=_sharpness(grey),
            brightness=float(grey.mean()),
            contrast=float(grey.std()),
            dark=float((grey <= BLACK).mean()),
            bright=float((grey >= WHITE).mean()),
            side_light=(left - right) / (left + right) if left + right else 0.0,
        )

    def warnings(self, *, of_face: bool = False) -> tuple[PhotoWarning, ...]:
        """Return what is wrong with the photo by itself; most photos give none.

        Args:
            of_face: whether these are the figures of a cut-out face.
        """
        rows, columns = self.rows, self.columns
        clipped = self.dark + self.bright
        flat = self.contrast < LEAST_CONTRAST
        checks: tuple[tuple[bool, WarningKind, str], ...] = (
            (
                min(rows, columns) < SMALLEST_SIDE and not of_face,
                "small",
                f"{columns}×{rows} pixels; at least {SMALLEST_SIDE} on each side are needed",
            ),
            (
                self.sharpness < LEAST_SHARPNESS and not flat,
                "blurred",
                f"blurred: sharpness {self.sharpness:.3f}, expected {LEAST_SHARPNESS:g} or more",
            ),
            (
                self.brightness < DARKEST,
                "dark",
                f"too dark: mean grey {self.brightness:.0f} of 255, expected {DARKEST:.0f} or more",
            ),
            (
                self.brightness > BRIGHTEST,
                "bright",
                f"too bright: mean grey {self.brightness:.0f} of 255, expected at most "
                f"{BRIGHTEST:.0f}",
            ),
            (
                flat,
                "flat",
                f"too little contrast: {self.contrast:.0f} grey levels, expected "
                f"{LEAST_CONTRAST:.0f} or more",
            ),
            (
                of_face and clipped > MOST_CLIPPED,
                "clipped",
                f"{100 * clipped:.0f} % of the face is black or white without shades",
            ),
            (
                abs(self.side_light) > MOST_SIDE_LIGHT,
                "side light",
                f"lit from the {'left' if self.side_light > 0 else 'right'}: one half is "
                "more than twice as bright as the other",
            ),
        )
        return tuple(PhotoWarning(kind=kind, words=words) for wrong, kind, words in checks if wrong)


def blurrier_than_the_rest(qualities: Sequence[Quality]) -> list[int]:
    """Return the indices of the photos that are far less sharp than the others of the folder.

    Logarithms are compared by the median and the median absolute deviation, which are robust to a
    few bad photos. On the AT&T faces 2 of 400 photos are such outliers.

    Args:
        qualities: of one kind: all of photos, or all of faces. Under `FEWEST_FOR_OUTLIERS` of
            them none is an outlier.

    >>> blurrier_than_the_rest([])
    []
    """
    if len(qualities) < FEWEST_FOR_OUTLIERS:
        return []
    sharpness = np.log(np.maximum([quality.sharpness for quality in qualities], 1e-9))
    middle = np.median(sharpness)
    # 1.4826 × the median absolute deviation is the standard deviation of normal numbers.
    spread = 1.4826 * np.median(np.abs(sharpness - middle))
    return [int(i) for i in np.flatnonzero(sharpness < middle - BLUR_OUTLIER * max(spread, 0.1))]


def _grey(photo: Photo) -> Floats:
    check_images(photo[None], argument="photo")
    if photo.shape[2] not in (1, 3) or not photo.size:
        raise DataError(
            "photo: expected at least one pixel, of 1 or 3 channels. "
            f"Received: shape {photo.shape}."
        )
    if photo.shape[2] == 1:
        return photo[..., 0].astype(np.float64)
    grey: Floats = photo.astype(np.float64) @ np.array(LUMA)
    return grey


def _sharpness(grey: Floats) -> float:
    rows, columns = grey.shape
    share = NORMAL_SIDE / np.sqrt(rows * columns)
    if share < 1:
        size = (max(1, round(columns * share)), max(1, round(rows * share)))
        small = Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
        grey = np.asarray(small, np.float64)
    if min(grey.shape) < 3:
        return 0.0
    middle = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(laplacian.var() / max(grey.var(), 1.0))


@dataclass(frozen=True, kw_only=True)
class PhotoCheck:
    """The check of one photo.

    Args:
        size: (rows, columns) of the whole photo.
        quality: of the face where exactly one was found, else of the whole photo.
        faces: detected faces, the largest first; None if no detector ran.
        warnings: possible problems.
    """

    size: tuple[int, int]
    quality: Quality
    faces: tuple[Face, ...] | None
    warnings: tuple[PhotoWarning, ...]

    @property
    def face(self) -> Face | None:
        """The face, if there is exactly one."""
        return self.faces[0] if self.faces is not None and len(self.faces) == 1 else None

    @classmethod
    def of(cls, photo: Photo, *, finder: FaceFinder | None = None) -> "PhotoCheck":
        """Check a photo ``(rows, columns, 1 or 3)``, uint8, in its original size.

        Args:
            photo: as it was decoded; resized photos look sharper than they are.
            finder: the face detector; None for none.

        Raises:
            DataError: the photo has another shape or type, or no pixel.
        """
        whole = Quality.of(photo)
        faces = None if finder is None else tuple(finder.find(photo))
        face = faces[0] if faces is not None and len(faces) == 1 else None
        quality = Quality.of(face.cut(photo)) if face else whole
        warnings = quality.warnings(of_face=face is not None)
        if face is not None:  # the warning about the photo's size is kept beside those of the face
            warnings = (*(w for w in whole.warnings() if w.kind == "small"), *warnings)
        return cls(
            size=(whole.rows, whole.columns),
            quality=quality,
            faces=faces,
            warnings=(*warnings, *_face_warnings(faces)),
        )


def _face_warnings(faces: tuple[Face, ...] | None) -> tuple[PhotoWarning, ...]:
    if faces is None:
        return ()
    if not faces:
        return (PhotoWarning(kind="no face", words="no face was found"),)
    if len(faces) > 1:
        return (PhotoWarning(kind="several faces", words=f"{len(faces)} faces were found"),)
    said = []
    rows, columns = faces[0].size
    if min(rows, columns) < SMALLEST_FACE:
        words = (
            f"the face has {columns}×{rows} pixels; at least {SMALLEST_FACE} on each side are "
            "needed"
        )
        said.append(PhotoWarning(kind="small face", words=words))
    if faces[0].pose == "turned":
        said.append(PhotoWarning(kind="turned face", words="the face is seen from the side"))
    return tuple(said)
