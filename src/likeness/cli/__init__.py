"""The command line: it parses arguments, calls the library and prints results.

Exit codes: 0 done, 2 could not try (one sentence on standard error says why), 130 stopped
by Ctrl-C.
"""

import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from likeness.cli.app import run  # late: Ctrl-C must work while it loads
    except KeyboardInterrupt:
        sys.exit(130)
    run()


__all__ = ["main"]
