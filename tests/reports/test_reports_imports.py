"""Reports start without what they may not need."""

import subprocess
import sys


def test_tables_need_neither_matplotlib_nor_jinja_nor_keras():
    program = (
        "import sys, likeness.reports; "
        "print([name for name in ('matplotlib', 'jinja2', 'keras', 'sklearn') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
