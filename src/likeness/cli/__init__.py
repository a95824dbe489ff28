"""The command line: thin; it reads words, calls the library, and prints.

Exit codes: 0 done, 2 could not try (one sentence on standard error says why), 130 stopped
by Ctrl-C.
"""

import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from likeness.cli.app import run  # late: Ctrl-C is heeded while it loads, too
    except KeyboardInterrupt:
        sys.exit(130)
    run()


__all__ = ["main"]
