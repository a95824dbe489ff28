"""What the tests of tracking share: a drawn film, and a model that needs no training."""

import numpy as np
import pytest

from likeness.arrays import Prepared
from likeness.tasks.tracking import TrackingModel
from likeness.tasks.tracking.model import Maps, TrackingShapes
from likeness.tasks.tracking.sequences import TrackingSequence, drawn_sequence


def mean_colours(pictures: Prepared) -> Maps:
    """A cell for every 4×4 pixels: its mean colour, scaled to unit length."""
    n, rows, columns, _ = pictures.shape
    high, wide = rows // 4, columns // 4
    cells = pictures[:, : 4 * high, : 4 * wide].reshape(n, high, 4, wide, 4, 3).mean(axis=(2, 4))
    cells = np.concatenate([cells, np.full((n, high, wide, 1), 0.3, np.float32)], axis=-1)
    return cells / np.linalg.norm(cells, axis=-1, keepdims=True)


@pytest.fixture(scope="session")
def film() -> TrackingSequence:
    return drawn_sequence(frames=30, seed=1)


@pytest.fixture(scope="session")
def model() -> TrackingModel:
    """Knows a target by its colours, four pixels a cell."""
    return TrackingModel(encode=mean_colours, shapes=TrackingShapes(search=127), threshold=-0.5)
