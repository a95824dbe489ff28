"""OpenCV: it comes with the package, but other packages may replace or remove it."""

from typing import Any

from likeness.errors import require_extra

_PACKAGE = "opencv-python-headless<4.12"

INSTALL = f'Install it with `pip install "{_PACKAGE}"`.'


def opencv() -> Any:
    """Import OpenCV where faces are looked for, and not before: it takes its time.

    Raises:
        MissingExtraError: it cannot be imported.
    """
    return require_extra("cv2", package=_PACKAGE)
