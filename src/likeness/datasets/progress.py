"""What the readers call while they work."""

from collections.abc import Callable

OnProgress = Callable[[int, int], None]
"""Called with (done, total): photos read, or bytes received. A total of 0 is not known."""
