"""Cut and resize one photo to a given size."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.arrays import check_images, check_in_range
from likeness.errors import DataError, SettingError


def fit(image: NDArray[np.uint8], *, rows: int, columns: int, channels: int) -> NDArray[np.uint8]:
    """Return the photo at this size, cut at the middle to the new aspect ratio.

    What is too wide loses its sides, what is too tall its top and bottom; nothing is
    squeezed. A larger photo is made by linear interpolation, a smaller one by averages under a
    triangle as wide as the shrinking asks (no aliasing). Colour becomes grey by ITU-R 601 luma;
    grey becomes three equal channels.

    Args:
        image: ``(any rows, any columns, 1 or 3)``, uint8.
        rows, columns: the new size, at least 1.
        channels: 1 or 3.

    Returns:
        ``(rows, columns, channels)``, uint8.

    Raises:
        DataError: the photo has another shape or type.
        SettingError: the size or the channels are out of range.

    >>> import numpy as np
    >>> fit(np.array([[[0], [10], [20], [30]]], np.uint8), rows=1, columns=2, channels=1).tolist()
    [[[10], [20]]]
    """
    check_in_range(rows, 1, 65535, argument="rows", whole=True)
    check_in_range(columns, 1, 65535, argument="columns", whole=True)
    if channels not in (1, 3):
        raise SettingError(f"channels: expected 1 (grey) or 3 (colour). Received: {channels!r}.")
    check_images(image[None], argument="image")
    if image.shape[2] not in (1, 3) or not image.size:
        raise DataError(
            "image: expected at least one pixel, of 1 or 3 channels. "
            f"Received: shape {image.shape}."
        )
    photo = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    photo = photo.convert("L" if channels == 1 else "RGB")
    if photo.size != (columns, rows):
        box = _middle(photo.width, photo.height, aspect=columns / rows)
        # Not Resampling.BOX: it counts whole pixels, so at a ratio such as 2.8 a pixel weighs
        # all or nothing, and a mirror image does not give the mirrored result.
        photo = photo.resize((columns, rows), Image.Resampling.BILINEAR, box=box)
    return np.array(photo, dtype=np.uint8).reshape(rows, columns, channels)


def _middle(width: int, height: int, *, aspect: float) -> tuple[float, float, float, float]:
    """Return (left, top, right, bottom) of the largest middle part with this aspect ratio."""
    wide = min(float(width), height * aspect)
    tall = min(float(height), width / aspect)
    left, top = (width - wide) / 2, (height - tall) / 2
    return (left, top, left + wide, top + tall)
