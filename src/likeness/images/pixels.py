"""The pixels of an opened photo as grey or RGB, in a fixed amount of memory beside them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_AT_ONCE = 2**20
"""Pixels that are converted at a time: one photo of 40 megapixels in CMYK or with transparency
would otherwise be held four times, one of 16 bits in 64-bit integers."""


def grey_or_rgb(photo: Any) -> NDArray[np.uint8]:
    """Return ``(rows, columns, 1 or 3)``, 0…255, of a photo that Pillow opened.

    16-bit grey is scaled to 8 bits. Palettes, CMYK and YCbCr become RGB; what is transparent
    becomes white.
    """
    columns, rows = photo.size
    photo.load()
    channels = 1 if photo.mode in _GREY or photo.mode.startswith("I") else 3
    pixels = np.empty((rows, columns, channels), np.uint8)
    step = max(1, _AT_ONCE // columns)
    for top in range(0, rows, step):
        bottom = min(top + step, rows)
        strip = _converted(photo.crop((0, top, columns, bottom)), grey=channels == 1)
        pixels[top:bottom] = strip.reshape(bottom - top, columns, channels)
    return pixels


_GREY = ("1", "L", "LA", "La")


def _converted(photo: Any, *, grey: bool) -> NDArray[np.uint8]:
    if photo.mode.startswith("I"):
        levels = np.asarray(photo).clip(0, 65535).astype(np.uint32)
        return ((levels * 255 + 32767) // 65535).astype(np.uint8)
    if photo.has_transparency_data:
        photo = photo.convert("RGBA")
        paper = Image.new("RGBA", photo.size, "white")
        photo = Image.alpha_composite(paper, photo).convert("RGB")
    return np.asarray(photo.convert("L" if grey else "RGB"), np.uint8)
