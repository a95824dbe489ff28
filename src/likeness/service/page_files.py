"""The page's files, from the package's data: no file from anywhere else, no other host."""

from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parent / "page"


class PageFiles(StaticFiles):
    """The files of a folder, with ETags; browsers ask each time whether one is another."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """Return a file, or 304."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response
