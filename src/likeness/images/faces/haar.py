"""Face detection by OpenCV's Haar cascades: nothing to download."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from likeness.arrays import Photo, check_in_range
from likeness.errors import MissingExtraError, require_extra
from likeness.images.faces.face import PACKAGE, Face, Framing, Point, Pose, apart
from likeness.images.preparation import fit

PADDING = 0.4
"""Padding as a share of the shorter side, by repeating the edge. The cascade needs some room around
the face, which closely cropped photos (such as the AT&T faces) lack."""

ENLARGED_TO = 184
"""Pixels of the shorter side below which a photo is enlarged: twice that of the AT&T faces."""

MOST_ENLARGED = 4.0
"""Largest enlargement; more would add interpolated pixels only."""

SHRUNK_TO = 1024
"""Pixels of the longer side: faces of a twentieth of it are still found."""

SMALLEST = 48
"""Pixels of a face in the enlarged or shrunk photo; the cascades were trained on 24 and 20."""

SHRUNK_FOR_SMALL = 2048
"""Pixels of the longer side at which small faces of a larger photo are looked for as well: a face
of 48 in a photo of 12 megapixels has 24 there."""

SMALLEST_FINE, LARGEST_FINE = 22, 60
"""Pixels of a face at the finer scale, and at the coarse one; larger ones are found there."""

STRICTER = 3
"""More overlapping detections for a small face: a large photo has many places to be wrong at."""

STEP = 1.1
NEIGHBOURS = 5

MOST_SHARED = 0.5
"""Share of the smaller of two detections: one that overlaps more with a more certain one is the
same face."""

EYE_STEP = 1.05
EYE_NEIGHBOURS = 4
EYES_ABOVE = 0.6
"""Eyes are searched in this upper part of the face."""

FRAMING = Framing(right=0.005, down=0.078, side=0.867)
"""Of the frontal cascade: medians over the AT&T faces against dlib's own boxes."""

MOST_TILTED = 30.0
"""Largest angle in degrees of a line through two eyes of an upright face."""


@dataclass(frozen=True, kw_only=True)
class HaarFaceFinder:
    """Viola & Jones, «Rapid object detection using a boosted cascade of simple features», 2001.

    On the AT&T faces it finds one face in each of 400 photos, at about 25 ms a photo. It needs
    upright, frontal faces: heads tilted by more than some 20 degrees and profiles are often missed,
    and a patterned background may be detected as a face. If there is no frontal face, profiles are
    searched, to either side.

    Args:
        neighbours: overlapping detections that make a face, 1…20; more is stricter.
    """

    neighbours: int = NEIGHBOURS

    def __post_init__(self) -> None:
        check_in_range(self.neighbours, 1, 20, argument="neighbours", whole=True)
        _load("frontalface_default")  # fail early, not at the first photo

    @property
    def name(self) -> str:
        """The detector's name in a template's provenance."""
        return "haar" if self.neighbours == NEIGHBOURS else f"haar ({self.neighbours} neighbours)"

    def find(self, photo: Photo) -> list[Face]:
        """Return the faces in ``(rows, columns, 1 or 3)``, uint8, the largest first.

        Raises:
            DataError: the photo has another shape or type.
        """
        rows, columns = photo.shape[:2]
        grey = fit(photo, rows=rows, columns=columns, channels=1)[..., 0]
        view = _View(grey)
        boxes = view.boxes(self._frontal, neighbours=self.neighbours)
        faces = [self._face(view, box, score) for box, score in boxes]
        if max(grey.shape) > SHRUNK_TO and not any(face.is_portrait_in(photo) for face in faces):
            # Faces of a group are too small once all of the photo is shrunk so far.
            fine = _View(grey, shrunk_to=SHRUNK_FOR_SMALL, padded=False)
            small = fine.boxes(
                self._frontal,
                neighbours=self.neighbours + STRICTER,
                smallest=SMALLEST_FINE,
                largest=round(LARGEST_FINE * fine.scale / view.scale),
            )
            faces = apart([*faces, *(self._face(fine, box, score) for box, score in small)])
        if not faces:
            faces = [view.face(box, score, pose="turned") for box, score in self._profiles(view)]
        return sorted(faces, key=lambda face: -face.size[0] * face.size[1])

    def _face(self, view: "_View", box: "_Box", score: float) -> Face:
        eyes = view.eyes(box, (self._eyes, self._eyes_with_glasses))
        return view.face(box, score, eyes=eyes, pose="frontal" if eyes else "not judged")

    def _profiles(self, view: "_View") -> list[tuple["_Box", float]]:
        """Detect profiles to both sides: the cascade is for one side, the mirror image gives the
        other.
        """
        left = view.boxes(self._profile, neighbours=self.neighbours)
        right = view.mirrored_boxes(self._profile, neighbours=self.neighbours)
        return max(left, right, key=lambda boxes: sum(score for _, score in boxes))

    @cached_property
    def _frontal(self) -> Any:
        return _load("frontalface_default")

    @cached_property
    def _profile(self) -> Any:
        return _load("profileface")

    @cached_property
    def _eyes(self) -> Any:
        return _load("eye")

    @cached_property
    def _eyes_with_glasses(self) -> Any:
        return _load("eye_tree_eyeglasses")


_Box = tuple[int, int, int, int]
"""(column, row, columns, rows) in the view, OpenCV's order."""


def _load(name: str) -> Any:
    cv2 = require_extra("cv2", package=PACKAGE)
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    file = Path(folder) / f"haarcascade_{name}.xml"
    if not folder or not file.is_file() or not hasattr(cv2, "CascadeClassifier"):
        raise MissingExtraError(
            f"this needs OpenCV 4 with its face cascades. Found: OpenCV {cv2.__version__} without "
            f"{file.name}. Get another face detector with `likeness model get yunet`, or install "
            'OpenCV 4 with `pip install "opencv-python-headless>=4.8,<5"`.'
        )
    return cv2.CascadeClassifier(str(file))


class _View:
    """A grey photo prepared for the cascades: padded and scaled; with the inverse map."""

    def __init__(self, grey: Photo, *, shrunk_to: int = SHRUNK_TO, padded: bool = True) -> None:
        self.rows, self.columns = grey.shape
        self.padding = round(PADDING * min(grey.shape)) if padded else 0
        enlarged = min(MOST_ENLARGED, ENLARGED_TO / min(grey.shape))
        self.scale = min(max(1.0, enlarged), shrunk_to / max(grey.shape))
        around = np.pad(grey, self.padding, mode="edge")
        size = (
            max(1, round(around.shape[1] * self.scale)),
            max(1, round(around.shape[0] * self.scale)),
        )
        picture = Image.fromarray(around).resize(size, Image.Resampling.BILINEAR)
        self.pixels = np.array(picture, np.uint8)

    def boxes(
        self,
        cascade: Any,
        *,
        neighbours: int,
        smallest: int = SMALLEST,
        largest: int = 0,
    ) -> list[tuple[_Box, float]]:
        """Return the detections of the cascade, with their scores; 0 is no limit."""
        boxes = _detected(
            cascade,
            self.pixels,
            neighbours=neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        return _apart(boxes)

    def mirrored_boxes(self, cascade: Any, *, neighbours: int) -> list[tuple[_Box, float]]:
        """Return the detections in the mirror image, in coordinates of the photo."""
        turned = np.ascontiguousarray(self.pixels[:, ::-1])
        wide = turned.shape[1]
        return [
            ((wide - x - columns, y, columns, rows), score)
            for (x, y, columns, rows), score in _apart(
                _detected(cascade, turned, neighbours=neighbours)
            )
        ]

    def eyes(self, box: _Box, cascades: tuple[Any, ...]) -> tuple[Point, Point] | None:
        """Return the best horizontal pair of eyes in a face, one in each half."""
        x, y, columns, rows = box
        upper = self.pixels[y : y + round(EYES_ABOVE * rows), x : x + columns]
        limits = {"minSize": (columns // 8,) * 2, "maxSize": (columns // 3,) * 2}
        for cascade in cascades:
            boxes = _detected(cascade, upper, step=EYE_STEP, neighbours=EYE_NEIGHBOURS, **limits)
            centres = [(a + c / 2, b + d / 2, score) for (a, b, c, d), score in boxes]
            pair = _best_pair(centres, middle=columns / 2)
            if pair:
                return tuple(self._point(x + a, y + b) for a, b in pair)  # type: ignore[return-value]
        return None

    def face(
        self,
        box: _Box,
        score: float,
        *,
        eyes: tuple[Point, Point] | None = None,
        pose: Pose,
    ) -> Face:
        """Return the face in pixels of the photo, clipped to the photo."""
        x, y, columns, rows = box
        top, left = self._point(x, y)
        bottom, right = self._point(x + columns, y + rows)
        return Face.within(
            (self.rows, self.columns),
            (top, left, bottom, right),
            framing=FRAMING,
            score=score,
            eyes=eyes,
            pose=pose,
        )

    def _point(self, column: float, row: float) -> Point:
        return (row / self.scale - self.padding, column / self.scale - self.padding)


def _detected(
    cascade: Any,
    pixels: Photo,
    *,
    neighbours: int,
    step: float = STEP,
    minSize: tuple[int, int] = (SMALLEST, SMALLEST),  # noqa: N803  OpenCV's names
    maxSize: tuple[int, int] = (0, 0),  # noqa: N803
) -> list[tuple[_Box, float]]:
    boxes, _, weights = cascade.detectMultiScale3(
        pixels,
        scaleFactor=step,
        minNeighbors=neighbours,
        minSize=minSize,
        maxSize=maxSize,
        outputRejectLevels=True,
    )
    # OpenCV gives empty tuples for nothing, and one number or one-number arrays for scores.
    scores = np.ravel(weights).tolist() if len(boxes) else []
    scored = [(tuple(int(value) for value in box), score) for box, score in zip(boxes, scores)]  # noqa: B905
    return scored  # type: ignore[return-value]


def _apart(boxes: list[tuple[_Box, float]]) -> list[tuple[_Box, float]]:
    """Return the detections without duplicates (non-maximum suppression)."""
    kept: list[tuple[_Box, float]] = []
    for box, score in sorted(boxes, key=lambda entry: -entry[1]):
        if all(_shared(box, other) <= MOST_SHARED for other, _ in kept):
            kept.append((box, score))
    return kept


def _shared(box: _Box, other: _Box) -> float:
    """Return the area in both, as a share of the smaller one."""
    wide = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    tall = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    smaller = min(box[2] * box[3], other[2] * other[3])
    return max(0, wide) * max(0, tall) / smaller


def _best_pair(
    centres: list[tuple[float, float, float]], *, middle: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return (column, row) of the left and the right eye: the horizontal pair with the best
    scores.
    """
    lefts = [centre for centre in centres if centre[0] < middle]
    rights = [centre for centre in centres if centre[0] >= middle]
    slope = np.tan(np.radians(MOST_TILTED))
    pairs = [
        (left[2] + right[2], left[:2], right[:2])
        for left in lefts
        for right in rights
        if abs(right[1] - left[1]) <= slope * (right[0] - left[0])
    ]
    if not pairs:
        return None
    _, left, right = max(pairs)
    return (left, right)
