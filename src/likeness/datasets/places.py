"""Where data may lie: ``LIKENESS_DATA`` and the user's cache."""

import os
from pathlib import Path

from platformdirs import user_cache_path

DATA_VARIABLE = "LIKENESS_DATA"
CACHE_VARIABLE = "LIKENESS_CACHE"
MIRRORS_VARIABLE = "LIKENESS_MIRRORS"


def data_place() -> Path | None:
    """Return the path in ``LIKENESS_DATA``; None if it is unset or empty."""
    given = os.environ.get(DATA_VARIABLE, "")
    return Path(given).expanduser() if given else None


def cache_place() -> Path:
    """Return the cache folder, which need not exist; ``LIKENESS_CACHE`` replaces the user's."""
    given = os.environ.get(CACHE_VARIABLE, "")
    return Path(given).expanduser() if given else user_cache_path("likeness", appauthor=False)
