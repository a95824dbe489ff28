"""A data set of aligned faces: who is left out, and that it is what the recogniser reads."""

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.errors import FaceError
from likeness.experiments.aligned_faces import FaceAligner
from likeness.images.align import EyeAlignment
from likeness.images.faces import Face

BY_EYES = EyeAlignment((7, 12, 17, 12.5), size=(32, 24))
FACE = Face(box=(5, 5, 80, 85), score=1.0, eyes=((40.0, 30.0), (42.0, 60.0)))


class Finder:
    """Finds the face in a photo, no eyes in the second, and nothing in a black one."""

    def __init__(self, data: Dataset) -> None:
        self.blind = data.items[1]

    def find(self, photo):
        if not photo.any():
            return []
        if np.array_equal(photo, self.blind):
            return [Face(box=FACE.box, score=1.0)]
        return [FACE]


def test_photos_are_what_the_recogniser_reads_and_the_rest_is_named(faces: Dataset) -> None:
    found = FaceAligner(BY_EYES, Finder(faces)).faces_of(faces)
    assert found.items.shape == (len(faces) - 1, 32, 24, faces.items.shape[3])
    assert found.item_names == (faces.item_names[0], *faces.item_names[2:])
    assert found.identities == (faces.identities[0], *faces.identities[2:])
    assert found.not_acquired == (faces.identities[1],)
    (note,) = found.notes
    assert note.startswith(f"left out: {faces.item_names[1]}: expected two eyes")
    for place, photo in zip((0, *range(2, len(faces))), found.items, strict=True):
        expected = BY_EYES(faces.items[place], FACE)
        np.testing.assert_array_equal(photo, expected)


def test_nobody_left(faces: Dataset) -> None:
    black = Dataset(np.zeros((2, 90, 90, 1), np.uint8), ["ada", "bob"], name="night")
    with pytest.raises(FaceError, match=r"^night: expected photos of one face each.* none"):
        FaceAligner(BY_EYES, Finder(faces)).faces_of(black)
