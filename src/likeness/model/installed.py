"""Whether a package is there, without importing it: exporters bring whole frameworks."""

from importlib.util import find_spec


def is_installed(module: str) -> bool:
    """Return whether Python finds the module.

    >>> is_installed("json"), is_installed("no_such_thing")
    (True, False)
    """
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # its place is taken by something that is no module
        return False
