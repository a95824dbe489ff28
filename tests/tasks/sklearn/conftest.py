"""Items that an estimator learns in a second."""

from typing import Any

import numpy as np
import pytest

QUICK: dict[str, Any] = {"steps": 3, "embedding_size": 4, "width": 4, "random_state": 0}


@pytest.fixture(scope="session")
def quick() -> dict[str, Any]:
    """Settings of a fit that learns next to nothing, at once."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def rows() -> tuple[Any, Any]:
    """Four classes of 15 rows with 5 features, well apart, of very different size."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(4), 15)
    middles = rng.normal(0, 3, (4, 5))
    items = (middles[codes] + rng.normal(0, 0.4, (60, 5))) * [1, 10, 100, 0.1, 1] + [0, 5, 0, 0, 9]
    return items, codes


@pytest.fixture(scope="session")
def images() -> tuple[Any, Any]:
    """Three patterns of 8×8 pixels, each ten times with noise of its own."""
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(3), 10)
    patterns = rng.uniform(0, 200, (3, 8, 8))
    return patterns[codes] + rng.normal(0, 15, (30, 8, 8)), codes
