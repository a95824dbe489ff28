"""Keras loaded without the notes that its backend prints while loading.

TensorFlow writes lines about the processor to standard error before any setting of its own
can stop it. On a terminal with progress bars they are noise; in a library they are the
user's, so only the command line and the worker processes load it this way.
"""

import os
import sys
import tempfile

from likeness.errors import require_extra


def load_keras() -> None:
    """Import Keras; what it prints meanwhile is shown only if it fails.

    Raises:
        MissingExtraError: Keras is not installed.
    """
    if "keras" in sys.modules:
        return
    # From here on TensorFlow heeds this one itself.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            require_extra("keras", extra="train")
        except Exception:  # Ctrl-C is no failure
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
