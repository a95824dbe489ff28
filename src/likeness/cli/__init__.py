"""The command line: thin; it reads words, calls the library, and prints.

Exit codes: 0 done, 2 could not try (one sentence on standard error says why), 130 stopped
by Ctrl-C.
"""

from likeness.cli._app import main

__all__ = ["main"]
