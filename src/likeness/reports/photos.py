"""Photos inside a page: PNG as text."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_PIXELS = 160
"""Of the longer side: a page shows dozens of photos, and must not carry whole originals."""


def photo_uri(photo: NDArray[np.uint8]) -> str:
    """Return ``(rows, columns, 1 or 3)`` of uint8 as a ``data:`` address of a PNG.

    A photo larger than 160 pixels is made smaller.
    """
    image = Image.fromarray(photo[..., 0] if photo.shape[-1] == 1 else photo[..., :3])
    image.thumbnail((MOST_PIXELS, MOST_PIXELS))
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return data_uri(content.getvalue(), "image/png")


def data_uri(content: bytes, kind: str) -> str:
    """Return bytes as a ``data:`` address: nothing is fetched to show them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
