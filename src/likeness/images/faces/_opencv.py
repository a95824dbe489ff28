"""OpenCV, imported when faces are looked for and not before: it takes a tenth of a second."""

from typing import Any

from likeness.errors import MissingExtraError

INSTALL = 'Install it with `pip install "opencv-python-headless<4.12"`.'
"""It comes with the package, but other packages may replace or remove it."""


def opencv() -> Any:
    """Return OpenCV.

    Raises:
        MissingExtraError: it cannot be imported; the real error is the cause.
    """
    try:
        import cv2  # late: only photos whose faces are looked for need it
    except ImportError as error:
        raise MissingExtraError(
            f"looking for faces needs OpenCV, which cannot be imported ({error}). {INSTALL}"
        ) from error
    return cv2
